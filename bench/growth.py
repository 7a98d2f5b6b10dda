"""How long a request waits while the table under it grows: one connection fills the server, another sends a GET every
millisecond and remembers its worst moment.

The figure includes whatever the machine does to the two processes. That is why the limit server, which has no table, goes
through the same: a difference from it is the server's own doing. The asking process runs with real-time priority if it may,
because it shares its CPU with the filling one. A server that knows the longest turn of its loop (INFO longest_turn_us) is
asked for that too."""
import gc
import multiprocessing
import os
import time
from dataclasses import dataclass

from servers import LIMIT, Server, encode, send_all

PERIOD_NANOSECONDS = 1_000_000
PIPELINE = 64
KINDS = {
    # name: (what it is, a key's name)
    "growth":          ("keys in all slots", b"key:%012d"),
    "growth_one_slot": ("keys in one slot",  b"{slot}:%09d"),
}


@dataclass(frozen=True)
class Growth:
    worst_microseconds: float
    p99_microseconds: float
    over_2ms: int
    asked: int
    longest_turn_microseconds: float | None  # as the server says; None: it does not know


def ask_until_stopped(server, cpus, stopping, results):
    """In a process of its own: the time that each GET took, in nanoseconds."""
    os.sched_setaffinity(0, {int(cpu) for cpu in cpus.split(",")})
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    except PermissionError:
        print("no permission for real-time priority: latencies include waiting for the CPU", flush=True)
    gc.disable()
    request = encode("GET", "asked")
    times = []
    with server.connect() as connection:
        next_at = time.monotonic_ns()
        while not stopping.is_set():
            next_at = max(next_at + PERIOD_NANOSECONDS, time.monotonic_ns())
            time.sleep(max(0, next_at - time.monotonic_ns()) / 1e9)
            begin = time.monotonic_ns()
            connection.sendall(request)
            while not connection.recv(4096).endswith(b"\n"):
                pass
            times.append(time.monotonic_ns() - begin)
    times.sort()
    results.send((times[-1], times[len(times) * 99 // 100], sum(t > 2_000_000 for t in times), len(times)))


def grow(spec, server_cpus, load_cpus, key, keys):
    with Server(spec, server_cpus) as server:
        server.ask("SET", "asked", "x")
        if spec.name != LIMIT:
            server.ask("CONFIG", "RESETSTAT")
        stopping = multiprocessing.Event()
        receiver, sender = multiprocessing.Pipe(duplex=False)
        asking = multiprocessing.Process(target=ask_until_stopped, args=(server, load_cpus, stopping, sender))
        own_cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {int(cpu) for cpu in load_cpus.split(",")})
        asking.start()
        sender.close()
        try:
            with server.connect() as connection:
                request = b"*3\r\n$3\r\nSET\r\n$16\r\n" + key + b"\r\n$8\r\n%08d\r\n"
                send_all(connection, (request % (i, i % 100_000_000) for i in range(keys)), PIPELINE)
        finally:
            stopping.set()
            worst, p99, over, asked = receiver.recv()
            asking.join()
            os.sched_setaffinity(0, own_cpus)
        turn = server.info("longest_turn_us")
        return Growth(worst / 1e3, p99 / 1e3, over, asked, float(turn) if turn else None)


def measure(specs, server_cpus, load_cpus, kinds, keys):
    """{kind: {server name: Growth}}"""
    results = {}
    for kind in kinds:
        results[kind] = {}
        for spec in specs:
            growth = grow(spec, server_cpus, load_cpus, KINDS[kind][1], keys)
            results[kind][spec.name] = growth
            turn = growth.longest_turn_microseconds
            print(f"{kind:16} {spec.name:14} worst GET {growth.worst_microseconds:9,.0f} us  "
                  f"p99 {growth.p99_microseconds:7,.0f} us  over 2 ms {growth.over_2ms} of {growth.asked:,}"
                  + (f"  longest turn {turn:,.0f} us" if turn is not None else ""), flush=True)
    return results
