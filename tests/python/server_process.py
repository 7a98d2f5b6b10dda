"""A server process of its own for a test: on a free port, stopped by process id."""
import pathlib
import socket
import subprocess
import tempfile
import time

from script_file import ScriptError
from script_reply import Connection

POLL_SECONDS = 0.005


class Server:
    """One server process on a free port, with a directory of its own, for the length of a `with` block."""

    def __init__(self, options, extra):
        self.options, self.extra = options, extra

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="shoal-scripts-")
        try:
            self.start()
        except ScriptError:
            self.start()  # Another process may have taken the port that was free a moment ago.
        return self

    def start(self):
        self.port = free_port()
        with open(pathlib.Path(self.directory.name) / "log", "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()
        self.directory.cleanup()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def stop_cleanly(self):
        """Stops the server, and says what was wrong about its end: a crash, a leak, a sanitizer's finding."""
        died = self.process.poll() is not None
        self.stop()
        if died or self.process.returncode != 0:
            return f"the server {'died' if died else 'ended'} with {self.process.returncode}:\n{self.log()[-8000:]}"
        return ""

    def command(self):
        common = ["--port", str(self.port), "--dir", self.directory.name, "--save", "", "--enable-debug-command", "yes"]
        if self.options.server == "redis":
            return ["redis-server", *common, "--daemonize", "no", *self.extra]
        return [str(self.options.binary), *common, "--threads", str(self.options.threads), *self.extra]

    def connect(self, timeout_seconds):
        return Connection(self.port, timeout_seconds)

    def pass_time(self, seconds):
        time.sleep(seconds)

    def log(self):
        return (pathlib.Path(self.directory.name) / "log").read_text(errors="replace")

    def wait_until_it_answers(self):
        deadline = time.monotonic() + self.options.timeout * 4
        while True:
            if self.process.poll() is not None:
                raise ScriptError(f"the server ended with {self.process.returncode}:\n{self.log()}")
            try:
                connection = Connection(self.port, self.options.timeout)
                connection.ask(b"PING")
                connection.close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise ScriptError(f"the server does not answer on port {self.port}:\n{self.log()}") from None
                time.sleep(POLL_SECONDS)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
