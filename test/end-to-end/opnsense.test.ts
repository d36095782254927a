import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { makeCertificates } from '../certificates.ts';
import {
  EmulatedOpnsense,
  type EmulatedOpnsenseOptions,
  emulatedKey,
} from '../emulators/opnsense/emulated-opnsense.ts';
import { type Ending, lastFirst, makeFolder } from '../ending.ts';
import { ServerProcess } from './server-process.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

const blocklist = { name: 'blocklist', type: 'external' };

describe('the server and its OPNsense firewalls', { concurrency: 2, timeout: suiteMaxMs }, () => {
  it('have a ban in the alias of all and in that of its jail, and not after the unban', async (context) => {
    const ending = lastFirst(context);
    const edge = await startOpnsense(ending, [blocklist, { name: 'alias_ssh', type: 'external' }]);
    const { server } = await startServer(ending, [
      ...sectionFor('edge', edge),
      'alias = blocklist',
      'aliases = ssh*:alias_ssh nginx-*:alias_web',
      'create = yes',
    ]);
    await server.ask('ban', '203.0.113.7', '--jail', 'sshd');
    await server.ask('ban', '203.0.113.9', '--jail', 'nginx-http-auth');
    await holds(edge, 'blocklist', '203.0.113.7', '203.0.113.9');
    await holds(edge, 'alias_ssh', '203.0.113.7');
    // It was not there.
    await holds(edge, 'alias_web', '203.0.113.9');
    const { enforcement } = await server.ask('lookup', '203.0.113.9');
    assert.deepEqual(enforcement, [
      { enforcer: 'opnsense/edge/blocklist', state: 'in-force' },
      { enforcer: 'opnsense/edge/alias_web', state: 'in-force' },
    ]);
    const { findings } = await server.ask('doctor');
    const said = (findings as { subject: string; code: string }[]).filter(({ subject }) =>
      subject.startsWith('opnsense/'),
    );
    assert.deepEqual(
      said.map(({ subject, code }) => `${subject} ${code}`),
      ['blocklist', 'alias_ssh', 'alias_web'].map((alias) => `opnsense/edge/${alias} alias-is-ours`),
    );
    edge.reboot();
    await server.ask('reconcile');
    await holds(edge, 'blocklist', '203.0.113.7', '203.0.113.9');
    await server.ask('unban', '203.0.113.7');
    await holds(edge, 'blocklist', '203.0.113.9');
    await holds(edge, 'alias_ssh');
  });

  it('are served while another is down, and that one when it is back', async (context) => {
    const ending = lastFirst(context);
    const dir = await makeFolder(ending);
    const edge = await startOpnsense(ending, [blocklist]);
    const options = { dir, aliases: [{ name: 'blocklist', type: 'network' }] };
    const first = await EmulatedOpnsense.start(options);
    const { server } = await startServer(ending, [
      ...sectionFor('edge', edge),
      ...sectionFor('other', first),
      'alias_type = network',
    ]);
    await server.ask('ban', '203.0.113.1');
    await holds(first, 'blocklist', '203.0.113.1');
    await first.close();
    await server.ask('ban', '203.0.113.7');
    await holds(edge, 'blocklist', '203.0.113.1', '203.0.113.7');
    await waitUntil('the other fails', async () => (await stateOf(server, 'opnsense/other/blocklist')) === 'failing');
    const again = await EmulatedOpnsense.start({ ...options, port: first.port, certificatesFrom: first });
    ending.after(() => again.close());
    await server.ask('reconcile');
    await holds(again, 'blocklist', '203.0.113.1', '203.0.113.7');
    assert.equal(await stateOf(server, 'opnsense/edge/blocklist'), 'in-sync');
  });
});

describe('an alias that another ledger keeps', { timeout: suiteMaxMs }, () => {
  it("is left alone, found by the doctor, and this server's after the command that it names", async (context) => {
    const ending = lastFirst(context);
    const edge = await startOpnsense(ending, [{ ...blocklist, description: 'R&D, f2nb:aaaa' }]);
    edge.workplace.pf.add('blocklist', '192.0.2.77');
    const { server } = await startServer(ending, sectionFor('edge', edge));
    await server.ask('ban', '203.0.113.7');
    await waitUntil('it fails', async () => (await stateOf(server, 'opnsense/edge/blocklist')) === 'failing');
    assert.deepEqual(edge.table('blocklist'), ['192.0.2.77']);
    const { findings } = await server.ask('doctor');
    const found = (findings as { code: string; command: string }[]).find(
      ({ code }) => code === 'alias-of-another-ledger',
    );
    const [, ...words] =
      /fail2networkban-server (opnsense take-over .*)$/.exec(found?.command ?? '')?.[1]?.split(' ') ?? [];
    const { ledger, before } = await server.ask('opnsense', ...words);
    assert.deepEqual(before, ['aaaa']);
    assert.equal(edge.descriptionOf('blocklist'), `R&D, f2nb:${ledger}`);
    await server.ask('reconcile');
    // What the other put in is not known here, and stays until the operator says what becomes of it.
    await holds(edge, 'blocklist', '192.0.2.77', '203.0.113.7');
    assert.equal(await stateOf(server, 'opnsense/edge/blocklist'), 'in-sync');
    await server.stop();
    const stopped = await server.command('opnsense', ...words);
    assert.notEqual(stopped.code, 0);
  });
});

describe('the commands for an OPNsense', { timeout: suiteMaxMs }, () => {
  it('work on the firewall without a server, and say what they cannot know', async (context) => {
    const ending = lastFirst(context);
    const edge = await startOpnsense(ending, [{ ...blocklist, type: 'network' }]);
    const { server } = await startServer(
      ending,
      [...sectionFor('edge', edge), 'alias_type = network'],
      ['whitelist = 198.51.100.0/24'],
    );
    await server.stop();
    const run = async (...args: string[]) => {
      const { code, stdout } = await server.command('opnsense', ...args);
      return `${code} ${stdout.trim()}`;
    };
    assert.equal(await run('add', 'blocklist', '203.0.113.7'), '0 203.0.113.7 is in blocklist');
    assert.equal(await run('add', 'blocklist', '2001:DB8::A/128'), '0 2001:db8::a is in blocklist');
    assert.match(await run('add', 'blocklist', '198.51.100.7'), /^2 refused: whitelisted: /);
    assert.match(await run('add', 'blocklist', '127.0.0.1'), /^2 refused: special-purpose: /);
    assert.match(await run('add', 'bogons', '203.0.113.7'), /^64/);
    assert.match(await run('add', 'block/list', '203.0.113.7'), /^64/);
    assert.equal(await run('list', 'blocklist'), '0 2001:db8::a\n203.0.113.7');
    assert.equal(await run('find', '203.0.113.0/24'), '0 edge blocklist 203.0.113.7');
    assert.equal(await run('find', '192.0.2.1'), '1 192.0.2.1 is in no alias of ours');
    assert.match(await run('state', 'blocklist'), /type network, on\nin the configuration: 2\nin pf: 2\n.*not known/);
    assert.equal(await run('delete', 'blocklist', '2001:db8::a'), '0 2001:db8::a is out of blocklist');
    assert.equal(await run('delete', 'blocklist', '2001:db8::a'), '1 2001:db8::a is not in blocklist');
    assert.equal(await run('toggle', 'blocklist'), '0 blocklist is off: nothing in it is blocked');
    assert.match(await run('list', 'blocklist'), /^1/);
    assert.equal(await run('toggle', 'blocklist'), '0 blocklist is on');
    assert.equal(await run('flush', 'blocklist'), '0 1 entry taken out of blocklist');
    edge.reboot();
    assert.equal(await run('list', 'blocklist'), '0 blocklist is empty');
    assert.equal(await run('state', 'blocklist'), '0 blocklist: type network, on\nin pf: 0');
    assert.deepEqual(await server.ask('opnsense', 'list', 'blocklist'), {
      firewall: 'edge',
      alias: 'blocklist',
      entries: [],
    });
    assert.match(JSON.stringify(await server.ask('opnsense', 'state', 'nothing')), /there is no alias nothing/);
  });

  it('tell which entries are no bans of ours, and ask for a firewall when there are several', async (context) => {
    const ending = lastFirst(context);
    // One that the server does not keep: from its own it would take the other entry out meanwhile.
    const edge = await startOpnsense(ending, [blocklist, { name: 'by_hand', type: 'external' }]);
    const other = await startOpnsense(ending, [blocklist]);
    const { server } = await startServer(ending, [...sectionFor('edge', edge), ...sectionFor('other', other)]);
    await server.ask('ban', '203.0.113.7');
    for (const network of ['203.0.113.7', '192.0.2.77']) edge.workplace.pf.add('by_hand', network);
    const state = await server.ask('opnsense', 'state', 'by_hand', '--firewall', 'edge');
    assert.deepEqual(state, {
      firewall: 'edge',
      alias: 'by_hand',
      type: 'external',
      enabled: true,
      configured: 0,
      ledgers: [],
      entries: 2,
      foreign: ['192.0.2.77'],
    });
    assert.equal((await server.command('opnsense', 'list', 'blocklist')).code, 64);
    assert.equal((await server.command('opnsense', 'list', 'blocklist', '--firewall', 'third')).code, 64);
    await server.ask('allow', 'add', '192.0.2.5');
    const refused = await server.ask('opnsense', 'add', 'blocklist', '192.0.2.5', '--firewall', 'edge');
    assert.equal(refused['code'], 'whitelisted');
  });
});

async function startOpnsense(
  ending: Ending,
  aliases: NonNullable<EmulatedOpnsenseOptions['aliases']>,
): Promise<EmulatedOpnsense> {
  const opnsense = await EmulatedOpnsense.start({ dir: await makeFolder(ending), aliases });
  ending.after(() => opnsense.close());
  return opnsense;
}

async function startServer(
  ending: Ending,
  enforcers: readonly string[],
  policy: readonly string[] = [],
): Promise<{ readonly server: ServerProcess }> {
  const dir = await makeFolder(ending);
  const certificates = await makeCertificates(join(dir, 'tls'));
  const server = await ServerProcess.start({ dir, certificates, enforcers, policy });
  ending.after(() => server.stop());
  return { server };
}

function sectionFor(name: string, { url, caFile }: EmulatedOpnsense): string[] {
  return [`[opnsense ${name}]`, `url = ${url}`, `ca = ${caFile}`, `key = ${emulatedKey}`];
}

async function holds(opnsense: EmulatedOpnsense, alias: string, ...networks: readonly string[]): Promise<void> {
  await waitUntil(`${alias} holds ${networks.join(' ')}`, () =>
    isDeepStrictEqual(opnsense.table(alias), networks),
  ).catch(() => undefined);
  assert.deepEqual(opnsense.table(alias), networks);
}

async function stateOf(server: ServerProcess, name: string): Promise<string | undefined> {
  const { enforcers } = await server.ask('status');
  const found = (enforcers as { name: string; state: { kind: string } }[]).find((each) => each.name === name);
  return found?.state.kind;
}
