#!/usr/bin/python3
"""What a user of redis-py does. Run by run_client.py with the server's port."""
import sys

import redis

PORT = int(sys.argv[1])
BIG = bytes(range(256)) * (32 * 1024 * 1024 // 256)


def connect(**options):
    return redis.Redis(port=PORT, **options)


def test_strings_keys_and_expiry():
    client = connect(decode_responses=True)
    assert client.ping()
    assert client.set("a", "1", ex=1000) and client.get("a") == "1"
    assert 990 < client.ttl("a") <= 1000
    assert client.mset({"b": "2", "c": "3"}) and client.mget("a", "b", "nothing") == ["1", "2", None]
    assert client.incrby("counter", 5) == 5 and client.incrbyfloat("real", 1.5) == 1.5
    assert client.delete("a", "b", "nothing") == 2
    assert sorted(client.scan_iter(match="c*")) == ["c", "counter"]
    assert client.rename("c", "d") and client.exists("c", "d") == 1
    assert client.info("server")["server_name"] == "shoal"
    assert client.config_get("maxmemory")["maxmemory"] == "0"


def test_errors_are_raised_as_their_kinds():
    client = connect()
    client.set("text", "abc")
    try:
        client.incr("text")
        raise AssertionError("INCR of a text went through")
    except redis.ResponseError as error:
        assert str(error) == "value is not an integer or out of range", error


def test_a_pipeline_returns_every_reply_in_order():
    client = connect()
    pipeline = client.pipeline(transaction=False)
    for number in range(10_000):
        pipeline.set(f"key:{number}", number)
        pipeline.get(f"key:{number}")
    replies = pipeline.execute()
    assert replies == [item for number in range(10_000) for item in (True, str(number).encode())]


def test_transactions_and_watch():
    client, other = connect(), connect()
    client.set("stock", 10)
    with client.pipeline() as pipeline:
        pipeline.watch("stock")
        left = int(pipeline.get("stock"))
        pipeline.multi()
        pipeline.set("stock", left - 1).incr("sold")
        assert pipeline.execute() == [True, 1]
    with client.pipeline() as pipeline:
        pipeline.watch("stock")
        other.set("stock", 0)
        pipeline.multi()
        pipeline.incr("sold")
        try:
            pipeline.execute()
            raise AssertionError("EXEC ran though a watched key had changed")
        except redis.WatchError:
            pass
    assert client.get("sold") == b"1"
    assert client.transaction(lambda p: p.multi() or p.incr("sold"), "stock") == [2]


def test_reconnects_after_being_killed():
    client, killer = connect(), connect()
    client.set("here", "still")
    number = client.client_id()
    killer.client_kill_filter(_id=number)
    assert client.get("here") == b"still"
    assert client.client_id() != number


def test_a_value_of_32_megabytes_both_ways():
    client = connect()
    assert client.set("big", BIG) and client.strlen("big") == len(BIG)
    assert client.get("big") == BIG
    assert client.getrange("big", 255, 257) == b"\xff\x00\x01"
    client.delete("big")


def main():
    tests = [test for name, test in sorted(globals().items()) if name.startswith("test_")]
    for test in tests:
        connect().flushall()
        try:
            test()
        except Exception:
            print(f"{test.__name__}:", file=sys.stderr)
            raise
    print(f"{len(tests)} tests with redis-py {redis.__version__}")


main()
