"""The simulated server (tests/simulation/bridge.cc) in the place of a real one: the same calls, no socket, virtual time."""
import subprocess

from script_file import ScriptError
from script_reply import Connection


class SimulatedServer:
    """As server_process.Server, for the length of a `with` block."""

    def __init__(self, options, extra):
        self.options, self.extra = options, extra

    def __enter__(self):
        command = [str(self.options.binary), "--seed", str(self.options.seed), "--threads", str(self.options.threads),
                   "--save", "", "--enable-debug-command", "yes", *self.extra]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def connect(self, _timeout_seconds):
        return SimulatedConnection(self)

    def pass_time(self, seconds):
        self.tell(b"t %d\n" % max(1, round(seconds * 1000)))
        self.number()

    def tell(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            raise ScriptError(f"the simulation ended with {self.process.wait()}") from None

    def number(self):
        line = self.process.stdout.readline()
        if not line:
            raise ScriptError(f"the simulation ended with {self.process.wait()}")
        return int(line)

    def stop_cleanly(self):
        self.process.stdin.close()
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            return "the simulation does not end"
        return f"the simulation ended with {code} (seed {self.options.seed})" if code != 0 else ""


class SimulatedConnection(Connection):
    """A connection to it, which reads and writes as one over a socket does."""

    def __init__(self, server):  # pylint: disable=super-init-not-called
        self.server, self.buffer = server, bytearray()
        server.tell(b"o\n")
        self.id = server.number()

    def close(self):
        if self.server.process.poll() is None and not self.server.process.stdin.closed:
            self.server.tell(b"c %d\n" % self.id)

    def send_bytes(self, data):
        self.server.tell(b"w %d %d\n" % (self.id, len(data)) + data)

    def fill(self):
        self.server.tell(b"r %d\n" % self.id)
        count = self.server.number()
        if count < 0:
            raise TimeoutError("no reply, and nothing will bring one")
        if count == 0:
            raise ConnectionResetError("the server closed the connection")
        self.buffer += self.server.process.stdout.read(count)
