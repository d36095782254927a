import assert from 'node:assert/strict';
import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { askSqlite } from '../server/ledger/ask-sqlite.ts';
import { Fleet } from './fleet.ts';
import { runCommand } from './program.ts';

describe('a server that starts', () => {
  it('is refused a ledger that another server uses, and the other goes on', async (context) => {
    const fleet = await Fleet.start(context);
    const other = `${fleet.server.config}.other`;
    const text = await readFile(fleet.server.config, 'utf8');
    await writeFile(other, text.replace('admin.sock', 'other.sock').replace(/^port = .*/m, 'port = 0'));
    const { code, stderr } = await runCommand('server', ['run', '--config', other]);
    assert.deepEqual([code, /\[server\] database: another server uses it/.test(stderr)], [75, true], stderr);
    assert.equal((await fleet.server.command('ban', '203.0.113.1', '--ttl', '1h')).code, 0);
    await fleet.blocks(['203.0.113.1']);
  });

  it('names a ban whose row was changed, does not ban what it says now, and takes nothing off that was in force', async (context) => {
    const fleet = await Fleet.start(context);
    for (const address of ['203.0.113.1', '203.0.113.2']) {
      assert.equal((await fleet.server.command('ban', address, '--ttl', '1h')).code, 0);
    }
    await fleet.blocks(['203.0.113.1', '203.0.113.2']);
    await fleet.server.stop();
    const ledger = join(dirname(fleet.server.config), 'ledger.db');
    askSqlite(ledger, "UPDATE history SET network = '203.0.113.9' WHERE network = '203.0.113.1'");
    await fleet.server.start();
    await fleet.blocks(['203.0.113.1', '203.0.113.2']);
    const said = /the ban of 203\.0\.113\.9 by operator in jail \S+, change 1 of .* UTC: is not as it was written/;
    assert.match((await fleet.server.command('status')).stdout, said);
    assert.match((await fleet.server.command('doctor')).stdout, said);
    assert.equal((await fleet.server.command('ban', '203.0.113.5', '--ttl', '1h')).code, 0);
    await fleet.blocks(['203.0.113.1', '203.0.113.2', '203.0.113.5']);
    assert.match((await fleet.server.command('accept-loss')).stdout, said);
    assert.doesNotMatch((await fleet.server.command('status')).stdout, said);
  });

  it('puts no new ban into force when a whitelist entry was changed, until the operator accepts it', async (context) => {
    const fleet = await Fleet.start(context);
    const { server } = fleet;
    for (const args of [
      ['allow', 'add', '198.51.100.7'],
      ['ban', '203.0.113.1', '--ttl', '1h'],
    ])
      assert.equal((await server.command(...args)).code, 0);
    await fleet.blocks(['203.0.113.1']);
    await server.stop();
    const ledger = join(dirname(server.config), 'ledger.db');
    askSqlite(ledger, "UPDATE whitelist SET network = '198.51.100.8'");
    await server.start();
    const ban = await server.command('ban', '198.51.100.7', '--ttl', '1h');
    assert.deepEqual([ban.code, /held back: the ledger has lost/.test(ban.stdout)], [0, true], ban.stdout);
    await server.command('reconcile');
    fleet.assertBlocks(['203.0.113.1']);
    assert.match((await server.command('status')).stdout, /198\.51\.100\.8: is not .*NO NEW BAN IS PUT INTO FORCE/);
    assert.match((await server.command('doctor')).stdout, /no new one is put into force until accept-loss/);
    assert.match((await server.command('bans')).stdout, /198\.51\.100\.7 .*held back: the ledger has lost/);
    assert.equal((await server.command('accept-loss')).code, 0);
    await fleet.blocks(['198.51.100.7', '203.0.113.1']);
  });

  it('makes a backup while it runs, which starts elsewhere with the same bans; both refuse what they must', async (context) => {
    const fleet = await Fleet.start(context);
    const { server } = fleet;
    for (const address of ['203.0.113.1', '203.0.113.4']) {
      assert.equal((await server.command('ban', address, '--ttl', '1h')).code, 0);
    }
    const ledger = join(dirname(server.config), 'ledger.db');
    const copy = join(dirname(server.config), 'copy.db');
    const made = await server.command('backup', copy);
    assert.match(made.stdout, /copy\.db: 2 reports, 0 clients, .*keys of all hosts/, made.stderr);
    const again = await server.command('backup', copy);
    assert.deepEqual([again.code, /is there already/.test(again.stderr)], [64, true], again.stderr);
    const running = await server.command('restore', copy);
    assert.deepEqual([running.code, /another server uses it/.test(running.stderr)], [75, true], running.stderr);
    await server.stop();
    await rename(ledger, `${ledger}.gone`);
    await rm(`${ledger}.last-commit`);
    const restored = await server.command('restore', copy);
    assert.equal(restored.code, 0, restored.stderr);
    await server.start();
    await fleet.blocks(['203.0.113.1', '203.0.113.4']);
    assert.match((await server.command('status')).stdout, /^2 bans/m);
  });

  it('ends with a word when its socket cannot be made', async (context) => {
    const fleet = await Fleet.start(context);
    const other = `${fleet.server.config}.other`;
    const text = await readFile(fleet.server.config, 'utf8');
    const elsewhere = text.replace('ledger.db', 'other.db').replace(/^port = .*/m, 'port = 0');
    await writeFile(other, elsewhere.replace(/^socket = .*/m, `socket = ${join('/nowhere', 'admin.sock')}`));
    const { code, stderr } = await runCommand('server', ['run', '--config', other]);
    assert.deepEqual([code, stderr.includes('its folder /nowhere cannot be used')], [75, true], stderr);
  });

  it('names the setting and its value when the port is taken or the address is not there', async (context) => {
    const fleet = await Fleet.start(context);
    const other = `${fleet.server.config}.other`;
    await fleet.server.writeConfig();
    const text = await readFile(fleet.server.config, 'utf8');
    const elsewhere = text.replace('ledger.db', 'other.db').replace('admin.sock', 'other.sock');
    await writeFile(other, elsewhere);
    const taken = await runCommand('server', ['run', '--config', other]);
    assert.equal(taken.code, 75);
    assert.match(taken.stderr, new RegExp(`\\[server\\] port = ${fleet.server.port}: another program listens there`));
    await writeFile(other, elsewhere.replace(/^listen = .*/m, 'listen = 203.0.113.1'));
    const absent = await runCommand('server', ['run', '--config', other]);
    assert.equal(absent.code, 75);
    assert.match(absent.stderr, /\[server\] listen = 203\.0\.113\.1: this host has no such address/);
  });

  it('is missed by a command, which says what to run, with 75', async (context) => {
    const fleet = await Fleet.start(context);
    await fleet.server.stop();
    const { code, stderr } = await fleet.server.command('status');
    assert.equal(code, 75);
    assert.match(stderr, /^Start the server: .*fail2networkban-server/m);
    await fleet.server.start();
  });

  it('answers the operator also when its configuration was spoilt meanwhile', async (context) => {
    const fleet = await Fleet.start(context);
    await appendFile(fleet.server.config, '\n[nonsense]\n');
    assert.equal((await fleet.server.command('check-config')).code, 78);
    assert.equal((await fleet.server.command('panic')).code, 0);
  });
});
