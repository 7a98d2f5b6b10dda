#!/usr/bin/env python3
"""Transfers, group writes, renames, counters and walks over real sockets and real threads: what they must keep is checked
all along.

    tests/model/serialisability.py --seconds 10
    tests/model/serialisability.py --threads 4 --clients 16 --seconds 3600

The sum of the accounts never changes, in any MGET or transaction; a group that MSET writes has one value; a token that
RENAME passes on is in exactly one place; no increment guarded by WATCH is lost; KEYS and SCAN report every key that stays
exactly once. Exit code 0: all held.
"""
import argparse
import pathlib
import random
import sys
import threading
import time
import types

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/python"))

from script_file import encode  # noqa: E402
from script_reply import Connection, render  # noqa: E402
from server_process import Server  # noqa: E402

ACCOUNTS = [b"account:%d" % number for number in range(8)]
GROUP = [b"group:%d" % number for number in range(5)]
PLACES = [b"place:%d" % number for number in range(6)]
STAYING = [b"stays:%d" % number for number in range(600)] + [b"{stays}:%d" % number for number in range(400)]
ALWAYS_THERE = sorted([b"counter", *ACCOUNTS, *GROUP, *STAYING])
BALANCE = 100


class Violation(Exception):
    """An invariant that did not hold."""


def values(reply):
    return [item.value for item in reply.value]


class Client(threading.Thread):
    """One connection that does one random thing after the other until told to stop."""

    def __init__(self, port, timeout, seed, stop):
        super().__init__(daemon=True)
        self.rng, self.stop = random.Random(seed), stop
        self.connection = Connection(port, timeout)
        self.actions, self.counted, self.failure = 0, 0, None
        self.choices = [self.transfer, self.transfer, self.audit, self.audit_in_transaction, self.write_group, self.read_group,
                        self.pass_token, self.find_token, self.count_up, self.pipeline]

    def run(self):
        try:
            while not self.stop.is_set():
                self.rng.choice(self.choices)()
                self.actions += 1
        except (Violation, OSError) as failure:
            self.failure = f"{type(failure).__name__}: {failure}"
            self.stop.set()
        finally:
            self.connection.close()

    def ask(self, *arguments):
        return self.connection.ask(*arguments)

    def transaction(self, *requests):
        """MULTI, the requests, EXEC in one pipeline; EXEC's reply."""
        every = [(b"MULTI",), *requests, (b"EXEC",)]
        self.connection.send_bytes(b"".join(map(encode, every)))
        return [self.connection.read() for _ in every][-1]

    def require(self, condition, what):
        if not condition:
            raise Violation(what)

    def transfer(self):
        source, target = self.rng.sample(ACCOUNTS, 2)
        amount = b"%d" % self.rng.randrange(1, 20)
        reply = self.transaction((b"DECRBY", source, amount), (b"INCRBY", target, amount))
        self.require(reply.kind == "array" and len(reply.value) == 2, f"a transfer answered {render(reply)}")

    def check_sum(self, balances):
        self.require(sum(map(int, balances)) == BALANCE * len(ACCOUNTS), f"the accounts hold {balances}")

    def audit(self):
        self.check_sum(values(self.ask(b"MGET", *ACCOUNTS)))

    def audit_in_transaction(self):
        self.check_sum(values(self.transaction(*((b"GET", account) for account in ACCOUNTS))))

    def write_group(self):
        value = b"%d" % self.rng.randrange(1 << 30)
        self.ask(b"MSET", *(word for key in GROUP for word in (key, value)))

    def read_group(self):
        seen = values(self.ask(b"MGET", *GROUP))
        self.require(len(set(seen)) == 1, f"an MSET was seen half done: {seen}")

    def pass_token(self):
        source, target = self.rng.sample(PLACES, 2)
        self.ask(b"RENAME", source, target)

    def find_token(self):
        found = self.ask(b"EXISTS", *PLACES).value
        self.require(found == 1, f"the token is in {found} places")

    def count_up(self):
        self.ask(b"WATCH", b"counter", GROUP[0])
        value = int(self.ask(b"GET", b"counter").value)
        if self.transaction((b"SET", b"counter", b"%d" % (value + 1))).kind == "array":
            self.counted += 1

    def pipeline(self):
        requests = [(b"MGET", *ACCOUNTS), (b"GET", GROUP[0]), (b"MGET", *GROUP), (b"EXISTS", *PLACES), (b"MGET", *ACCOUNTS)] * 3
        self.connection.send_bytes(b"".join(map(encode, requests)))
        replies = [self.connection.read() for _ in requests]
        for request, reply in zip(requests, replies):
            if request[1] == ACCOUNTS[0]:
                self.check_sum(values(reply))
            elif request[0] == b"MGET":
                self.require(len(set(values(reply))) == 1, f"an MSET was seen half done: {render(reply)}")
            elif request[0] == b"EXISTS":
                self.require(reply.value == 1, f"the token is in {reply.value} places")


class Walker(Client):
    """One that lists and scans the keyspace meanwhile."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.choices = [self.add_and_remove, self.list_keys, self.scan_keys]

    def add_and_remove(self):
        """Keys beside those that stay, so that tables grow and shrink."""
        keys = [b"{stays}passes:%d" % self.rng.randrange(2000) for _ in range(50)]
        self.connection.send_bytes(b"".join(encode((b"SET", key, b"v")) if self.rng.randrange(2) else encode((b"DEL", key))
                                            for key in keys))
        for _ in keys:
            self.connection.read()

    def check_walk(self, walk, names):
        staying = sorted(name for name in names if b"passes" not in name and not name.startswith((b"place", b"own")))
        self.require(staying == ALWAYS_THERE, f"{walk} reports {len(staying)} keys that stay, not {len(ALWAYS_THERE)} once each")

    def list_keys(self):
        """Also in order: what this client wrote before is listed, what it writes after is not."""
        own = b"own"
        requests = [(b"SET", own, b"v"), (b"KEYS", b"*"), (b"DEL", own), (b"KEYS", own), (b"GET", own)]
        self.connection.send_bytes(b"".join(map(encode, requests)))
        _, everything, _, nothing, _ = [self.connection.read() for _ in requests]
        self.check_walk("KEYS", values(everything))
        self.require(own in values(everything) and values(nothing) == [], "KEYS does not run in the order of its pipeline")

    def scan_keys(self):
        cursor, names = b"0", []
        while cursor != b"0" or not names:
            reply = self.ask(b"SCAN", cursor, b"COUNT", b"%d" % self.rng.choice([100, 1000, 100000])).value
            cursor, names = reply[0].value, names + values(reply[1])
        self.check_walk("SCAN", names)


def run(options, threads):
    """Runs against a server of so many threads; returns what was violated, or nothing."""
    server_options = types.SimpleNamespace(server="shoal", binary=options.binary, threads=threads, timeout=options.timeout)
    with Server(server_options, []) as server:
        control = Connection(server.port, options.timeout)
        control.ask(b"MSET", b"counter", b"0", PLACES[0], b"token", *(w for key in GROUP for w in (key, b"0")),
                    *(word for account in ACCOUNTS for word in (account, b"%d" % BALANCE)),
                    *(word for key in STAYING for word in (key, b"v")))
        stop = threading.Event()
        clients = [Client(server.port, options.timeout, options.seed * 1000 + number, stop) for number in range(options.clients)]
        clients.append(Walker(server.port, options.timeout, options.seed * 1000 + options.clients, stop))
        for client in clients:
            client.start()
        stop.wait(options.seconds)
        stop.set()
        for client in clients:
            client.join(options.timeout * 2)
        failures = [client.failure for client in clients if client.failure]
        failures += [f"client {number} hangs" for number, client in enumerate(clients) if client.is_alive()]
        counter, counted = int(control.ask(b"GET", b"counter").value), sum(client.counted for client in clients)
        if not failures and counter != counted:
            failures.append(f"the counter is {counter} after {counted} confirmed increments")
        actions = sum(client.actions for client in clients)
        print(f"{threads} threads: {actions} actions, {counted} counted, {len(failures)} violations (seed {options.seed})")
        control.close()
        last_words = server.stop_cleanly()
        return failures + ([last_words] if last_words else [])


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/shoal")
    parser.add_argument("--threads", default="1,2,4", help="thread counts, one after the other")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10, help="for all thread counts together")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--timeout", type=float, default=20, help="seconds to wait for one reply")
    options = parser.parse_args(arguments)
    counts = [int(count) for count in options.threads.split(",")]
    options.seconds /= len(counts)
    failures = [failure for threads in counts for failure in run(options, threads)]
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
