#!/usr/bin/env python3
"""The checker of names of pages itself: a name that leads nowhere must fail, a good one must not."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

from checked_tree import check  # noqa: E402

GONE = "docs/" + "gone.md"  # in two parts, for this file is checked as well


class CheckDocs(unittest.TestCase):
    def assert_refused(self, files, name):
        code, text = check("check_docs", files)
        self.assertEqual(code, 1, text)
        self.assertIn(f"there is no {name}", text)

    def assert_accepted(self, files):
        code, text = check("check_docs", files)
        self.assertEqual(code, 0, text)

    def test_a_source_that_names_a_missing_page_is_refused(self):
        for path in ("storage/types/string.h", "tools/run", "tests/python/server.py", "docs/testing.md", "README.md"):
            self.assert_refused({path: f"See {GONE}."}, GONE)

    def test_a_link_to_a_missing_page_is_refused(self):
        self.assert_refused({"docs/testing.md": "[there](gone.md#part)"}, "gone.md")

    def test_pages_that_are_there_may_be_named_and_linked(self):
        self.assert_accepted({"storage/shard.h": "// docs/storage.md", "docs/storage.md": "[tests](testing.md)",
                              "docs/testing.md": "", "README.md": "[docs/storage.md](docs/storage.md#table)"})

    def test_other_projects_pages_are_their_own(self):
        self.assert_accepted({"README.md": f"https://example.org/{GONE}"})


if __name__ == "__main__":
    unittest.main()
