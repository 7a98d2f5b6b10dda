"""Replies: reading them off a socket, writing them as one line of text, and holding them against what a script
expects. The text form is described in docs/testing.md."""
import re
import socket
from dataclasses import dataclass

from script_file import ScriptError, encode, read_quoted


class ReplyError(Exception):
    """Bytes that are not RESP."""


@dataclass
class Reply:
    """kind is simple, error, integer, bulk, nil, nil_array, array, map, set, push, double, boolean, verbatim, big or
    closed; value is bytes, an int, or a list of replies (a map's keys and values in turn). The expected replies of a
    script may also be of kind any, regex, unordered, no_reply or blocks, and know their source text."""

    kind: str
    value: object = None
    source: str = ""


CLOSED = Reply("closed")
AGGREGATES = {b"*": "array", b"%": "map", b"~": "set", b">": "push"}
SCALARS = {b"+": "simple", b"-": "error", b":": "integer", b",": "double", b"#": "boolean", b"(": "big", b"_": "nil"}
BLOBS = {b"$": "bulk", b"=": "verbatim", b"!": "error"}


class Connection:
    """A client's connection: sends requests, reads one reply at a time."""

    def __init__(self, port, timeout_seconds):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout_seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()

    def close(self):
        self.socket.close()

    def send(self, arguments):
        self.send_bytes(encode(arguments))

    def ask(self, *arguments):
        self.send(arguments)
        return self.read()

    def send_bytes(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # A server that has hung up may have said why: that is still to be read.

    def fill(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        self.buffer += data

    def take(self, count):
        while len(self.buffer) < count:
            self.fill()
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def take_line(self):
        while (end := self.buffer.find(b"\r\n")) < 0:
            self.fill()
        return self.take(end + 2)[:-2]

    def read(self):
        line = self.take_line()
        mark, rest = line[:1], line[1:]
        if mark in SCALARS:
            return Reply(SCALARS[mark], int(rest) if mark == b":" else rest)
        if mark in BLOBS:
            if rest == b"-1":
                return Reply("nil")
            return Reply(BLOBS[mark], self.take(int(rest) + 2)[:-2])
        if mark in AGGREGATES:
            if rest == b"-1":
                return Reply("nil_array")
            count = int(rest) * (2 if mark == b"%" else 1)
            return Reply(AGGREGATES[mark], [self.read() for _ in range(count)])
        raise ReplyError(f"not a reply: {line!r}")


def quote(data):
    names = {10: "\\n", 13: "\\r", 9: "\\t", 7: "\\a", 8: "\\b", 34: '\\"', 92: "\\\\"}
    return '"' + "".join(names.get(b) or (chr(b) if 32 <= b < 127 else f"\\x{b:02x}") for b in data) + '"'


def plain_text(reply):
    """The value of a scalar as text, for `let:`."""
    if reply is None or isinstance(reply.value, list):
        raise ScriptError("only a scalar reply can be kept")
    return reply.value.decode("utf-8") if isinstance(reply.value, bytes) else str(reply.value)


def render(reply, nested=False):
    """The reply as one line, which parse_expected reads back."""
    kind, value = reply.kind, reply.value
    if kind == "error":
        return f"(error {quote(value)})" if nested else "(error) " + quote(value)[1:-1].replace('\\"', '"')
    if kind == "simple":
        return value.decode() if WORD.fullmatch(value.decode("latin-1")) else f"(simple {quote(value)})"
    if kind == "array":
        return "[" + ", ".join(render(item, True) for item in value) + "]"
    if kind in ("set", "push"):
        return f"({kind} [" + ", ".join(render(item, True) for item in value) + "])"
    if kind == "map":
        pairs = zip(value[::2], value[1::2])
        return "{" + ", ".join(f"{render(key, True)}: {render(item, True)}" for key, item in pairs) + "}"
    if kind == "boolean":
        return "(true)" if value == b"t" else "(false)"
    if kind in ("double", "big"):
        return f"({kind} {value.decode()})"
    if kind == "verbatim":
        return f"(verbatim {quote(value)})"
    fixed = {"nil": "(nil)", "nil_array": "(nil array)", "closed": "(closed)"}
    return fixed.get(kind) or (str(value) if kind == "integer" else quote(value))


WORD = re.compile(r"[A-Za-z][\w.-]*")
FIXED = {
    "(nil)": Reply("nil"), "(nil array)": Reply("nil_array"), "(closed)": CLOSED, "(true)": Reply("boolean", b"t"),
    "(false)": Reply("boolean", b"f"), "(no reply)": Reply("no_reply"), "(blocks)": Reply("blocks"), "_": Reply("any"),
}


class Parser:
    """Reads one expected reply."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def fail(self):
        raise ScriptError(f"not a reply at column {self.at + 1}: {self.text}")

    def skip(self, token):
        """Takes `token`, and the spaces after it, if it comes next."""
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        while self.text[self.at:self.at + 1] == " ":
            self.at += 1
        return True

    def need(self, token):
        if not self.skip(token):
            self.fail()

    def quoted(self):
        if self.text[self.at:self.at + 1] != '"':
            self.fail()
        data, self.at = read_quoted(self.text, self.at)
        self.skip("")
        return data

    def items(self, closing, separators=(",",)):
        values = []
        while not self.skip(closing):
            values.append(self.value())
            separator = separators[len(values) % len(separators) - 1]
            if not self.skip(separator) and self.text[self.at:self.at + 1] != closing:
                self.fail()
        return values

    def value(self):
        for token, reply in FIXED.items():
            if self.skip(token):
                return reply
        if self.skip("["):
            return Reply("array", self.items("]"))
        if self.skip("{"):
            return Reply("map", self.items("}", (":", ",")))
        if self.skip("unordered "):
            inner = self.value()
            return Reply("unordered", inner)
        if self.text[self.at:self.at + 1] == '"':
            return Reply("bulk", self.quoted())
        if self.skip("("):
            return self.parenthesis()
        if match := re.compile(r"-?\d+(?![\w.])").match(self.text, self.at):
            self.skip(match[0])
            return Reply("integer", int(match[0]))
        if match := WORD.match(self.text, self.at):
            self.skip(match[0])
            return Reply("simple", match[0].encode())
        return self.fail()

    def parenthesis(self):
        word = WORD.match(self.text, self.at)
        if not word:
            self.fail()
        self.skip(word[0])
        kind = word[0]
        if kind in ("error", "simple", "verbatim"):
            reply = Reply(kind, self.quoted())
        elif kind == "match":
            reply = Reply("regex", self.quoted().decode("utf-8"))
        elif kind in ("set", "push"):
            self.need("[")
            reply = Reply(kind, self.items("]"))
        elif kind in ("double", "big"):
            number = re.compile(r"[^)]+").match(self.text, self.at)[0]
            self.skip(number)
            reply = Reply(kind, number.encode())
        else:
            self.fail()
        self.need(")")
        return reply


def parse_expected(text):
    if text.startswith("(error) "):
        escaped = text[len("(error) "):].replace('"', '\\"')
        return Reply("error", read_quoted(f'"{escaped}"', 0)[0], text)
    if text.startswith("~ "):
        return Reply("regex", text[2:], text)
    parser = Parser(text)
    value = parser.value()
    if parser.at != len(text):
        parser.fail()
    return Reply(value.kind, value.value, text)


def matches(expected, got):
    if expected.kind == "any":
        return got.kind != "closed"
    if expected.kind == "regex":
        return re.fullmatch(expected.value, render(got), re.DOTALL) is not None
    if expected.kind == "unordered":
        return matches_in_any_order(expected.value, got)
    if expected.kind != got.kind:
        return False
    if expected.kind in ("set", "map"):
        return matches_in_any_order(expected, got)
    if isinstance(expected.value, list):
        return len(expected.value) == len(got.value) and all(map(matches, expected.value, got.value))
    return expected.kind == "nil" or expected.value == got.value


def matches_in_any_order(expected, got):
    """Every expected item claims one that is there, the first that fits; a map's pairs go together."""
    if expected.kind != got.kind or len(expected.value) != len(got.value):
        return False
    width = 2 if got.kind == "map" else 1
    left = [got.value[at:at + width] for at in range(0, len(got.value), width)]
    for at in range(0, len(expected.value), width):
        wanted = expected.value[at:at + width]
        found = next((item for item in left if all(map(matches, wanted, item))), None)
        if found is None:
            return False
        left.remove(found)
    return True
