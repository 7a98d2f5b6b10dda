#!/usr/bin/env python3
"""Sends the same random requests to Shoal and to stock redis-server, and compares the replies.

    tests/model/differential.py --seconds 60 --seed 1
    tests/model/differential.py --round 123456        the one round that a failure named

Requests come from the arguments that the oracle's COMMAND DOCS describes, for every command that both have. Each round
has a seed of its own; a failure prints it with the shortest sequence that still shows the difference. Exit code: 0 no
difference, 1 some, 77 redis-server is not installed.
"""
import argparse
import pathlib
import shutil
import sys
import time
import types

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/python"))

from differences import LEFT_OUT, OPTIONS, Generator, rows_of, same, same_in_transaction, seeded, shrink, to_python  # noqa: E402
from script_file import encode  # noqa: E402
from script_reply import CLOSED, Connection, Reply, ReplyError, quote, render  # noqa: E402
from server_process import Server  # noqa: E402

SKIPPED = 77
MODES = ("plain", "pipelined", "multi")
FAILURES_SHOWN = 20


def unless_closed(ask):
    """The reply, or that the server has closed the connection: QUIT does, and answers nothing after its OK."""
    try:
        return ask()
    except ConnectionError:
        return CLOSED


class Target:
    """A running server and the connections of one round."""

    def __init__(self, name, server, timeout):
        self.name, self.server, self.timeout = name, server, timeout
        self.connections = []

    def begin(self, resp):
        self.end()
        self.connections = [Connection(self.server.port, self.timeout) for _ in range(2)]
        if resp == 3:
            for connection in self.connections:
                connection.ask(b"HELLO", b"3")
        self.connections[0].ask(b"FLUSHALL")
        self.connections[0].ask(b"CONFIG", b"SET", *(word for option in OPTIONS.items() for word in option))

    def end(self):
        for connection in self.connections:
            connection.close()
        self.connections = []

    def run(self, sequence, pipelined):
        """The replies, one for each request; if the server hangs up, is silent or breaks the protocol, that for all."""
        try:
            return self.run_pipelined(sequence) if pipelined else self.run_one_by_one(sequence)
        except (OSError, ReplyError) as error:
            return [Reply("simple", f"{type(error).__name__}: {error}".encode())] * len(sequence)

    def run_one_by_one(self, sequence):
        return [unless_closed(lambda: self.connections[number].ask(*request)) for number, request in sequence]

    def run_pipelined(self, sequence):
        connection = self.connections[0]
        connection.send_bytes(b"".join(encode(request) for _, request in sequence))
        return [unless_closed(connection.read) for _ in sequence]

    def contents(self):
        """What is left in the databases: digest and sizes, read on a new connection."""
        try:
            connection = Connection(self.server.port, self.timeout)
            replies = [connection.ask(b"DEBUG", b"DIGEST")]
            for database in range(16):
                connection.ask(b"SELECT", b"%d" % database)
                replies.append(connection.ask(b"DBSIZE"))
            connection.close()
            return replies
        except OSError:
            return [CLOSED]


class Differential:
    def __init__(self, options, oracle, targets, rows):
        self.options, self.oracle, self.targets, self.rows = options, oracle, targets, rows
        self.requests = 0

    def run_round(self, seed):
        """One round; returns the failure as text, or nothing."""
        rng = seeded(seed)
        target, resp, mode = rng.choice(self.targets), rng.choice((2, 3)), rng.choice(MODES)
        sequence = Generator(self.rows, rng).sequence(mode)
        pipelined = mode != "plain"
        self.requests += len(sequence)
        first = self.difference(target, sequence, resp, pipelined)
        if not first:
            return ""
        sequence = shrink(sequence, lambda shorter: self.difference(target, shorter, resp, pipelined))
        found = self.difference(target, sequence, resp, pipelined) or f"{first}\n(does not show every time)"
        lines = [f"    {number}> " + " ".join(quote(word) for word in request) for number, request in sequence]
        return f"round {seed}: {target.name}, RESP{resp}, {mode}\n" + "\n".join(lines) + f"\n{found}"

    def difference(self, target, sequence, resp, pipelined):
        for each in (self.oracle, target):
            each.begin(resp)
        theirs = self.oracle.run(sequence, pipelined)
        ours = target.run(sequence, pipelined)
        queued = {0: [], 1: []}
        for (number, request), one, other in zip(sequence, ours, theirs):
            agrees = same_in_transaction(queued[number], one, other) if request[0].upper() == b"EXEC" else \
                same(request, one, other)
            if not agrees:
                words = " ".join(quote(word) for word in request)
                return f"    {words}\n    redis {render(other)[:500]}\n    ours  {render(one)[:500]}"
            if other.kind == "simple" and other.value == b"QUEUED":
                queued[number].append(request)
            elif request[0].upper() in (b"EXEC", b"DISCARD", b"RESET"):
                queued[number] = []
        theirs, ours = self.oracle.contents(), target.contents()
        if theirs != ours:
            return f"    the contents differ\n    redis {list(map(render, theirs))}\n    ours  {list(map(render, ours))}"
        return ""


def common_rows(oracle, target, resp_timeout):
    """The commands that both servers have, as the oracle documents them."""
    theirs = Connection(oracle.server.port, resp_timeout)
    theirs.ask(b"HELLO", b"3")
    rows = rows_of(to_python(theirs.ask(b"COMMAND", b"DOCS")))
    theirs.close()
    ours = Connection(target.server.port, resp_timeout)
    known = {}
    for name in rows:
        reply = ours.ask(b"COMMAND", b"INFO", name)
        known[name] = reply.kind == "array" and reply.value and reply.value[0].kind == "array"
    ours.close()
    return {name: row for name, row in rows.items()
            if known[name] and name not in LEFT_OUT and name.split(b"|")[0] not in LEFT_OUT}


def server_options(server, options, threads=1):
    return types.SimpleNamespace(server=server, binary=options.binary, threads=threads, timeout=options.timeout)


def compare(options, oracle, targets):
    rows = common_rows(oracle, targets[0], options.timeout)
    print(f"{len(rows)} commands: {' '.join(sorted(name.decode() for name in rows))}")
    run = Differential(options, oracle, targets, rows)
    failures, seed = [], options.round if options.round is not None else options.seed * 1_000_000
    end, rounds = time.monotonic() + options.seconds, 0
    while rounds == 0 or (options.round is None and time.monotonic() < end and len(failures) < FAILURES_SHOWN):
        failure = run.run_round(seed)
        if failure:
            failures.append(failure)
            print(f"DIFFERENCE in {failure}\n", flush=True)
        for target in targets:
            if target.server.process.poll() is not None:
                print(f"the server of {target.name} died:\n{target.server.log()[-4000:]}")
                return 1
        seed, rounds = seed + 1, rounds + 1
    print(f"{rounds} rounds, {run.requests} requests, {len(failures)} differences (seed {options.seed})")
    return 1 if failures else 0


def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/shoal")
    parser.add_argument("--threads", default="1,2,4", help="core counts, each a server of its own")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="where the rounds begin; printed at the end")
    parser.add_argument("--round", type=int, help="run this one round only")
    parser.add_argument("--timeout", type=float, default=20, help="seconds to wait for one reply")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse_options(arguments)
    if shutil.which("redis-server") is None:
        print("skipped: redis-server is not installed (tools/install test installs it)")
        return SKIPPED
    with Server(server_options("redis", options), []) as redis:
        oracle = Target("redis", redis, options.timeout)
        servers = []
        try:
            for threads in map(int, options.threads.split(",")):
                servers.append(Server(server_options("shoal", options, threads), []))
                servers[-1].__enter__()
            targets = [Target(f"shoal with {server.options.threads} cores", server, options.timeout) for server in servers]
            return compare(options, oracle, targets)
        finally:
            for server in servers:
                server.__exit__()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
