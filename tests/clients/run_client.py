#!/usr/bin/env python3
"""Tries a server with clients that others wrote: redis-cli and python3-redis from Debian, ioredis and redis from npm.

    tests/clients/run_client.py --client redis_cli --threads 2 [--binary build/release/shoal]

A client that is not installed is a failure: tools/install test installs them all.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import types

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/python"))

from server_process import Server  # noqa: E402

NODE_MODULES = ROOT / "build/clients/node_modules"
# Debian's own Python, which python3-redis belongs to, whatever `python3` is first in the path.
DEBIAN_PYTHON = "/usr/bin/python3"
MANY_KEYS = 20_000


class Failed(Exception):
    """A client did not see what it should."""


def run(command, given=b"", seconds=60):
    result = subprocess.run(command, input=given, capture_output=True, timeout=seconds, check=False)
    if result.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))[:200]} ended with {result.returncode}:\n"
                     f"{result.stdout[-2000:].decode(errors='replace')}{result.stderr[-4000:].decode(errors='replace')}")
    return result.stdout


def expect(what, seen, wanted):
    if seen != wanted:
        raise Failed(f"{what}: expected {wanted!r}, got {seen!r}")


def redis_cli(port):
    if shutil.which("redis-cli") is None:
        raise Failed("redis-cli is not installed; tools/install test installs it (package redis-tools)")
    cli = ["redis-cli", "-p", str(port)]
    expect("PING", run([*cli, "PING"]), b"PONG\n")
    expect("RESP3", run([*cli, "-3", "SET", "greeting", "hello world"]), b"OK\n")
    expect("a transaction", run(cli, b"MULTI\nINCR n\nGET greeting\nEXEC\n"), b"OK\nQUEUED\nQUEUED\n1\nhello world\n")
    requests = b"".join(b"*3\r\n$3\r\nSET\r\n$%d\r\nkey:%d\r\n$5\r\nvalue\r\n" % (len(b"key:%d" % n), n) for n in range(MANY_KEYS))
    report = run([*cli, "--pipe"], requests)
    if b"errors: 0, replies: %d" % MANY_KEYS not in report:
        raise Failed(f"--pipe says {report!r}")
    found = run([*cli, "--scan", "--pattern", "key:*"]).split()
    expect("--scan, keys", len(set(found)), MANY_KEYS)
    expect("--scan, each once", len(found), MANY_KEYS)
    if b"Biggest string found" not in run([*cli, "--bigkeys"]):
        raise Failed("--bigkeys finds no string")
    if b"Biggest" not in run([*cli, "--memkeys"]):
        raise Failed("--memkeys finds nothing")
    big = bytes(range(256)) * (32 * 1024 * 1024 // 256)
    expect("a value of 32 MB from standard input", run([*cli, "-x", "SET", "big"], big), b"OK\n")
    expect("the same read back", run([*cli, "GET", "big"]), big + b"\n")
    expect("CLIENT KILL of others", run([*cli, "CLIENT", "KILL", "TYPE", "normal"]), b"0\n")
    stat(cli)
    unix_socket(cli)


def unix_socket(cli):
    """The server's unix socket is where unixsocket says, with the permissions of unixsocketperm, and serves."""
    path = run([*cli, "--raw", "CONFIG", "GET", "unixsocket"]).decode().split()[1]
    expect("unixsocketperm", pathlib.Path(path).stat().st_mode & 0o777, 0o640)
    expect("PING through the unix socket", run(["redis-cli", "-s", path, "PING"]), b"PONG\n")
    listed = run(["redis-cli", "-s", path, "CLIENT", "LIST"])
    if path.encode() + b":0" not in listed or b"flags=U" not in listed:
        raise Failed(f"CLIENT LIST through {path} shows {listed!r}")


def stat(cli):
    """--stat goes on until it is stopped: two lines of figures will do, though they come by the buffer, dozens at once."""
    with subprocess.Popen([*cli, "-i", "0.01", "--stat"], stdout=subprocess.PIPE) as process:
        try:
            lines = [process.stdout.readline() for _ in range(4)]
        finally:
            process.terminate()
    if not any(b"requests" in line for line in lines) or str(MANY_KEYS)[:2].encode() not in lines[-1]:
        raise Failed(f"--stat shows {lines!r}")


def redis_py(port):
    found = subprocess.run([DEBIAN_PYTHON, "-c", "import redis"], capture_output=True, check=False)
    if found.returncode != 0:
        raise Failed("python3-redis is not installed; tools/install test installs it")
    run([DEBIAN_PYTHON, str(HERE / "redis_py_client.py"), str(port)], seconds=120)


def node(port, script, package):
    if shutil.which("node") is None or not (NODE_MODULES / package).is_dir():
        raise Failed(f"the npm package {package} is not in {NODE_MODULES}; tools/install test puts it there")
    run(["node", str(HERE / script), str(port), str(NODE_MODULES)], seconds=120)


CLIENTS = {
    "redis_cli": redis_cli,
    "redis_py": redis_py,
    "ioredis": lambda port: node(port, "ioredis_client.js", "ioredis"),
    "node_redis": lambda port: node(port, "node_redis_client.js", "redis"),
}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", choices=sorted(CLIENTS), required=True)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/shoal")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    server_options = types.SimpleNamespace(server="shoal", binary=options.binary, threads=options.threads, timeout=10)
    with tempfile.TemporaryDirectory() as directory, \
            Server(server_options, ["--unixsocket", f"{directory}/socket", "--unixsocketperm", "640"]) as server:
        try:
            CLIENTS[options.client](server.port)
        except (Failed, subprocess.TimeoutExpired) as failure:
            print(f"{options.client}: FAILED: {failure}\n{server.stop_cleanly()}")
            return 1
        last_words = server.stop_cleanly()
    print(last_words or f"{options.client}: all is as it should be")
    return 1 if last_words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
