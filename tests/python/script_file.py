"""Reads script tests: the text format of tests/scripts/*.test, which docs/testing.md describes."""
import pathlib
import re
from dataclasses import dataclass, field


class ScriptError(Exception):
    """A file that breaks the format, or a server that cannot be used."""


@dataclass
class Request:
    """What one `>` line sends (nothing, for a `<` line) and the replies expected after it."""

    line: int
    text: str
    connection: str
    form: str  # "command", "inline", "raw" or "nothing"
    arguments: str
    eventually: bool
    expected: list = field(default_factory=list)

    def blocks(self):
        return "(blocks)" in self.expected

    def bytes(self, variables):
        if self.form == "nothing":
            return b""
        if self.form == "inline":
            return expand(self.arguments, variables).encode("utf-8") + b"\r\n"
        parts = split_arguments(expand(self.arguments, variables))
        if self.form == "raw":
            return b"".join(parts)
        return encode(parts)


@dataclass
class Directive:
    line: int
    word: str
    argument: str


@dataclass
class Case:
    line: int
    title: str
    only: str | None
    resp: int
    needs: list
    steps: list = field(default_factory=list)

    def blocks(self, connection):
        return any(isinstance(s, Request) and s.connection == connection and s.blocks() for s in self.steps)


@dataclass
class Script:
    cases: list
    server_options: list


REQUEST = re.compile(r"^(?:(?P<name>[A-Za-z]\w*))?(?::(?P<form>raw|inline))?(?P<way>[><])(?: (?P<rest>.*))?$")
DIRECTIVE = re.compile(r"^(test|only|needs|resp|restart-with|eventually|close|let):(?: (.*))?$")
REPETITION = re.compile(r"\$\{([^{}*]+)\*(\d+)\}")
ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "a": b"\a", "b": b"\b"}


def encode(arguments):
    return b"*%d\r\n" % len(arguments) + b"".join(b"$%d\r\n%s\r\n" % (len(a), a) for a in arguments)


def expand(text, variables):
    """Replaces ${name} by a value that `let:` kept, and ${text*3} by texttexttext."""
    for name, value in variables.items():
        text = text.replace("${" + name + "}", value)
    return REPETITION.sub(lambda match: match[1] * int(match[2]), text)


def read_quoted(text, start):
    """The bytes of the quoted string that opens at text[start], and the position after it."""
    out, at = bytearray(), start + 1
    while at < len(text):
        if text[at] == '"':
            return bytes(out), at + 1
        if text[at] != "\\":
            out += text[at].encode("utf-8")
            at += 1
        elif re.match(r"x[0-9a-fA-F]{2}", text[at + 1:]):
            out.append(int(text[at + 2:at + 4], 16))
            at += 4
        else:
            out += ESCAPES.get(text[at + 1:at + 2], text[at + 1:at + 2].encode("utf-8"))
            at += 2
    raise ScriptError(f"a quote is not closed: {text}")


def split_arguments(text):
    """Words, or "quoted strings" with the escapes that redis-cli prints."""
    arguments, at = [], 0
    while at < len(text):
        if text[at] == " ":
            at += 1
        elif text[at] == '"':
            argument, at = read_quoted(text, at)
            arguments.append(argument)
        else:
            end = text.find(" ", at) if " " in text[at:] else len(text)
            arguments.append(text[at:end].encode("utf-8"))
            at = end
    return arguments


class Loader:
    """Builds a Script line by line. What stands before the first `test:` holds for the whole file."""

    def __init__(self):
        self.cases, self.server_options = [], []
        self.only, self.resp, self.needs = None, 2, []
        self.eventually = False
        self.request = None

    def line(self, number, text):
        if not text.strip() or text.startswith("#"):
            return
        request, directive = REQUEST.match(text), DIRECTIVE.match(text)
        if request:
            self.add_request(number, text, request)
        elif directive:
            self.directive(number, directive[1], directive[2] or "")
        elif text[0] == " " and self.request and self.request.expected:
            self.request.expected[-1] += " " + text.strip()
        elif self.request:
            self.request.expected.append(expand(text, {}))
        else:
            raise ScriptError(f"{number}: a reply without a request: {text}")

    def add_request(self, number, text, match):
        if not self.cases:
            raise ScriptError(f"{number}: a request before the first `test:`")
        form = "nothing" if match["way"] == "<" else match["form"] or "command"
        self.request = Request(number, text, match["name"] or "", form, match["rest"] or "", self.eventually)
        if form == "nothing" and match["rest"]:
            self.request.expected.append(match["rest"])
        self.eventually = False
        self.cases[-1].steps.append(self.request)

    def directive(self, number, word, argument):
        self.request = None
        scope = self.cases[-1] if self.cases else self
        if word == "test":
            self.cases.append(Case(number, argument, self.only, self.resp, list(self.needs)))
        elif word == "only":
            server, _, reason = argument.partition(" ")
            if server not in ("shoal", "redis", "sockets") or not reason:
                raise ScriptError(f"{number}: only: SERVER and the reason")
            scope.only = server
        elif word == "resp":
            scope.resp = int(argument)
        elif word == "needs":
            scope.needs += argument.split()
        elif word == "eventually":
            self.eventually = True
        elif word == "restart-with":
            if self.cases:
                raise ScriptError(f"{number}: restart-with: belongs before the first `test:`")
            self.server_options += [option.decode("utf-8") for option in split_arguments(argument)]
        else:
            scope.steps.append(Directive(number, word, argument))


def load(path):
    loader = Loader()
    for number, text in enumerate(pathlib.Path(path).read_text(encoding="utf-8").splitlines(), 1):
        try:
            loader.line(number, text)
        except ScriptError as error:
            raise ScriptError(f"{path}:{error}") from None
    return Script(loader.cases, loader.server_options)
