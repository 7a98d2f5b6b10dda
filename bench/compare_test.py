#!/usr/bin/env python3
"""Tests of bench/compare: what it reads, counts and writes. Measures nothing."""
import pathlib
import socket
import threading
import unittest
import xml.etree.ElementTree

import growth
import load
import memory
import report
from servers import ROOT, STOCK, ServerError, ServerSpec, encode, send_all

CSV = ('"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"\n'
       '"GET key:__rand_int__","125000.00","0.384","0.056","0.383","0.471","0.655","2.263"\n')
SAMPLES = {"limit": load.Sample(100_000, 2.0, 0.5), "shoal": load.Sample(90_000, 2.5, 0.5), "redis": load.Sample(50_000, 6, 1)}
CPU_RESULTS = {case.name: SAMPLES for case in load.CASES}


class Reading(unittest.TestCase):
    def test_finds_rate_and_percentile_by_the_names_of_columns(self):
        self.assertEqual(load.parse_csv("WARNING: no CONFIG\n" + CSV), (125000.0, 0.655))

    def test_refuses_output_without_a_result(self):
        with self.assertRaises(ServerError):
            load.parse_csv("Could not connect to Redis\n")

    def test_takes_the_median_of_each_figure_for_itself(self):
        samples = [load.Sample(1, 30, 7), load.Sample(2, 10, 9), load.Sample(3, 20, 8)]
        self.assertEqual(load.Sample.median(samples), load.Sample(2, 20, 8))


class Requests(unittest.TestCase):
    def test_are_arrays_of_bulk_strings(self):
        self.assertEqual(encode("SET", b"k", 12), b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n12\r\n")

    def test_have_keys_as_long_as_their_case_says(self):
        for name, bytes_of_key in [("str16_int", 16), ("str16_v64_ex", 16), ("str32_v512", 32)]:
            self.assertIn(b"$%d\r\n" % bytes_of_key, memory.CASES[name][2](999_999))
        for _, key in growth.KINDS.values():
            self.assertEqual(len(key % 19_999_999), 16)

    def test_commands_split_at_spaces_and_quotes_and_get_their_port(self):
        redis = ServerSpec("redis", STOCK["redis"])
        self.assertEqual(redis.arguments(7000, 2)[:5], ["redis-server", "--port", "7000", "--save", ""])
        self.assertTrue(redis.has_threads)
        self.assertFalse(ServerSpec("other", "other {port}").has_threads)


class Sending(unittest.TestCase):
    def answer_with(self, replies):
        """A connection whose other end reads something and answers each time with the next of `replies`."""
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)

        def answer():
            with theirs:
                for reply in replies:
                    theirs.recv(1 << 16)
                    theirs.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        self.addCleanup(thread.join)
        return ours

    def test_waits_for_every_batch(self):
        send_all(self.answer_with([b"+OK\r\n+OK\r\n", b"+OK\r\n"]), [b"a", b"b", b"c"], 2)

    def test_stops_at_an_error(self):
        with self.assertRaisesRegex(ServerError, "OOM"):
            send_all(self.answer_with([b"+OK\r\n-OOM no\r\n"]), [b"a", b"b"], 2)

    def test_stops_when_the_server_goes(self):
        with self.assertRaisesRegex(ServerError, "closed"):
            send_all(self.answer_with([b"+OK\r\n"]), [b"a", b"b"], 2)


class Page(unittest.TestCase):
    def test_changes_only_what_is_between_the_markers(self):
        page = "a\n<!-- compare: cpu -->\nold\nold\n<!-- /compare: cpu -->\nb\n<!-- compare: memory -->\n<!-- /compare: memory -->\n"
        self.assertEqual(report.replace_between_markers(page, "cpu", "new\n"), page.replace("old\nold\n", "new\n"))

    def test_refuses_a_page_without_the_markers(self):
        with self.assertRaises(ValueError):
            report.replace_between_markers("nothing", "cpu", "new\n")

    def test_of_the_project_holds_the_markers_of_every_section(self):
        page = (ROOT / "docs/performance.md").read_text()
        for section in ("cpu", "threads", "memory", "growth"):
            self.assertIn("new table", report.replace_between_markers(page, section, "new table\n"))

    def test_shows_cpu_as_multiples_of_the_limit(self):
        table = report.cpu_table(CPU_RESULTS)
        self.assertIn("| GET, 50 clients | 2.00 us, 100,000/s | 1.25 x, 90,000/s | 3.00 x, 50,000/s | 1.06 x |", table)

    def test_shows_two_threads_as_multiples_of_one(self):
        one, two = load.Sample(1000, 10, 1), load.Sample(900, 12, 1)
        table = report.threads_table({"threads_get_p16": {"shoal": (one, two)}, "one_client_get": {"shoal": (one, two)}})
        self.assertIn("GET, pipeline of 16, 50 clients | 1.20 x | at most 1.25 x |", table)
        self.assertIn("requests a second: GET, one client | 0.90 x | at least 0.95 x |", table)

    def test_leaves_longest_turns_empty_where_they_are_unknown(self):
        known, unknown = growth.Growth(1500, 300, 0, 9, 800.0), growth.Growth(2500, 300, 1, 9, None)
        table = report.growth_table({"growth": {"shoal": known, "redis": unknown}}, 1000)
        self.assertIn("1,000 keys in all slots: worst GET | 1.50 | 2.50 | 2 |", table)
        self.assertIn("as the server counts it | 0.80 |  | 2 |", table)


class Plot(unittest.TestCase):
    def test_is_xml_with_a_bar_for_each_server_and_case(self):
        root = xml.etree.ElementTree.fromstring(report.cpu_plot(CPU_RESULTS))
        rectangles = root.findall("{http://www.w3.org/2000/svg}rect")
        background, legend = 1, 2
        self.assertEqual(len(rectangles), background + legend + 2 * len(load.CASES))

    def test_escapes_names(self):
        results = {"get_p1": {"limit": SAMPLES["limit"], "<mine>": SAMPLES["shoal"]}}
        xml.etree.ElementTree.fromstring(report.cpu_plot(results))


class Program(unittest.TestCase):
    def test_is_executable_python(self):
        program = pathlib.Path(__file__).with_name("compare")
        compile(program.read_text(), str(program), "exec")
        self.assertTrue(program.stat().st_mode & 0o100)


if __name__ == "__main__":
    unittest.main()
