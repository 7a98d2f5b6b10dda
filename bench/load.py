"""What a request costs each server in CPU time, under redis-benchmark."""
import csv
import io
import shlex
import statistics
import subprocess
from dataclasses import dataclass

from servers import LIMIT, Server, ServerError, encode, send_all

KEYS = 1_000_000
VALUE = "x" * 64
GET = "GET key:__rand_int__"
SET = f"SET key:__rand_int__ {VALUE}"
MGET10 = "MGET" + 10 * " key:__rand_int__"


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    clients: int
    pipeline: int
    requests: int  # in one round: a second or more
    command: str
    aim: str  # what Shoal wants to reach

    def arguments(self, requests):
        return (f"-c {self.clients} -P {self.pipeline} -n {requests} -r {KEYS} ".split() + shlex.split(self.command))


CASES = [
    #    name         title                        clients pipeline requests command  aim
    Case("get_p1",    "GET",                            50,  1,   200_000, GET,    "1.06"),
    Case("set_p1",    "SET",                            50,  1,   200_000, SET,    "1.06"),
    Case("get_p16",   "GET, pipeline of 16",            50, 16, 1_500_000, GET,    "1.25"),
    Case("set_p16",   "SET, pipeline of 16",            50, 16, 1_500_000, SET,    "1.40"),
    Case("get_p64",   "GET, pipeline of 64",            50, 64, 3_000_000, GET,    "1.60"),
    Case("set_p64",   "SET, pipeline of 64",            50, 64, 3_000_000, SET,    "1.90"),
    Case("mget10_p1", "MGET of 10 keys",                50,  1,   100_000, MGET10, "1.30"),
]
THREAD_CASES = [
    Case("threads_get_p16", "GET, pipeline of 16", 50, 16, 1_500_000, GET, "1.25"),
    Case("threads_set_p16", "SET, pipeline of 16", 50, 16, 1_500_000, SET, "1.25"),
    Case("threads_get_p64", "GET, pipeline of 64", 50, 64, 3_000_000, GET, "1.25"),
    Case("threads_set_p64", "SET, pipeline of 64", 50, 64, 3_000_000, SET, "1.25"),
]
ONE_CLIENT_CASES = [
    Case("one_client_get", "GET, one client", 1, 1, 50_000, GET, "0.95"),
    Case("one_client_set", "SET, one client", 1, 1, 50_000, SET, "0.95"),
]


@dataclass(frozen=True)
class Sample:
    """What one run of redis-benchmark showed; or the medians of several, each figure's for itself."""

    requests_per_second: float
    cpu_microseconds: float  # of the server, for each request
    p99_milliseconds: float

    @staticmethod
    def median(samples):
        return Sample(*(statistics.median(figures) for figures in
                        zip(*((s.requests_per_second, s.cpu_microseconds, s.p99_milliseconds) for s in samples))))


def parse_csv(text):
    """Requests a second and the 99th percentile in milliseconds, from redis-benchmark --csv."""
    rows = list(csv.DictReader(io.StringIO(text[text.find('"test"'):])))
    if len(rows) != 1:
        raise ServerError(f"redis-benchmark says: {text[-300:]!r}")
    return float(rows[0]["rps"]), float(rows[0]["p99_latency_ms"])


def run_redis_benchmark(server, case, cpus, requests):
    command = ["taskset", "-c", cpus, "redis-benchmark", "-p", str(server.port), "--csv"] + case.arguments(requests)
    before = server.cpu_seconds()
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    used = server.cpu_seconds() - before
    if result.returncode != 0:
        raise ServerError(f"redis-benchmark against {server.name}: {result.stderr[-300:]}")
    requests_per_second, p99 = parse_csv(result.stdout)
    return Sample(requests_per_second, used / requests * 1e6, p99)


def fill(server):
    """Every key that the cases ask for."""
    with server.connect() as connection:
        value = VALUE.encode()
        send_all(connection, (encode("SET", b"key:%012d" % i, value) for i in range(KEYS)), 1000)


def measure(servers, cases, load_cpus, rounds, scale):
    """{case name: {label: Sample}} of running servers given by label: medians over rounds, in which they take turns, so
    that what else happens on the machine hits all alike."""
    for label, server in servers.items():
        if server.name != LIMIT:
            print(f"filling {label} with {KEYS:,} keys", flush=True)
            fill(server)
    results = {}
    for case in cases:
        samples = {label: [] for label in servers}
        for _ in range(rounds):
            for label, server in servers.items():
                samples[label].append(run_redis_benchmark(server, case, load_cpus, int(case.requests * scale)))
        results[case.name] = {label: Sample.median(taken) for label, taken in samples.items()}
        print_case(case, results[case.name])
    return results


def print_case(case, by_label):
    base = next(iter(by_label.values()))
    for label, sample in by_label.items():
        print(f"{case.name:16} {label:14} {sample.requests_per_second:12,.0f} requests/s "
              f"{sample.cpu_microseconds:8.3f} us CPU  p99 {sample.p99_milliseconds:7.3f} ms   requests/s x"
              f"{sample.requests_per_second / base.requests_per_second:.2f}  CPU x"
              f"{sample.cpu_microseconds / base.cpu_microseconds:.2f}", flush=True)


def start_all(stack, specs, cpus):
    """Starts each of the specs, a list of (label, ServerSpec, threads), for as long as the ExitStack lives."""
    return {label: stack.enter_context(Server(spec, cpus, threads)) for label, spec, threads in specs}
