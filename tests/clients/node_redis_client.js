// What a user of npm's redis does. Run by run_client.py as ioredis_client.js is.
'use strict';
const assert = require('assert');
const path = require('path');
const [port, modules] = [Number(process.argv[2]), process.argv[3]];
const { createClient, commandOptions, WatchError } = require(path.join(modules, 'redis'));

const big = Buffer.alloc(32 * 1024 * 1024, 'shoal 0123456789');
async function connect() {
  const client = createClient({ socket: { port, reconnectStrategy: 1 } });
  client.on('error', () => {}); // Losing the connection is part of a test.
  await client.connect();
  return client;
}

const tests = {
  async 'strings, keys and expiry'(client) {
    assert.equal(await client.set('a', '1', { EX: 1000 }), 'OK');
    assert.ok((await client.ttl('a')) > 990);
    await client.mSet({ b: '2', c: '3' });
    assert.deepEqual(await client.mGet(['a', 'b', 'nothing']), ['1', '2', null]);
    assert.equal(await client.del(['a', 'b', 'nothing']), 2);
    const found = [];
    for await (const key of client.scanIterator({ MATCH: 'c*' })) found.push(key);
    assert.deepEqual(found, ['c']);
  },
  async 'requests of one turn of the event loop keep their order'(client) {
    const replies = await Promise.all(Array.from({ length: 5000 }, (_, n) => client.incrBy('sum', n)));
    assert.equal(replies.at(-1), 12497500);
  },
  async 'transactions and WATCH'(client) {
    const other = await connect();
    assert.deepEqual(await client.multi().set('x', '1').incr('y').exec(), ['OK', 1]);
    await client.watch(['x', 'y']);
    await other.set('y', '7');
    await assert.rejects(client.multi().set('x', '2').exec(), WatchError);
    assert.equal(await client.get('x'), '1');
    await other.quit();
  },
  async 'reconnects after being killed'(client) {
    const killed = await connect();
    const id = await killed.clientId();
    await killed.set('here', 'still');
    const again = new Promise((resolve) => killed.once('ready', resolve));
    assert.equal(await client.sendCommand(['CLIENT', 'KILL', 'ID', String(id)]), 1);
    await again;
    assert.equal(await killed.get('here'), 'still');
    assert.notEqual(await killed.clientId(), id);
    await killed.quit();
  },
  async 'a value of 32 MB both ways'(client) {
    assert.equal(await client.set('big', big), 'OK');
    assert.ok((await client.get(commandOptions({ returnBuffers: true }), 'big')).equals(big));
  },
};

(async () => {
  for (const [name, test] of Object.entries(tests)) {
    const client = await connect();
    try {
      await client.flushAll();
      await test(client);
    } catch (error) {
      console.error(`${name}:`, error);
      process.exit(1);
    }
    await client.quit();
  }
  console.log(`${Object.keys(tests).length} tests with npm's redis`);
})();
