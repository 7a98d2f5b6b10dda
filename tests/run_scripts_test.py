#!/usr/bin/env python3
"""The script runner's own rules: what it reads, what it takes for equal, and what it does not."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

from run_scripts import Result  # noqa: E402
from script_file import ScriptError, load, split_arguments  # noqa: E402
from script_reply import Reply, matches, parse_expected, render  # noqa: E402


def load_text(text):
    with tempfile.NamedTemporaryFile("w", suffix=".test") as file:
        file.write(text)
        file.flush()
        return load(file.name)


def bulks(*values):
    return [Reply("bulk", value) for value in values]


class Format(unittest.TestCase):
    def test_a_case_holds_requests_and_their_replies(self):
        case = load_text('# Why.\n\ntest: a title\nresp: 3\n> SET a "x y"\nOK\nB> GET a\n"x y"\n').cases[0]
        self.assertEqual((case.title, case.resp, case.only), ("a title", 3, None))
        self.assertEqual([step.connection for step in case.steps], ["", "B"])
        self.assertEqual([step.expected for step in case.steps], [["OK"], ['"x y"']])
        self.assertEqual(case.steps[0].bytes({}), b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$3\r\nx y\r\n")

    def test_a_request_may_expect_several_replies_and_a_reply_may_go_on(self):
        request = load_text('test: t\n> SUBSCRIBE a b\n["a",\n  1]\n["b", 2]\n').cases[0].steps[0]
        self.assertEqual(request.expected, ['["a", 1]', '["b", 2]'])

    def test_arguments_are_words_or_quoted_bytes(self):
        self.assertEqual(split_arguments('a "b c" "\\x00\\n\\"" {x}y'), [b"a", b"b c", b'\x00\n"', b"{x}y"])

    def test_variables_and_repetitions_are_expanded(self):
        request = load_text("test: t\n> ECHO ${id} ${ab*3}\n_\n").cases[0].steps[0]
        self.assertIn(b"$2\r\n42\r\n$6\r\nababab", request.bytes({"id": "42"}))

    def test_a_malformed_file_is_refused(self):
        for text in ("> GET a\n", "OK\n", "test: t\nonly: shoal\n", "test: t\nrestart-with: --port 1\n"):
            with self.assertRaises(ScriptError, msg=text):
                load_text(text)


class Replies(unittest.TestCase):
    samples = [
        Reply("simple", b"OK"), Reply("simple", b"two words"), Reply("error", b'ERR a "quoted" word\\'),
        Reply("integer", -5), Reply("bulk", b'\x00"\r\n\\'), Reply("nil"), Reply("nil_array"), Reply("double", b"1.5"),
        Reply("boolean", b"t"), Reply("verbatim", b"txt:x"), Reply("big", b"123"), Reply("array", []),
        Reply("array", [Reply("error", b"ERR x"), Reply("nil"), Reply("array", bulks(b"a"))]),
        Reply("map", bulks(b"k", b"v")), Reply("set", bulks(b"a", b"b")), Reply("push", bulks(b"a")),
    ]

    def test_every_kind_of_reply_is_read_back_from_its_text(self):
        for reply in self.samples:
            self.assertTrue(matches(parse_expected(render(reply)), reply), render(reply))

    def test_no_two_kinds_of_reply_are_taken_for_each_other(self):
        for expected in self.samples:
            for got in self.samples:
                self.assertEqual(matches(parse_expected(render(expected)), got), expected is got)

    def test_order_counts_only_where_the_protocol_or_the_script_says_so(self):
        ab, ba = bulks(b"a", b"b"), bulks(b"b", b"a")
        self.assertFalse(matches(parse_expected('["a", "b"]'), Reply("array", ba)))
        self.assertTrue(matches(parse_expected('unordered ["a", "b"]'), Reply("array", ba)))
        self.assertFalse(matches(parse_expected('unordered ["a", "a"]'), Reply("array", ab)))
        self.assertTrue(matches(parse_expected('(set ["a", "b"])'), Reply("set", ba)))
        self.assertTrue(matches(parse_expected('{"a": 1, "b": 2}'),
                                Reply("map", [ba[0], Reply("integer", 2), ba[1], Reply("integer", 1)])))
        self.assertFalse(matches(parse_expected('{"a": 1, "b": 2}'),
                                 Reply("map", [ba[0], Reply("integer", 1), ba[1], Reply("integer", 2)])))

    def test_patterns_match_the_whole_text_of_a_reply(self):
        self.assertTrue(matches(parse_expected(r"~ \d+"), Reply("integer", 12)))
        self.assertFalse(matches(parse_expected(r"~ \d"), Reply("integer", 12)))
        self.assertTrue(matches(parse_expected('["a", _]'), Reply("array", [Reply("bulk", b"a"), Reply("nil")])))

    def test_nonsense_is_refused(self):
        for text in ("[", '"open', "(what)", "1.5", "OK OK", '["a" "b"]', ""):
            with self.assertRaises(ScriptError, msg=text):
                parse_expected(text)


class Summary(unittest.TestCase):
    def test_it_tells_what_ran_and_what_was_left_out_for_which_commands(self):
        total = Result(run=2, for_others=1)
        total.add(Result(run=5, waiting=3, lacking={"RPUSH", "BLPOP"}, failures=["t.test:1: FAILED: a"]))
        total.add(Result(run=1, waiting=1, lacking={"RPUSH"}))
        self.assertEqual(total.summary(),
                         "8 cases, 1 failed, 1 not for this server, 4 left out for want of BLPOP RPUSH")

    def test_a_run_of_everything_needs_no_explanation(self):
        self.assertEqual(Result(run=3).summary(), "3 cases, 0 failed")


if __name__ == "__main__":
    unittest.main()
