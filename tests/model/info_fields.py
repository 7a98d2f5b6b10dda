#!/usr/bin/env python3
"""INFO and MEMORY STATS have the fields that stock redis-server has, in the same sections, with values of the same kind.

    tests/model/info_fields.py --binary build/release/shoal --threads 2

Prints what is missing. Exit code 77: redis-server is not installed.
"""
import argparse
import pathlib
import re
import shutil
import sys
import types

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/python"))

from script_reply import plain_text  # noqa: E402
from server_process import Server  # noqa: E402

SKIPPED = 77

# Fields of Redis that make no sense here, or are not counted yet, and why.
LEFT_OUT = {
    "reply_buffer_shrinks": "replies lie in chunks of one size, which neither grow nor shrink",
    "reply_buffer_expands": "the same",
    "expire_cycle_cpu_milliseconds": "not counted yet",
    "expired_time_cap_reached_count": "not counted yet",
}
# Sections whose fields are what was called and what is there.
NAMED_BY_USE = {"Commandstats", "Errorstats", "Latencystats", "Keyspace"}
KINDS = [("integer", r"-?\d+"), ("real", r"-?\d+\.\d+"), ("percentage", r"-?\d+\.\d+%"), ("size", r"\d+(\.\d+)?[BKMGTPE]")]


def kind_of(value):
    return next((kind for kind, pattern in KINDS if re.fullmatch(pattern, value)), "text")


def info_fields(connection):
    """Section and name of each field, with the kind of its value."""
    fields, section = {}, None
    for line in plain_text(connection.ask(b"INFO", b"everything")).split("\r\n"):
        if line.startswith("# "):
            section = line[2:]
        elif line and section not in NAMED_BY_USE:
            name, _, value = line.partition(":")
            fields[f"{section} {name}"] = kind_of(value)
    return fields


def memory_fields(connection):
    """Names in MEMORY STATS, those within a database too, with the kinds of their values."""
    def walk(prefix, values):
        for name, value in zip(values[::2], values[1::2]):
            if value.kind == "array":
                yield from walk(f"{prefix} {plain_text(name)}", value.value)
            else:
                yield f"{prefix} {plain_text(name)}", value.kind
    return dict(walk("MEMORY STATS", connection.ask(b"MEMORY", b"STATS").value))


def fields_of(server, timeout):
    connection = server.connect(timeout)
    try:
        connection.ask(b"SET", b"a", b"1")
        return {**info_fields(connection), **memory_fields(connection)}
    finally:
        connection.close()


def differences(theirs, ours):
    for name, kind in theirs.items():
        if name.split()[-1] in LEFT_OUT:
            if name in ours:
                yield f"{name}: is there by now, and should not be in LEFT_OUT"
        elif name not in ours:
            yield f"{name}: missing"
        elif ours[name] != kind:
            yield f"{name}: {kind} in Redis, {ours[name]} here"


def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/shoal")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=20, help="seconds to wait for one reply")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse_options(arguments)
    if shutil.which("redis-server") is None:
        print("skipped: redis-server is not installed (tools/install test installs it)")
        return SKIPPED
    fields = {}
    for name in ("redis", "shoal"):
        with Server(types.SimpleNamespace(server=name, **vars(options)), []) as server:
            fields[name] = fields_of(server, options.timeout)
    found = list(differences(fields["redis"], fields["shoal"]))
    print("\n".join(found) if found else f"{len(fields['redis']) - len(LEFT_OUT)} fields of Redis are here")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
