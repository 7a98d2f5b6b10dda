#!/usr/bin/env python3
"""Runs tests/scripts/*.test against a server that it starts itself, and stops, by process id.

    tests/run_scripts.py --server shoal --threads 2 [FILE ...]
    tests/run_scripts.py --server simulated --binary build/release/tests/simulation_bridge --threads 4 --seed 7
    tests/run_scripts.py --server redis [FILE ...]      stock redis-server, the oracle
    tests/run_scripts.py --server redis --record FILE   fills in the replies that FILE lacks

The format is described in docs/testing.md. Exit code: 0 all passed, 1 something failed, 77 the server is not
installed (ctest shows such a test as skipped).
"""
import argparse
import concurrent.futures
import dataclasses
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

from script_file import Request, ScriptError, load  # noqa: E402
from script_reply import CLOSED, ReplyError, matches, parse_expected, plain_text, render  # noqa: E402
from server_process import POLL_SECONDS, Server  # noqa: E402
from simulated_process import SimulatedServer  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = 77


class Mismatch(Exception):
    """A reply other than the expected one."""

    def __init__(self, request, expected, got):
        super().__init__()
        self.request, self.expected, self.got = request, expected, got


class CaseRun:
    """One case on its own connections and an empty keyspace."""

    def __init__(self, server, case, options):
        self.server, self.case, self.options = server, case, options
        self.connections, self.variables = {}, {}
        self.last_reply = None
        self.recorded = {}  # line number -> expected lines to insert after it

    def run(self):
        self.control = self.server.connect(self.options.timeout)
        self.control.ask(b"CLIENT", b"UNPAUSE")
        self.control.ask(b"FLUSHALL")
        try:
            for step in self.case.steps:
                self.take_step(step)
        finally:
            for connection in (self.control, *self.connections.values()):
                connection.close()

    def take_step(self, step):
        if isinstance(step, Request):
            self.request(step)
        elif step.word == "close":
            self.connections.pop(step.argument).close()
        elif step.word == "let":
            self.variables[step.argument] = plain_text(self.last_reply)

    def connection(self, name):
        if name not in self.connections:
            connection = self.server.connect(self.options.timeout)
            self.connections[name] = connection
            if self.case.blocks(name):
                connection.client_id = connection.ask(b"CLIENT", b"ID").value
            if self.case.resp == 3:
                connection.ask(b"HELLO", b"3")
        return self.connections[name]

    def request(self, request):
        deadline = time.monotonic() + self.options.timeout
        while True:
            try:
                return self.attempt(request)
            except Mismatch:
                if not request.eventually or time.monotonic() > deadline:
                    raise
                self.server.pass_time(POLL_SECONDS)

    def attempt(self, request):
        connection = self.connection(request.connection)
        expected = [parse_expected(self.substitute(line)) for line in request.expected]
        connection.send_bytes(request.bytes(self.variables))
        if request.blocks():
            return self.wait_until_blocked(connection.client_id)
        if not expected and self.options.record:
            self.last_reply = self.read(connection, request)
            self.recorded[request.line] = [render(self.last_reply)]
        for value in expected:
            self.expect(connection, request, value)
        return None

    def expect(self, connection, request, expected):
        if expected.kind == "no_reply":
            return
        got = self.read(connection, request)
        self.last_reply = got
        if not matches(expected, got):
            raise Mismatch(request, expected.source, render(got))

    def read(self, connection, request):
        try:
            return connection.read()
        except TimeoutError:
            raise Mismatch(request, "\n".join(request.expected), "no reply in time") from None
        except ConnectionResetError:
            return CLOSED

    def wait_until_blocked(self, client):
        """Returns when the server says that the client with this id waits."""
        deadline = time.monotonic() + self.options.timeout
        while time.monotonic() < deadline:
            fields = plain_text(self.control.ask(b"CLIENT", b"LIST", b"ID", b"%d" % client)).split()
            if any(field.startswith("flags=") and "b" in field[6:] for field in fields):
                return
            self.server.pass_time(POLL_SECONDS)
        raise ScriptError(f"client {client} does not block")

    def substitute(self, text):
        for name, value in self.variables.items():
            text = text.replace("${" + name + "}", value)
        return text


def describe(path, case, failure):
    where = f"{path}:{failure.request.line}"
    return (f"{where}: FAILED: {case.title}\n"
            f"    request   {failure.request.text}\n"
            f"    expected  {failure.expected}\n"
            f"    got       {failure.got}")


@dataclasses.dataclass
class Result:
    """What became of the cases of some files."""

    run: int = 0
    for_others: int = 0  # left out: for another server only
    waiting: int = 0     # left out: for commands that the server lacks
    lacking: set = dataclasses.field(default_factory=set)  # these commands
    failures: list = dataclasses.field(default_factory=list)  # as text

    def add(self, other):
        self.run += other.run
        self.for_others += other.for_others
        self.waiting += other.waiting
        self.lacking |= other.lacking
        self.failures += other.failures

    def summary(self):
        text = f"{self.run} cases, {len(self.failures)} failed"
        if self.for_others:
            text += f", {self.for_others} not for this server"
        if self.waiting:
            text += f", {self.waiting} left out for want of {' '.join(sorted(self.lacking))}"
        return text


def run_file(path, options):
    script = load(path)
    # "sockets": both servers as processes of their own, in real time.
    servers = {"simulated": (None, "shoal"), "shoal": (None, "shoal", "sockets"), "redis": (None, "redis", "sockets")}
    cases = [case for case in script.cases if case.only in servers[options.server]]
    result, recorded = Result(for_others=len(script.cases) - len(cases)), {}
    if not cases:
        return result
    kind = SimulatedServer if options.server == "simulated" else Server
    with kind(options, script.server_options) as server:
        wanted = len(cases)
        cases, result.lacking = with_commands_present(server, cases, options)
        result.run, result.waiting = len(cases), wanted - len(cases)
        for case in cases:
            run = CaseRun(server, case, options)
            try:
                run.run()
            except Mismatch as failure:
                result.failures.append(describe(path, case, failure))
            except (OSError, ReplyError, ScriptError) as error:
                what = f"{type(error).__name__}: {error}"
                result.failures.append(f"{path}:{case.line}: FAILED: {case.title}\n    {what}")
            recorded.update(run.recorded)
            if server.process.poll() is not None:
                break
        last_words = server.stop_cleanly()
    if last_words:
        result.failures.append(f"{path}: {last_words}")
    if recorded:
        insert_lines(path, recorded)
    return result


def with_commands_present(server, cases, options):
    """The cases but for those that need a command which the server does not have (yet), and these commands."""
    connection = server.connect(options.timeout)
    lacking = {name for name in {name for case in cases for name in case.needs}
               if connection.ask(b"COMMAND", b"INFO", name.encode()).value[0].kind != "array"}
    connection.close()
    return [case for case in cases if lacking.isdisjoint(case.needs)], lacking


def insert_lines(path, recorded):
    lines = []
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        lines.append(line)
        lines.extend(recorded.get(number, []))
    pathlib.Path(path).write_text("\n".join(lines) + "\n")


def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", choices=("shoal", "simulated", "redis"), default="shoal")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/shoal")
    parser.add_argument("--threads", type=int, default=1, help="cores of shoal")
    parser.add_argument("--seed", type=int, default=1, help="of the simulation")
    parser.add_argument("--timeout", type=float, default=5, help="seconds to wait for one reply")
    parser.add_argument("--jobs", type=int, default=2, help="files at a time")
    parser.add_argument("--record", action="store_true", help="write the replies that a file lacks into it")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args(arguments)
    options.files = options.files or sorted((ROOT / "tests/scripts").glob("*.test"))
    return options


def main(arguments):
    options = parse_options(arguments)
    if options.server == "redis" and shutil.which("redis-server") is None:
        print("skipped: redis-server is not installed (tools/install test installs it)")
        return SKIPPED
    total = Result()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for result in pool.map(lambda path: run_file(path, options), options.files):
            total.add(result)
            for failure in result.failures:
                print(failure)
    print(f"{len(options.files)} files against {options.server}: {total.summary()}")
    return 1 if total.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ScriptError as error:
        sys.exit(f"{error}")
