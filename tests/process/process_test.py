#!/usr/bin/env python3
"""What a server is to the machine: where it listens, what ps calls it, its files, its descriptors, its memory. The same claims
are tested with stock redis-server.

    tests/process/process_test.py --server redis
    tests/process/process_test.py --server shoal --binary build/release/shoal --threads 2 [TEST ...]

Exit code 77: the server is not installed.
"""
import argparse
import os
import pathlib
import resource
import shutil
import socket
import stat
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/python"))

from script_reply import Connection  # noqa: E402
from server_process import POLL_SECONDS, Server, free_port  # noqa: E402

SKIPPED = 77
OPTIONS = argparse.Namespace()
MIB = 1 << 20


def text(reply):
    """A reply as the text it stands for, an array's elements separated by spaces."""
    if isinstance(reply.value, list):
        return " ".join(text(item) for item in reply.value)
    return reply.value.decode() if isinstance(reply.value, bytes) else str(reply.value)


class ConfiguredServer(Server):
    """A server that may have a configuration file, whose name stands in front of all options."""

    def __init__(self, extra, config_file):
        super().__init__(OPTIONS, extra)
        self.config_file = config_file

    def command(self):
        words = super().command()
        return words if self.config_file is None else [words[0], str(self.config_file), *words[1:]]


class ProcessTest(unittest.TestCase):
    """One server a test; `ask` speaks to it on a connection that stays."""

    def start(self, *extra, config_file=None):
        server = self.enterContext(ConfiguredServer(list(extra), config_file))
        self.server, self.port = server, server.port
        self.connection = self.connect(self.port)
        return server

    def connect(self, port):
        connection = Connection(port, OPTIONS.timeout)
        self.addCleanup(connection.close)
        return connection

    def ask(self, *words, on=None):
        return text((on or self.connection).ask(*(word.encode() for word in words)))

    def assert_serves(self, port):
        self.assertEqual(self.ask("PING", on=self.connect(port)), "PONG")

    def assert_does_not_listen(self, port):
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), OPTIONS.timeout).close()

    def eventually(self, condition, what):
        deadline = time.monotonic() + OPTIONS.timeout
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(POLL_SECONDS)

    def assert_logs(self, line_of):
        """`line_of` has each server's own words."""
        line = line_of[OPTIONS.server]
        self.eventually(lambda: line in self.server.log(), line)  # Shoal's log is written by a thread of its own.

    def resident_bytes(self):
        pages = pathlib.Path(f"/proc/{self.server.process.pid}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()


class Listening(ProcessTest):
    def test_config_set_port_moves_the_listener_and_keeps_connections(self):
        self.start()
        other = free_port()
        self.assertEqual(self.ask("CONFIG", "SET", "port", str(other)), "OK")
        self.assert_serves(other)
        self.assert_does_not_listen(self.port)
        self.assertEqual(self.ask("PING"), "PONG")
        self.assertIn(f"tcp_port:{other}\r\n", self.ask("INFO", "server"))
        self.assertEqual(self.ask("CONFIG", "SET", "port", str(self.port)), "OK")
        self.assert_serves(self.port)
        self.assert_does_not_listen(other)

    def test_config_set_port_in_use_changes_nothing(self):
        self.start()
        with socket.socket() as occupant:
            occupant.bind(("0.0.0.0", 0))
            occupant.listen()
            taken = str(occupant.getsockname()[1])
            self.assertEqual(self.ask("CONFIG", "SET", "timeout", "77", "port", taken),
                             "ERR CONFIG SET failed (possibly related to argument 'port') - "
                             "Unable to listen on this port. Check server logs.")
        self.assertEqual(self.ask("CONFIG", "GET", "timeout"), "timeout 0")
        self.assertEqual(self.ask("CONFIG", "GET", "port"), f"port {self.port}")
        self.assert_serves(self.port)

    def test_config_set_port_0_stops_listening(self):
        self.start()
        self.assertEqual(self.ask("CONFIG", "SET", "port", "0"), "OK")
        self.assert_does_not_listen(self.port)
        self.assertEqual(self.ask("CONFIG", "SET", "port", str(self.port)), "OK")
        self.assert_serves(self.port)

    def test_config_set_bind_leaves_other_addresses(self):
        self.start()
        self.assertEqual(self.ask("CONFIG", "SET", "bind", "127.0.0.2"), "OK")
        self.assert_does_not_listen(self.port)
        socket.create_connection(("127.0.0.2", self.port), OPTIONS.timeout).close()
        self.assertEqual(self.ask("CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2"), "OK")
        self.assert_serves(self.port)

    def test_a_listener_that_was_replaced_many_times_still_accepts(self):
        self.start()
        for bind in ["127.0.0.1", "*", "127.0.0.1 127.0.0.2", "* -::*"] * 10:
            self.assertEqual(self.ask("CONFIG", "SET", "bind", bind), "OK")
        self.assert_serves(self.port)


class UnixSocket(ProcessTest):
    def test_has_its_permissions_and_goes_with_the_server(self):
        server = self.start("--unixsocket", "a.sock", "--unixsocketperm", "740")
        path = pathlib.Path(server.directory.name) / "a.sock"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o740)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            self.assertEqual(client.recv(100), b"+PONG\r\n")
        server.stop()
        self.assertFalse(path.exists())


class Files(ProcessTest):
    def write_config(self, content):
        file = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "a.conf"
        file.write_text(content)
        return file

    def test_pidfile_holds_the_process_id_while_it_runs(self):
        server = self.start("--pidfile", "a.pid")
        path = pathlib.Path(server.directory.name) / "a.pid"
        self.assertEqual(path.read_text(), f"{server.process.pid}\n")
        server.stop()
        self.assertFalse(path.exists())

    def test_config_rewrite_writes_what_was_set(self):
        file = self.write_config("# ours\ntimeout 5\n")
        self.start(config_file=file)
        self.assertEqual(self.ask("CONFIG", "SET", "timeout", "7", "maxmemory", "100mb"), "OK")
        self.assertEqual(self.ask("CONFIG", "REWRITE"), "OK")
        lines = file.read_text().splitlines()
        self.assertEqual(lines[:2], ["# ours", "timeout 7"])
        self.assertIn("maxmemory 100mb", lines)

    def test_config_rewrite_writes_the_last_of_settings_that_changed_meanwhile(self):
        file = self.write_config("timeout 5\n")
        self.start(config_file=file)
        clients = [self.connect(self.port) for _ in range(4)]
        for number in range(20):
            self.assertEqual(self.ask("CONFIG", "SET", "timeout", str(100 + number), on=clients[number % 4]), "OK")
            for client in clients:
                client.send([b"CONFIG", b"REWRITE"])
            self.assertEqual([text(client.read()) for client in clients], ["OK"] * 4)
            self.assertEqual(file.read_text().splitlines()[0], f"timeout {100 + number}")

    def test_dir_can_be_changed(self):
        server = self.start("--enable-protected-configs", "yes")
        folder = pathlib.Path(server.directory.name) / "folder"
        folder.mkdir()
        self.assertEqual(self.ask("CONFIG", "SET", "dir", str(folder)), "OK")
        self.assertEqual(os.readlink(f"/proc/{server.process.pid}/cwd"), str(folder))


class Title(ProcessTest):
    def title(self):
        return pathlib.Path(f"/proc/{self.server.process.pid}/cmdline").read_bytes().rstrip(b"\0").decode()

    def test_follows_the_template(self):
        server = self.start("--unixsocket", "a.sock")
        program = server.command()[0]
        self.assertEqual(self.title(), f"{program} *:{self.port}")
        self.assertEqual(self.ask("CONFIG", "SET", "bind", "127.0.0.1 ::1"), "OK")
        self.assertEqual(self.title(), f"{program} 127.0.0.1:{self.port}")
        self.ask("CONFIG", "SET", "proc-title-template", "{port}|{tls-port}|{unixsocket}|{config-file}|{server-mode}|x  ")
        self.assertEqual(self.title(), f"{self.port}|0|a.sock|-||x")
        self.ask("CONFIG", "SET", "proc-title-template", "{title} {listen-addr}", "port", "0")
        self.assertEqual(self.title(), f"{program} unixsocket:a.sock")

    def test_stays_as_it_was_without_set_proc_title(self):
        server = self.start("--set-proc-title", "no")
        self.assertEqual(self.title().split("\0"), [word for word in server.command()])


class Descriptors(ProcessTest):
    """maxclients, on a machine that grants few descriptors."""

    def start_with(self, limit, *extra):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        # The server inherits it; only the soft limit is lowered for good here, and that is put back.
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        return self.start(*extra)

    def limit(self):
        line = [line for line in pathlib.Path(f"/proc/{self.server.process.pid}/limits").read_text().splitlines()
                if line.startswith("Max open files")][0]
        return int(line.split()[3])

    def test_the_limit_is_raised_for_maxclients(self):
        self.start_with(256, "--maxclients", "1000")
        self.assertGreater(self.limit(), 1000)
        self.assertEqual(self.ask("CONFIG", "GET", "maxclients"), "maxclients 1000")
        self.assert_logs({"redis": "Increased maximum number of open files to",
                          "shoal": "Raised the limit of open descriptors from 256 to"})

    def test_a_limit_that_is_high_enough_is_left_alone_until_it_is_not(self):
        self.start_with(500, "--maxclients", "100")
        self.assertEqual(self.limit(), 500)
        self.assertEqual(self.ask("CONFIG", "SET", "maxclients", "2000"), "OK")
        self.assertGreater(self.limit(), 2000)

    def test_more_than_the_system_grants_is_refused(self):
        self.start()
        if may_raise_hard_limit():
            self.skipTest("this user may raise the hard limit")
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        reply = self.ask("CONFIG", "SET", "maxclients", str(hard))
        refused = ("ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is not able to "
                   "handle the specified number of clients, try with ")
        self.assertTrue(reply.startswith(refused), reply)
        self.assertEqual(self.ask("CONFIG", "SET", "maxclients", reply[len(refused):]), "OK")
        self.assert_logs({"redis": "Server can't set maximum open files to", "shoal": "raise 'ulimit -n'"})


class Memory(ProcessTest):
    def test_the_announcement_of_a_big_argument_takes_no_memory(self):
        self.start()
        before = self.resident_bytes()
        announced = 512 * MIB
        clients = [self.connect(self.port) for _ in range(8)]
        for client in clients:
            client.send_bytes(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % announced + b"x" * 100_000)
        self.eventually(lambda: "connected_clients:9" in self.ask("INFO", "clients"), "nine clients")
        # Allocators take memory in larger pieces than these clients sent: huge pages, a sanitizer's shadow, for each core.
        self.assertLess(self.resident_bytes() - before, len(clients) * announced / 64)


def may_raise_hard_limit():
    """Whether a process of this user may exceed its hard limit: tried in a child, which keeps what it gets."""
    child = os.fork()
    if child == 0:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard + 1))
            os._exit(0)
        except (ValueError, OSError):
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", choices=["shoal", "redis"], default="shoal")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/shoal")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=5)
    parser.add_argument("tests", nargs="*")
    parser.parse_args(namespace=OPTIONS)
    if OPTIONS.server == "redis" and shutil.which("redis-server") is None:
        return SKIPPED
    program = unittest.main(module=__name__, argv=[sys.argv[0], *OPTIONS.tests], exit=False)
    return 0 if program.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
