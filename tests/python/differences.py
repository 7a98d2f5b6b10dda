"""Random requests, and where two servers' replies to them may differ."""
import random

# What is not sent: it ends or changes the server, reveals it, or answers by chance; the scripts look at those.
LEFT_OUT = {
    b"shutdown", b"debug", b"info", b"time", b"monitor", b"lolwut", b"auth", b"acl", b"module", b"failover", b"replicaof",
    b"slaveof", b"save", b"bgsave", b"bgrewriteaof", b"psync", b"sync", b"replconf", b"subscribe", b"psubscribe", b"lastsave",
    b"role", b"cluster", b"wait", b"object|help", b"object|idletime", b"object|freq", b"sort", b"sort_ro",
    b"object|refcount",  # Redis counts how often its own code refers to the object at the moment.
    b"client|id", b"client|info", b"client|list", b"client|help", b"client|pause", b"client|tracking",
    b"client|reply",  # leaves replies out: the test of the session's choices has it
    b"config|help", b"config|rewrite", b"command|count", b"command|docs", b"command|help", b"command|info",
    b"command|list", b"latency|doctor", b"latency|help", b"latency|histogram", b"memory|doctor", b"memory|help",
    b"memory|malloc-stats", b"memory|stats", b"slowlog|help", b"slowlog|len",
}
# Commands for people and tools come less often than those that work on keys.
RARE = {b"flushall": 0.05, b"flushdb": 0.1, b"swapdb": 0.3, b"select": 0.3, b"move": 0.5, b"exec": 2, b"watch": 1,
        b"quit": 0.03, b"reset": 0.1, b"hello": 0.2, b"config|resetstat": 0.1}
RARE_CONTAINERS = {b"client": 0.3, b"config": 0.3, b"latency": 0.1, b"memory": 0.2, b"slowlog": 0.1}
# Only the kind of the reply must agree, unless it is an error.
KIND_ONLY = {b"HELLO", b"RANDOMKEY", b"MEMORY USAGE", b"SLOWLOG GET"}
# Milliseconds by which times may differ: the servers run one after the other.
TOLERANCE = {b"TTL": 5, b"PTTL": 5000, b"EXPIRETIME": 5, b"PEXPIRETIME": 5000}
UNORDERED = {b"KEYS"}

KEYS = [b"a", b"b", b"c", b"d", b"{t}1", b"{t}2", b"key:1", b"key:22", b"key:333", b"", b"bin\x00\xff\r\n"]
INTEGERS = [b"0", b"1", b"-1", b"2", b"3", b"5", b"10", b"100", b"-10", b"1000000", b"2147483648", b"9223372036854775807",
            b"-9223372036854775808", b"9223372036854775808", b"007", b"+1", b" 1", b"1 ", b"1.5", b"abc", b""]
SMALL_INTEGERS = [b"0", b"1", b"-1", b"2", b"3", b"5", b"7", b"10", b"-10", b"100", b"1000", b"-1000"]
REALS = [b"0", b"1.5", b"-2.25", b"3.0e3", b"1e400", b"nan", b"inf", b"-inf", b"abc", b"0.1", b"1e-5", b"10000000000000000000",
         b"3.14159265358979", b"", b" 1"]
VALUES = [b"", b"x", b"hello world", b"12345", b"-7", b"007", b"3.0", b"0.1", b"10000000000000000000", b"\x00\xff\r\n", b"y" * 44,
          b"y" * 45, b"z" * 300, b"ohmytext", b"mynewtext"]
PATTERNS = [b"*", b"a*", b"?", b"[a-c]", b"key:*", b"[^a]*", b"\\*", b"", b"*[", b"{t}?"]
# Nothing here falls due while a sequence runs.
SPANS = [b"100000", b"100000000", b"4102444800", b"0", b"-1", b"-100000", b"9223372036854775807", b"9223372036854775",
         b"abc", b"1.5"]
# SET with a deadline in the past leaves a key that counts until somebody looks, which is a race in Redis too.
FUTURE = [b"4102444800000", b"4102444800001", b"9223372036854775807", b"abc"]
MOMENTS = [b"4102444800", b"4102444800000", b"1", b"0", b"-1", b"1000000", b"9223372036854775807", b"abc", b"9999999999999999"]
DATABASES = [b"0", b"0", b"1", b"2", b"15", b"16", b"-1", b"abc"]
# Options whose present value both servers know, as every round begins with them.
OPTIONS = {b"lfu-log-factor": b"10", b"lfu-decay-time": b"1", b"slowlog-max-len": b"128", b"maxmemory-samples": b"5",
           b"maxmemory-policy": b"noeviction", b"lazyfree-lazy-user-del": b"no"}
OPTION_NAMES = [*OPTIONS, b"databases", b"no-such-option", b"", b"LFU-Log-Factor"]
OPTION_VALUES = [b"0", b"1", b"7", b"-1", b"yes", b"no", b"allkeys-lru", b"noeviction", b"abc", b"", b"1.5", b"3mb"]
# CLIENT KILL with options that are wrong, or fit nobody.
KILLS = [[b"1.2.3.4:5"], [b""], [b"ADDR", b"1.2.3.4:5"], [b"ADDR", b""], [b"LADDR", b"1.2.3.4:5"], [b"ID", b"999999999"],
         [b"ID", b"0"], [b"ID", b"abc"], [b"TYPE", b"master"], [b"TYPE", b"replica"], [b"TYPE", b"nonsense"], [b"USER", b"nobody"],
         [b"ID", b"999999999", b"SKIPME", b"no"], [b"ID", b"999999999", b"SKIPME", b"maybe"], [b"NONSENSE", b"x"],
         [b"ADDR", b"1.2.3.4:5", b"ID"]]


class Generator:
    """Makes requests from the arguments that COMMAND DOCS describes."""

    def __init__(self, rows, rng):
        self.rows, self.rng = rows, rng
        self.names = sorted(rows)
        self.weights = [RARE.get(name, RARE_CONTAINERS.get(name.split(b"|")[0], 1)) for name in self.names]
        # Commands that COMMAND DOCS says too little about.
        self.makers = {b"scan": self.whole_scan, b"client|kill": self.kill, b"config|get": self.config_get,
                       b"config|set": self.config_set, b"command|getkeys": self.other_request,
                       b"command|getkeysandflags": self.other_request}

    def request(self):
        name = self.rng.choices(self.names, self.weights)[0]
        request = name.upper().split(b"|")
        if name in self.makers:
            request += self.makers[name]()
        else:
            request += self.arguments(name)
        if self.rng.random() < 0.08:
            self.damage(request)
        if self.rng.random() < 0.1:
            request[0] = request[0].lower()
        return request

    def arguments(self, name):
        return [word for argument in self.rows[name].get(b"arguments", []) for word in self.argument(name, argument)]

    def whole_scan(self):
        """All keys in one step, so that neither the order nor the cursors in between can be seen; or a mistake."""
        # No cursor that a server did not give: what it means is each server's own affair.
        cursor = self.rng.choices([b"0", b"abc", b""], [20, 1, 1])[0]
        words = [cursor, b"COUNT", self.rng.choices([b"100000", b"0", b"-1", b"abc"], [20, 1, 1, 1])[0]]
        if self.rng.random() < 0.5:
            words += [b"MATCH", self.rng.choice(PATTERNS)]
        if self.rng.random() < 0.3:
            words += [b"TYPE", self.rng.choice([b"string", b"STRING", b"list", b"nonsense"])]
        return words

    def kill(self):
        return self.rng.choice(KILLS)

    def config_get(self):
        return [self.rng.choice(OPTION_NAMES)]

    def config_set(self):
        return [word for _ in range(self.rng.choice([1, 1, 2]))
                for word in (self.rng.choice(OPTION_NAMES), self.rng.choice(OPTION_VALUES))]

    def other_request(self):
        name = self.rng.choice(self.names)
        return [*name.upper().split(b"|"), *self.arguments(name)]

    def argument(self, name, spec):
        flags = spec.get(b"flags", [])
        if b"optional" in flags and self.rng.random() < 0.6:
            return []
        times = self.rng.choice([1, 1, 2, 3]) if b"multiple" in flags else 1
        words = []
        for number in range(times):
            if b"token" in spec and spec[b"type"] != b"pure-token" and (number == 0 or b"multiple_token" in flags):
                words.append(self.any_case(spec[b"token"]))
            words += self.one(name, spec)
        return words

    def one(self, name, spec):
        kind, what = spec[b"type"], spec[b"name"].lower()
        if kind == b"pure-token":
            return [self.any_case(spec[b"token"])]
        if kind == b"oneof":
            return self.argument(name, self.rng.choice(spec[b"arguments"]))
        if kind == b"block":
            return [word for part in spec[b"arguments"] for word in self.argument(name, part)]
        return [self.rng.choice(self.pool(name, kind, what))]

    def pool(self, name, kind, what):
        if kind == b"key":
            return KEYS
        if kind == b"unix-time":
            return FUTURE if name == b"set" else MOMENTS
        if kind == b"pattern":
            return PATTERNS
        if kind == b"double":
            return REALS
        if kind == b"integer":
            if what in (b"seconds", b"milliseconds"):
                return SPANS
            if what in (b"index", b"index1", b"index2", b"db", b"destination-db", b"destination"):
                return DATABASES
            # An offset may ask for a string of half a gigabyte.
            return SMALL_INTEGERS if what in (b"offset", b"start", b"end") else INTEGERS
        if name in (b"select", b"move", b"swapdb"):
            return DATABASES
        return VALUES

    def any_case(self, token):
        return token.lower() if self.rng.random() < 0.2 else token

    def damage(self, request):
        """Makes a mistake such as clients make: a word too few, too many, or another one."""
        if request[0] == b"SCAN":
            return  # Another word might be a cursor; whole_scan() makes mistakes of its own.
        at = self.rng.randrange(len(request))
        kind = self.rng.randrange(4)
        if kind == 0 and len(request) > 1:
            del request[at]
            if request[0].lower() in LEFT_OUT:  # FLUSHALL SYNC without its name would be another command
                request.insert(0, b"PING")
        elif kind == 1:
            request.insert(at + 1, self.rng.choice([b"NX", b"XX", b"GET", b"EX", b"x", b"", b"1"]))
        elif kind == 2:
            request.append(self.rng.choice(VALUES))
        elif at > 0:
            request[at] = self.rng.choice(VALUES)

    def sequence(self, mode):
        """A list of (connection, request); in mode "multi" the requests come in transactions."""
        length = self.rng.randrange(5, 60)
        connections = 2 if mode == "plain" else 1
        sequence = [(self.rng.randrange(connections), self.request()) for _ in range(length)]
        if mode != "multi":
            return sequence
        out = []
        while sequence:
            count = self.rng.randrange(1, 8)
            out += [(0, [b"MULTI"]), *sequence[:count], (0, [b"EXEC"])]
            sequence = sequence[count:]
        return out


def to_python(reply):
    """COMMAND DOCS as dictionaries, lists and bytes: RESP2's flat arrays become maps where names stand."""
    if reply.kind in ("array", "set"):
        return [to_python(item) for item in reply.value]
    if reply.kind == "map":
        values = [to_python(item) for item in reply.value]
        return dict(zip(values[::2], values[1::2]))
    return reply.value


def rows_of(docs):
    """Commands and subcommands by name (b"object|encoding"), from COMMAND DOCS in RESP3."""
    rows = {}
    for name, row in docs.items():
        for subname, subrow in row.get(b"subcommands", {}).items():
            rows[subname] = subrow
        if b"subcommands" not in row:
            rows[name] = row
    return rows


def same(request, ours, theirs):
    """Whether two replies to a request agree, as far as they must."""
    name = request[0].upper() if request else b""
    if ours.kind != theirs.kind:
        return False
    if {name, b" ".join(request[:2]).upper()} & KIND_ONLY and ours.kind != "error":
        return True
    if name in (b"EXPIRE", b"PEXPIRE") and {b"GT", b"LT"} & {word.upper() for word in request[3:]} and ours.kind == "integer":
        return True  # The same span, given a moment later, ends later.
    if name == b"SCAN" and ours.kind == "array":
        return equal(ours.value[0], theirs.value[0]) and same([b"KEYS"], ours.value[1], theirs.value[1])
    if name in TOLERANCE and ours.kind == "integer":
        return ours.value == theirs.value or (min(ours.value, theirs.value) > 0 and
                                              abs(ours.value - theirs.value) <= TOLERANCE[name])
    if name in UNORDERED and ours.kind == "array":
        return sorted(item.value for item in ours.value) == sorted(item.value for item in theirs.value)
    return equal(ours, theirs)


def equal(ours, theirs):
    if ours.kind != theirs.kind:
        return False
    if ours.kind == "map":
        return unordered_pairs(ours) == unordered_pairs(theirs)
    if isinstance(ours.value, list):
        return len(ours.value) == len(theirs.value) and all(map(equal, ours.value, theirs.value))
    return ours.kind == "nil" or ours.value == theirs.value


def unordered_pairs(reply):
    return sorted((repr(reply.value[at]), repr(reply.value[at + 1])) for at in range(0, len(reply.value), 2))


def same_in_transaction(queued, ours, theirs):
    """EXEC's replies, each by the rule of its command."""
    if ours.kind != "array" or theirs.kind != "array" or len(ours.value) != len(theirs.value):
        return equal(ours, theirs)
    if len(queued) != len(ours.value):
        return equal(ours, theirs)
    return all(map(same, queued, ours.value, theirs.value))


def shrink(sequence, still_fails, attempts_max=400):
    """Delta debugging (Zeller and Hildebrandt 2002): leaves out what the failure does not need."""
    attempts, pieces = 0, 2
    while len(sequence) > 1 and attempts < attempts_max:
        size = max(1, len(sequence) // pieces)
        for start in range(0, len(sequence), size):
            shorter = sequence[:start] + sequence[start + size:]
            attempts += 1
            if shorter and still_fails(shorter):
                sequence, pieces = shorter, max(pieces - 1, 2)
                break
        else:
            if size == 1:
                break
            pieces = min(len(sequence), pieces * 2)
    return sequence


def seeded(seed):
    return random.Random(seed)
