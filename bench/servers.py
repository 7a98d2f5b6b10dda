"""The servers that bench/compare measures: which there are, how they start, and what the kernel says they used."""
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
START_SECONDS_MAX = 20
# Stock servers, looked for in PATH. Each as its makers would start a cache: no files, and nothing else changed
# but the number of threads.
STOCK = {
    "redis": "redis-server --port {port} --save '' --appendonly no --io-threads {threads}",
    "valkey": "valkey-server --port {port} --save '' --appendonly no --io-threads {threads}",
    "keydb": "keydb-server --port {port} --save '' --appendonly no --server-threads {threads}",
    "dragonfly": "dragonfly --port {port} --proactor_threads {threads} --dbfilename= --logtostderr",
}
LIMIT = "limit"


class ServerError(Exception):
    """A server that does not start, or does not answer as it must."""


@dataclass(frozen=True)
class ServerSpec:
    """How to start a server. The command holds {port}, and {threads} if it can be told how many to use."""

    name: str
    command: str

    @property
    def has_threads(self):
        return "{threads}" in self.command

    def arguments(self, port, threads):
        return [word.format(port=port, threads=threads) for word in shlex.split(self.command)]


def shoal_spec(binary):
    return ServerSpec("shoal", f"{shlex.quote(str(binary))} --port {{port}} --save '' --threads {{threads}}")


def limit_spec(binary):
    return ServerSpec(LIMIT, f"{shlex.quote(str(binary))} {{port}}")


def stock_specs():
    return [ServerSpec(name, command) for name, command in STOCK.items() if shutil.which(shlex.split(command)[0])]


def build():
    """Builds the release and the limit server; returns the paths of both programs."""
    subprocess.run(["cmake", "--preset", "release"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "build/release", "--target", "shoal", "bench_limit"], cwd=ROOT, check=True)
    return ROOT / "build/release/shoal", ROOT / "build/release/bench/bench_limit"


class Server:
    """A server process on a free port, pinned to `cpus` ("0" or "0,1"), for the length of a `with` block."""

    def __init__(self, spec, cpus, threads=1):
        self.spec, self.name = spec, spec.name
        self.cpus, self.threads = cpus, threads

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="shoal-compare-")
        self.port = free_port()
        command = ["taskset", "-c", self.cpus] + self.spec.arguments(self.port, self.threads)
        log = pathlib.Path(self.directory.name) / "log"
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, cwd=self.directory.name, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT)
        try:
            self.wait_until_it_listens(log)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()  # It holds nothing that is wanted; a clean end would free every key first.
        self.process.wait()
        self.directory.cleanup()

    def wait_until_it_listens(self, log):
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.connect().close()
                return
            except OSError:
                time.sleep(0.02)
        raise ServerError(f"{self.name} does not start: {log.read_text(errors='replace')[-500:]}")

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=120)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def cpu_seconds(self):
        """CPU time of all its threads so far, user and system: the first figure of each thread's schedstat, which counts
        nanoseconds where stat counts hundredths of a second."""
        return sum(thread_cpu_seconds(task) for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir())

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE).group(1)) * 1024

    def ask(self, *arguments):
        """One request on a connection of its own; the reply's bytes, which must arrive in one piece of up to 1 MB or be
        a bulk string."""
        with self.connect() as connection:
            connection.sendall(encode(*arguments))
            reply = connection.recv(1 << 20)
            bulk = re.match(rb"\$(\d+)\r\n", reply)
            while bulk and len(reply) < bulk.end() + int(bulk.group(1)) + 2:
                reply += connection.recv(1 << 20)
            return reply

    def info(self, field):
        """A field of INFO everything, or None if the server has no such thing."""
        found = re.search(rb"^" + field.encode() + rb":(.*?)\r?$", self.ask("INFO", "everything"), re.MULTILINE)
        return found.group(1).decode() if found else None

    def version(self):
        """What it says it is; empty if it does not say."""
        for field in ("shoal_version", "valkey_version", "dragonfly_version", "redis_version"):
            if version := self.info(field):
                return version
        return ""


def thread_cpu_seconds(task):
    try:
        return int((task / "schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:
        return thread_cpu_seconds_by_ticks(task)  # A kernel without schedstat, or a thread that has just ended.
    except ProcessLookupError:
        return 0.0


def thread_cpu_seconds_by_ticks(task):
    try:
        fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def encode(*arguments):
    """A request as it goes over the wire."""
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def send_all(connection, requests, batch):
    """Sends the requests (an iterable of bytes), `batch` at a time, and waits for a reply of one line to each."""
    waiting = []
    for request in requests:
        waiting.append(request)
        if len(waiting) == batch:
            send_batch(connection, waiting)
            waiting.clear()
    if waiting:
        send_batch(connection, waiting)


def send_batch(connection, requests):
    connection.sendall(b"".join(requests))
    missing = len(requests)
    while missing > 0:
        replies = connection.recv(1 << 20)
        if not replies:
            raise ServerError("the server closed the connection")
        if replies[:1] == b"-" or b"\n-" in replies:
            raise ServerError(f"the server refuses: {replies[:200]!r}")
        missing -= replies.count(b"\n")
