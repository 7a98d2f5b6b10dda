"""How much resident memory a key takes in each server."""
import time

from servers import Server, encode, send_all

KEYS = 1_000_000
SETTLE_SECONDS = 1.0  # Allocators give back, and background threads tidy up.

V64 = b"v" * 64
V512 = b"s" * 512
CASES = {
    # name: (what it is, aim in bytes a key, request number i)
    "str16_int":    ("16-byte key, an integer",               48, lambda i: encode("SET", b"key:%012d" % i, i)),
    "str16_v8":     ("16-byte key, 8-byte value",             54,
                     lambda i: encode("SET", b"key:%012d" % i, b"val%05d" % (i % 100_000))),
    "str16_v64":    ("16-byte key, 64-byte value",           108, lambda i: encode("SET", b"key:%012d" % i, V64)),
    "str16_v64_ex": ("16-byte key, 64-byte value, deadline", 128,
                     lambda i: encode("SET", b"key:%012d" % i, V64, "EX", 100_000)),
    "str32_v512":   ("32-byte key, 512-byte value",          575, lambda i: encode("SET", b"session:%024d" % i, V512)),
}


def bytes_per_key(spec, cpus, request):
    """Of a server that has just started and is then given KEYS keys."""
    with Server(spec, cpus) as server:
        time.sleep(SETTLE_SECONDS / 2)
        before = server.resident_bytes()
        with server.connect() as connection:
            send_all(connection, map(request, range(KEYS)), 1000)
        time.sleep(SETTLE_SECONDS)
        return (server.resident_bytes() - before) / KEYS


def measure(specs, cpus, names):
    """{case name: {server name: bytes a key}}"""
    results = {}
    for name in names:
        results[name] = {spec.name: bytes_per_key(spec, cpus, CASES[name][2]) for spec in specs}
        print(f"{name:16} " + "  ".join(f"{server} {size:.1f} B" for server, size in results[name].items()), flush=True)
    return results
