#!/usr/bin/env python3
"""COMMAND DOCS and COMMAND INFO say of each command what stock redis-server says: its arguments, the versions in which it
changed, whether it is deprecated, and the tips for proxies. Sentences are this server's own.

    tests/model/command_docs.py --binary build/release/shoal --threads 2

Prints what differs. Exit code 77: redis-server is not installed.
"""
import argparse
import pathlib
import shutil
import sys
import types

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/python"))

from differences import to_python  # noqa: E402
from server_process import Server  # noqa: E402

SKIPPED = 77
SENTENCES = {b"summary", b"complexity", b"replaced_by"}

# What differs on purpose: (command, field).
ON_PURPOSE = {
    (b"set", b"arguments"): "IFEQ is this server's addition",
    (b"command|getkeys", b"arguments"): "Redis 7.0 does not document them, later versions do",
    (b"command|getkeysandflags", b"arguments"): "the same",
}
TIPS = 7  # where COMMAND INFO has them


def without_sentences(docs):
    """A command's documentation as far as it must agree: of sentences only that they are there."""
    facts = {name: value for name, value in docs.items() if name != b"subcommands"}
    facts |= {name: bool(facts[name]) for name in SENTENCES & facts.keys()}
    if b"history" in facts:
        facts[b"history"] = [since for since, _ in facts[b"history"]]
    return facts


def documented(docs):
    """Commands and subcommands by name, containers too."""
    for name, row in docs.items():
        yield name, without_sentences(row)
        yield from documented(row.get(b"subcommands", {}))


def with_tips(rows):
    for row in rows:
        if row is not None:
            yield row[0], sorted(row[TIPS])
            yield from with_tips(row[-1])


def facts_of(server, timeout):
    connection = server.connect(timeout)
    try:
        connection.ask(b"HELLO", b"3")
        facts = dict(documented(to_python(connection.ask(b"COMMAND", b"DOCS"))))
        for name, tips in with_tips(to_python(connection.ask(b"COMMAND", b"INFO"))):
            facts[name][b"tips"] = tips
        return facts
    finally:
        connection.close()


def differences(theirs, ours):
    """Of the commands that both have."""
    for name in sorted(theirs.keys() & ours.keys()):
        for field in sorted(theirs[name].keys() | ours[name].keys()):
            one, other = theirs[name].get(field), ours[name].get(field)
            if (one != other) != ((name, field) in ON_PURPOSE):
                yield f"{name.decode()} {field.decode()}\n    redis {one}\n    ours  {other}"


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
    facts = {}
    for name in ("redis", "shoal"):
        with Server(types.SimpleNamespace(server=name, **vars(options)), []) as server:
            facts[name] = facts_of(server, options.timeout)
    found = list(differences(facts["redis"], facts["shoal"]))
    print("\n".join(found) if found else f"{len(facts['redis'].keys() & facts['shoal'].keys())} commands agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
