#!/usr/bin/env python3
"""The include checker itself: a bad tree must fail, a good one must not."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

from checked_tree import check  # noqa: E402


class CheckLayers(unittest.TestCase):
    def assert_refused(self, includer, included):
        code, text = check("check_layers", {includer: f'#include "{included}"\n', included: ""})
        self.assertEqual(code, 1, text)
        self.assertIn(f'"{included}"', text)

    def assert_accepted(self, includer, included):
        code, text = check("check_layers", {includer: f'#include "{included}"\n', included: ""})
        self.assertEqual(code, 0, text)

    def test_an_include_that_points_down_is_accepted(self):
        self.assert_accepted("storage/keyspace.h", "storage/structs/table.h")
        self.assert_accepted("storage/keyspace.h", "storage/base/check.h")
        self.assert_accepted("server/commands/strings.cc", "storage/types/string.h")
        self.assert_accepted("server/main.cc", "server/runtime/ring.h")

    def test_an_include_of_the_own_folder_is_accepted(self):
        self.assert_accepted("protocol/parser.cc", "protocol/parser.h")

    def test_an_include_that_points_up_is_refused(self):
        self.assert_refused("storage/structs/table.h", "storage/keyspace.h")
        self.assert_refused("storage/base/check.h", "protocol/parser.h")
        self.assert_refused("server/dispatch/router.h", "server/client/connection.h")

    def test_leaves_do_not_know_each_other(self):
        self.assert_refused("protocol/parser.h", "storage/structs/table.h")
        self.assert_refused("eviction/policy.h", "storage/keyspace.h")
        self.assert_refused("server/metrics/counters.h", "server/config/options.h")

    def test_values_know_no_protocol(self):
        self.assert_refused("storage/types/string.cc", "protocol/reply_writer.h")

    def test_commands_never_meet_runtime_client_or_services(self):
        self.assert_refused("server/commands/strings.cc", "server/runtime/clock.h")
        self.assert_refused("server/commands/strings.cc", "server/client/connection.h")
        self.assert_refused("server/commands/strings.cc", "server/services/save.h")

    def test_code_never_includes_tests(self):
        self.assert_refused("storage/keyspace.cc", "tests/model.h")

    def test_an_include_not_written_from_the_root_is_refused(self):
        code, text = check("check_layers", {"storage/keyspace.cc": '#include "keyspace.h"\n', "storage/keyspace.h": ""})
        self.assertEqual(code, 1, text)


if __name__ == "__main__":
    unittest.main()
