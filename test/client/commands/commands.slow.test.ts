import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFail2ban } from '../../../client/fail2ban-client.ts';
import { makeLocalVerbs } from '../../../client/local-verbs.ts';
import { loadSettings } from '../../../client/settings.ts';
import { systemClock } from '../../../shared/clock.ts';
import { serveLocalSocket } from '../../../shared/host/local-socket.ts';
import { type Ending, makeFolder, testWithEnding } from '../../ending.ts';
import { until } from '../../until.ts';
import { startAgent, startServer } from '../agent-under-test.ts';
import type { TestServer } from '../test-server.ts';

const program = new URL('../../../client/main.js', import.meta.url).pathname;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs the real program. */
function run(config: string, ...words: readonly string[]): Promise<Ran> {
  return runWith('', config, ...words);
}

/** The same, with something on standard input. */
function runWith(input: string, config: string, ...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...words, '--config', config], (_, out, error) => {
      resolve({ code: child.exitCode ?? -1, out, error });
    });
    child.stdin?.end(input);
  });
}

/** @param fail2ban what the shell runs in place of fail2ban-client */
async function makeConfig(test: Ending, fail2ban = 'exit 1'): Promise<string> {
  const folder = await makeFolder(test);
  await writeFile(join(folder, 'fail2ban-client'), `#!/bin/sh\n${fail2ban}\n`, { mode: 0o755 });
  const config = join(folder, 'client.ini');
  await writeFile(
    config,
    `[agent]\nspool = ${folder}/spool\nstate = ${folder}/state\nsocket = ${folder}/agent.sock\nfail2ban_client = ${folder}/fail2ban-client\nlog_level = error\n`,
  );
  return config;
}

/** sshd hands over, recidive does not. */
const twoJails = `case "$*" in
status) echo '\`- Jail list:	sshd, recidive' ;;
'get sshd actions') printf 'The jail sshd has the following actions:\\nmark, fail2networkban\\n' ;;
'get recidive actions') printf 'The jail recidive has the following actions:\\nmark\\n' ;;
'get sshd banip --with-time') echo '203.0.113.7 	2026-11-21 03:00:00 + -1 = 9999-12-31 23:59:59' ;;
esac`;

const lineFor = (server: TestServer): string =>
  `fail2networkban://${server.client}@127.0.0.1:${server.port}/?key=${server.keyText}&plaintext=yes`;

/** An enrolled host with its agent in this process, and a server. */
async function makeHost(
  test: Ending,
  fail2ban = 'exit 1',
): Promise<{ readonly config: string; readonly server: TestServer }> {
  const config = await makeConfig(test, fail2ban);
  const server = await startServer(test);
  await run(config, 'enroll', lineFor(server));
  const settings = await loadSettings(config);
  const { agent } = await startAgent(test, settings);
  test.after(await serveLocalSocket(settings.agent.socket, makeLocalVerbs(agent, systemClock)));
  await server.when(() => server.logins === 1);
  return { config, server };
}

testWithEnding('enrolls a host: key in a file of its own that nobody else reads', async (context) => {
  const config = await makeConfig(context);
  const server = await startServer(context);
  assert.equal((await run(config, 'enroll', lineFor(server))).code, 0);
  const keyFile = join(dirname(config), 'main.key');
  assert.equal((await stat(keyFile)).mode & 0o777, 0o600);
  assert.equal((await readFile(keyFile, 'utf8')).trim(), server.keyText);
  assert.equal((await run(config, 'check-config')).code, 0);
});

testWithEnding('does not overwrite a server unless it is told to, and keeps the rest of the file', async (context) => {
  const config = await makeConfig(context);
  const server = await startServer(context);
  await run(config, 'enroll', lineFor(server));
  const again = await run(config, 'enroll', lineFor(server));
  assert.equal(again.code, 64);
  assert.match(again.error, /has a \[server main\] already/);
  assert.equal((await run(config, 'enroll', lineFor(server), '--name', 'second')).code, 0);
  assert.equal((await run(config, 'enroll', lineFor(server), '--force')).code, 0);
  const text = await readFile(config, 'utf8');
  assert.deepEqual(text.match(/^\[.*\]$/gm), ['[agent]', '[server second]', '[server main]']);
});

testWithEnding('bans by hand and says what the server answered and when the firewall has it', async (context) => {
  const { config, server } = await makeHost(context);
  const ran = await run(config, 'ban', '203.0.113.7', '--jail', 'sshd', '--ttl', '10m', '--wait');
  assert.equal(ran.code, 0);
  assert.match(ran.out, /^ban 203\.0\.113\.7 \(jail sshd, 10m\)\nmain: recorded\nmain: proxmox\/main: in-force after /);
  const [report] = server.reports.values();
  assert.deepEqual([report?.jail, report?.ttlSeconds, report?.source], ['sshd', 600, 'hand']);
});

testWithEnding('sends labels with a ban by hand, and refuses what is none', async (context) => {
  const { config, server } = await makeHost(context);
  assert.equal((await run(config, 'ban', '203.0.113.7', '--labels', 'site=fra1,rack=7')).code, 0);
  const frame = server.frames.find(({ type }) => type === 'events');
  assert.ok(frame?.type === 'events' && frame.events[0] !== undefined && 'labels' in frame.events[0]);
  assert.deepEqual(frame.events[0].labels, { rack: '7', site: 'fra1' });
  for (const wrong of ['site', 'Site=x', 'site=--x', 'site=a,site=b', 'site=a\nb']) {
    const { code, error } = await run(config, 'ban', '203.0.113.8', '--labels', wrong);
    assert.equal(code, 64, wrong);
    assert.match(error, /--labels .*: allowed are up to 8 of key=value/);
  }
});

testWithEnding('prints one JSON value, with --wait too', async (context) => {
  const { config, server } = await makeHost(context);
  const good = await run(config, 'ban', '203.0.113.7', '--wait', '--json');
  assert.equal(good.code, 0, good.error);
  const { servers, firewalls } = JSON.parse(good.out);
  assert.deepEqual(
    [servers[0].outcome, firewalls[0].firewall, firewalls[0].state],
    ['recorded', 'main: proxmox/main', 'in-force'],
  );
  server.behaviour.enforcement = () => 'pending';
  const late = await run(config, 'ban', '203.0.113.8', '--wait', '--limit', '1s', '--json');
  assert.equal(late.code, 75, late.error);
  assert.deepEqual(JSON.parse(late.out).missing, ['main: proxmox/main: pending']);
  await run(config, 'ban', '203.0.113.8', '--jail', 'sshd');
  assert.deepEqual(JSON.parse((await run(config, 'unban', '203.0.113.8', '--json')).out).stillBanned, ['main']);
});

testWithEnding('names the argument that is wrong as the help has it', async (context) => {
  const config = await makeConfig(context);
  assert.match((await run(config, 'resend', '')).error, /JAIL is missing/);
  assert.match((await run(config, 'ban', '203.0.113.7', '--jail', 'x y')).error, /--jail "x y": allowed are/);
  assert.match((await run(config, 'agent', '--json')).out, /unknown option '--json'/);
});

testWithEnding(
  'says of an unban which entry that is not the server’s still blocks, and does not wait for it',
  async (context) => {
    const { config, server } = await makeHost(context);
    const detail = `the administrator's own entry 203.0.113.0/24 in ipset blacklist of proxmox/main ("scanner")`;
    server.behaviour.reply = (frame) =>
      frame.type === 'answer' && frame.enforcement !== undefined
        ? { ...frame, enforcement: [{ enforcer: 'proxmox/main', state: 'in-force', detail }] }
        : frame;
    await run(config, 'ban', '203.0.113.7');
    const unbanned = await run(config, 'unban', '203.0.113.7');
    assert.ok(unbanned.out.includes(`\nmain: proxmox/main: 203.0.113.7 is still blocked by ${detail}\n`), unbanned.out);
    const again = await run(config, 'unban', '203.0.113.7', '--wait', '--json');
    assert.equal(again.code, 0, again.error);
    assert.deepEqual(JSON.parse(again.out).stillBlocked, [{ firewall: 'main: proxmox/main', detail }]);
  },
);

testWithEnding('lists its bans with the firewalls that do not block them, and those that fail', async (context) => {
  const { config, server } = await makeHost(context);
  server.behaviour.reply = (frame) =>
    frame.type === 'answer' && frame.bans !== undefined
      ? {
          ...frame,
          bans: frame.bans.map((ban) => ({
            ...ban,
            enforcement: [{ enforcer: 'proxmox/main', state: 'refused', detail: 'it is excepted' }],
          })),
          enforcement: [{ enforcer: 'opnsense/edge', state: 'failing', detail: 'for 3m: 401' }],
        }
      : frame;
  await run(config, 'ban', '203.0.113.7');
  const { code, out } = await run(config, 'bans');
  assert.equal(code, 0);
  assert.match(out, /203\.0\.113\.7 .* proxmox\/main refused: it is excepted\n/);
  assert.match(out, /\nmain: opnsense\/edge failing: for 3m: 401\n/);
});

testWithEnding('says of each state of a firewall why a ban is not in force there', async (context) => {
  const { config, server } = await makeHost(context);
  const states = ['refused', 'no-room', 'held-back', 'failing'];
  server.behaviour.reply = (frame) =>
    frame.type === 'answer' && frame.enforcement !== undefined
      ? {
          ...frame,
          enforcement: states.map((state) => ({ enforcer: `firewall/${state}`, state, detail: `why ${state}` })),
        }
      : frame;
  const ran = await run(config, 'ban', '203.0.113.7', '--wait', '--limit', '1s', '--json');
  assert.equal(ran.code, 75, ran.error);
  assert.deepEqual(
    JSON.parse(ran.out).missing,
    states.map((state) => `main: firewall/${state}: ${state}: why ${state}`),
  );
});

testWithEnding('gives up waiting for a firewall after the limit, with 75', async (context) => {
  const { config, server } = await makeHost(context);
  server.behaviour.enforcement = () => 'pending';
  const ran = await run(config, 'ban', '203.0.113.7', '--wait', '--limit', '1s');
  assert.equal(ran.code, 75);
  assert.match(ran.out, /proxmox\/main: pending, still so after 1 s/);
});

testWithEnding('ends with 2 and the code when a server refuses', async (context) => {
  const { config, server } = await makeHost(context);
  server.behaviour.refuse = () => ({ code: 'whitelisted', detail: 'covered by 203.0.113.0/24' });
  const ran = await run(config, 'ban', '203.0.113.7', '--json');
  assert.equal(ran.code, 2);
  assert.equal(JSON.parse(ran.out).servers[0].code, 'whitelisted');
});

testWithEnding('keeps a ban in the queue when no agent runs, with 75', async (context) => {
  const config = await makeConfig(context);
  const ran = await run(config, 'ban', '2001:DB8::7', '--ttl', 'permanent');
  assert.equal(ran.code, 75);
  assert.match(ran.out, /The agent is not running .* kept in .*\/spool\/queue/);
  const queue = await readFile(join(dirname(config), 'spool', 'queue'), 'utf8');
  assert.match(queue, /^v1\thand-ban\tmanual\t2001:db8::7\t-1\t0\t0\t[0-9.]+\n$/);
});

testWithEnding('says after an unban that another report still bans the network', async (context) => {
  const { config } = await makeHost(context);
  await run(config, 'ban', '203.0.113.7', '--jail', 'sshd');
  const ran = await run(config, 'unban', '203.0.113.7');
  assert.equal(ran.code, 0);
  assert.match(ran.out, /203\.0\.113\.7 stays banned: another jail or host reports it too/);
});

testWithEnding('says of an unban that nobody banned the network', async (context) => {
  const { config } = await makeHost(context);
  const ran = await run(config, 'unban', '203.0.113.7');
  assert.deepEqual([ran.code, ran.out], [0, 'unban 203.0.113.7 (jail manual)\nmain: 203.0.113.7 is not banned\n']);
});

testWithEnding('says of an unban that fail2ban itself still bans the network, and what to run', async (context) => {
  const { config } = await makeHost(context, "echo '203.0.113.7 \t2026-01-01 00:00:00 + -1 = 9999-12-31 23:59:59'");
  await run(config, 'ban', '203.0.113.7', '--jail', 'sshd');
  const ran = await run(config, 'unban', '203.0.113.7', '--jail', 'sshd');
  assert.equal(ran.code, 0);
  assert.match(ran.out, /fail2ban itself still bans it in sshd .* fail2ban-client set sshd unbanip 203\.0\.113\.7\n/);
  assert.doesNotMatch((await run(config, 'unban', '203.0.113.8', '--jail', 'sshd')).out, /fail2ban itself/);
});

testWithEnding('says why a server takes nothing for now, with 75, and keeps the ban', async (context) => {
  const { config, server } = await makeHost(context);
  server.behaviour.refuse = () => ({ code: 'ledger-unavailable', detail: 'the record cannot be written now' });
  server.behaviour.retryAfterMs = 60_000;
  const ran = await run(config, 'ban', '203.0.113.7', '--wait', '--limit', '1s');
  assert.equal(ran.code, 75);
  assert.match(
    ran.out,
    /main: not answered, kept in the queue: ledger-unavailable: the record cannot be written now\n/,
  );
});

testWithEnding(
  'tells in status and doctor that a server takes nothing, since when, and how many wait',
  async (context) => {
    const { config, server } = await makeHost(context);
    server.behaviour.refuse = () => ({ code: 'ledger-unavailable', detail: 'the record cannot be written now' });
    server.behaviour.retryAfterMs = 10;
    await run(config, 'ban', '203.0.113.7', '--wait', '--limit', '1s');
    const refused = await run(config, 'status');
    assert.equal(refused.code, 75);
    assert.match(refused.out, /main: connected to test since .*, 1 waiting, the oldest for /);
    assert.match(
      refused.out,
      /main: takes nothing for now: ledger-unavailable: the record cannot be written now, since \d{4}-/,
    );
    const { findings } = JSON.parse((await run(config, 'doctor', '--json')).out);
    const found = findings.find(({ code }: { code: string }) => code === 'server-takes-nothing');
    assert.equal(found.level, 'broken');
    assert.match(found.fact, /^main takes nothing since \d{4}-.*Z: ledger-unavailable: .*; 1 event wait/);
    const { since } = JSON.parse((await run(config, 'status', '--json')).out).servers[0].postponement;
    server.drop();
    await server.when(() => server.logins > 1);
    await until(async () => (await run(config, 'status')).out.includes('connected to test'), 'it is connected again');
    assert.equal(JSON.parse((await run(config, 'status', '--json')).out).servers[0].postponement.since, since);
    server.behaviour.refuse = () => undefined;
    await until(async () => (await run(config, 'status')).code === 0, 'it is well again');
  },
);

testWithEnding('says that bans are not known while a server is away, with 75', async (context) => {
  const { config, server } = await makeHost(context);
  await server.close();
  const ran = await run(config, 'bans');
  assert.equal(ran.code, 75);
  assert.match(ran.out, /^main: its bans are not known now: /);
  assert.doesNotMatch(ran.out, /no bans/);
});

testWithEnding('lists what the servers hold, and how the agent is', async (context) => {
  const { config } = await makeHost(context);
  await run(config, 'ban', '203.0.113.7');
  assert.match((await run(config, 'bans')).out, /main {4}203\.0\.113\.7 {2}manual {2}/);
  const status = await run(config, 'status');
  assert.equal(status.code, 0);
  assert.match(status.out, /main: connected to test since .*, 0 waiting/);
});

testWithEnding('sends the lists of all jails that hand over', async (context) => {
  const config = await makeConfig(context, twoJails);
  const server = await startServer(context);
  await run(config, 'enroll', lineFor(server));
  const settings = await loadSettings(config);
  const fail2ban = makeFail2ban({ program: settings.agent.fail2banClient, socket: undefined });
  const { agent } = await startAgent(context, settings, { fail2ban });
  context.after(await serveLocalSocket(settings.agent.socket, makeLocalVerbs(agent, systemClock)));
  await server.when(() => server.logins === 1);
  const ran = await run(config, 'resend', '--all');
  assert.deepEqual([ran.code, ran.out], [0, 'sshd: main: 1 added\n']);
  assert.ok(server.has('sshd', '203.0.113.7'));
  assert.equal((await run(config, 'resend')).code, 64);
});

testWithEnding('says that no list can be sent while fail2ban is down, with 75', async (context) => {
  const { config } = await makeHost(context);
  const ran = await run(config, 'resend', '--all');
  assert.equal(ran.code, 75);
  assert.match(ran.out, /^not sent: \S+fail2ban-client status: /);
});

testWithEnding('says that a jail cannot be sent again while fail2ban is down, with 75', async (context) => {
  const { config } = await makeHost(context);
  const ran = await run(config, 'resend', 'sshd');
  assert.equal(ran.code, 75);
  assert.match(ran.out, /main: not sent: fail2ban is down/);
});

testWithEnding(
  'goes the whole way to the server in doctor, and ends with 2 when something is broken',
  async (context) => {
    const { config } = await makeHost(context);
    const ran = await run(config, 'doctor');
    assert.equal(ran.code, 2);
    assert.match(ran.out, /^BROKEN {3}fail2ban: it does not answer/);
    assert.match(ran.out, /\nVerdict: broken \(/);
    assert.match(ran.out, /\nGOOD {5}server\/main: connected to test, key accepted, round trip/);
  },
);

testWithEnding('enrolls a host with a line from standard input, which no other user sees', async (context) => {
  const config = await makeConfig(context);
  const server = await startServer(context);
  assert.equal((await runWith(`${lineFor(server)}\n`, config, 'enroll')).code, 0);
  assert.equal((await readFile(join(dirname(config), 'main.key'), 'utf8')).trim(), server.keyText);
});

testWithEnding(
  'enrolls a host that reaches its server through ssh, and misses the key that ssh needs',
  async (context) => {
    const config = await makeConfig(context);
    const line = lineFor(await startServer(context));
    assert.equal((await run(config, 'enroll', line, '--via', 'ssh -p 2222 f2nb@pve1')).code, 0);
    assert.match(await readFile(config, 'utf8'), /^via = ssh -p 2222 f2nb@pve1$/m);
    const missing = await run(config, 'check-config');
    // Its disk may not be there yet.
    assert.equal(missing.code, 75);
    assert.match(missing.error, /\[server main\] via: \S+\/ssh_key cannot be read: it is not there/);
    await writeFile(join(dirname(config), 'ssh_key'), 'key', { mode: 0o644 });
    assert.match((await run(config, 'check-config')).error, /via: \S+\/ssh_key has mode 0644: allowed is 0600/);
    const wrong = await run(config, 'enroll', line, '--force', '--via', 'ssh -oProxyCommand=id f2nb@pve1');
    assert.equal(wrong.code, 64);
    assert.match(wrong.error, /--via "ssh -oProxyCommand=id f2nb@pve1": allowed is ssh \[-p PORT\]/);
  },
);

const misuse: readonly [readonly string[], RegExp][] = [
  [['ban', 'foo.invalid'], /IP "foo\.invalid": allowed is an IPv4 or IPv6 address or CIDR/],
  [['ban', 'fe80::1%eth0'], /IP "fe80::1%eth0"/],
  [['ban', '203.0.113.7', '--ttl', '0'], /--ttl "0": allowed is a duration/],
  [['ban', '203.0.113.7', '--ttl=-5m'], /--ttl "-5m"/],
  [['ban', '203.0.113.7', '--jail', 'a\nb'], /--jail "a\\nb": allowed are/],
  [['ban'], /missing required argument/],
  [['enroll'], /is not of the form fail2networkban:/],
  [['enroll', 'nonsense'], /is not of the form fail2networkban:/],
  [['frobnicate'], /unknown command/],
];
for (const [words, sentence] of misuse) {
  testWithEnding(
    `refuses \`${words.join(' ').replace('\n', '\\n')}\` here, with 64 and a sentence`,
    async (context) => {
      const ran = await run(await makeConfig(context), ...words);
      assert.equal(ran.code, 64);
      assert.match(ran.error, sentence);
    },
  );
}

testWithEnding('ends with 78 on a wrong configuration and 75 when nobody runs', async (context) => {
  const config = await makeConfig(context);
  assert.equal((await run(config, 'check-config')).code, 78);
  assert.equal((await run(config, 'agent')).code, 78);
  assert.equal((await run(config, 'status')).code, 75);
});

testWithEnding(
  'gives a wrong or missing configuration as findings of doctor, with 2, as the server does',
  async (context) => {
    const config = await makeConfig(context);
    const ran = await run(config, 'doctor', '--json');
    assert.equal(ran.code, 2);
    const { verdict, examined, findings } = JSON.parse(ran.out);
    assert.deepEqual([verdict, examined], ['broken', ['configuration']]);
    assert.match(findings[0].fact, /\[server NAME\]: is missing/);
    const missing = await run(join(dirname(config), 'nowhere.ini'), 'doctor');
    assert.equal(missing.code, 2);
    assert.match(
      missing.out,
      /^BROKEN {3}configuration: \S+nowhere\.ini is missing; .*: fail2networkban enroll LINE\n/,
    );
  },
);

const failures: readonly (readonly [words: readonly string[], exit: number, code: string, message: RegExp])[] = [
  [['check-config'], 78, 'config', /\[server NAME\]: is missing/],
  [['status'], 75, 'not-running', /nobody listens/],
  [['ban', 'foo.invalid'], 64, 'usage', /IP "foo\.invalid"/],
  [['ban'], 64, 'usage', /^missing required argument 'ip'$/],
];
for (const [words, exit, code, message] of failures) {
  testWithEnding(`says with --json on standard output what failed: ${words.join(' ')}`, async (context) => {
    const ran = await run(await makeConfig(context), ...words, '--json');
    assert.deepEqual([ran.code, ran.error], [exit, '']);
    const { error } = JSON.parse(ran.out);
    assert.equal(error.code, code);
    assert.match(error.message, message);
  });
}

testWithEnding('says how much of the queue is not taken over yet, and since when', async (context) => {
  const { config } = await makeHost(context);
  assert.equal(JSON.parse((await run(config, 'status', '--json')).out).unread, null);
  const spool = join(dirname(config), 'spool');
  // A line without its end is left to a writer that may be late.
  await appendFile(join(spool, 'queue'), 'v1\tban');
  const { out } = await run(config, 'status');
  assert.match(out, /^not taken over yet: 6 bytes in .*spool since 20/m);
});
