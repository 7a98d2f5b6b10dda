// What a user of ioredis does. Run by run_client.py with the server's port and the folder of npm's packages.
'use strict';
const assert = require('assert');
const path = require('path');
const [port, modules] = [Number(process.argv[2]), process.argv[3]];
const Redis = require(path.join(modules, 'ioredis'));

const big = Buffer.alloc(32 * 1024 * 1024, 'shoal 0123456789');
const connect = (options) => new Redis({ port, ...options });

const tests = {
  async 'strings, keys and expiry'(client) {
    assert.equal(await client.ping(), 'PONG');
    assert.equal(await client.set('a', '1', 'EX', 1000), 'OK');
    assert.equal(await client.get('a'), '1');
    assert.ok((await client.ttl('a')) > 990);
    await client.mset({ b: '2', c: '3' });
    assert.deepEqual(await client.mget('a', 'b', 'nothing'), ['1', '2', null]);
    assert.equal(await client.del('a', 'b', 'nothing'), 2);
    const found = [];
    for await (const keys of client.scanStream({ match: 'c*' })) found.push(...keys);
    assert.deepEqual(found, ['c']);
  },
  async 'a pipeline returns every reply in order'(client) {
    const pipeline = client.pipeline();
    for (let n = 0; n < 5000; ++n) pipeline.set(`key:${n}`, n).get(`key:${n}`);
    const replies = await pipeline.exec();
    replies.forEach(([error, reply], at) => assert.equal(error || reply, at % 2 === 0 ? 'OK' : String((at - 1) / 2)));
  },
  async 'requests of one turn of the event loop are pipelined'() {
    const client = connect({ enableAutoPipelining: true });
    const replies = await Promise.all(Array.from({ length: 1000 }, (_, n) => client.incrby('sum', n)));
    assert.equal(replies.at(-1), 499500);
    client.disconnect();
  },
  async 'transactions and WATCH'(client) {
    const other = connect();
    assert.deepEqual(await client.multi().set('x', '1').incr('y').exec(), [[null, 'OK'], [null, 1]]);
    await client.watch('x', 'y');
    await other.set('y', '7');
    assert.equal(await client.multi().set('x', '2').exec(), null);
    assert.equal(await client.get('x'), '1');
    await client.set('text', 'abc');
    const [[wrong], [, right]] = await client.multi().incr('text').get('x').exec();
    assert.match(wrong.message, /not an integer/);
    assert.equal(right, '1');
    other.disconnect();
  },
  async 'reconnects after being killed'(client) {
    const killed = connect();
    const id = await killed.client('ID');
    await killed.set('here', 'still');
    assert.equal(await client.client('KILL', 'ID', id), 1);
    assert.equal(await killed.get('here'), 'still');
    assert.notEqual(await killed.client('ID'), id);
    killed.disconnect();
  },
  async 'a value of 32 MB both ways'(client) {
    assert.equal(await client.set('big', big), 'OK');
    assert.equal(await client.strlen('big'), big.length);
    assert.ok((await client.getBuffer('big')).equals(big));
  },
};

(async () => {
  for (const [name, test] of Object.entries(tests)) {
    const client = connect();
    try {
      await client.flushall();
      await test(client);
    } catch (error) {
      console.error(`${name}:`, error);
      process.exit(1);
    }
    client.disconnect();
  }
  console.log(`${Object.keys(tests).length} tests with ioredis`);
})();
