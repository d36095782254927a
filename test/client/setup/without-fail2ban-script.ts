import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../../certificates.ts';
import { askProgram, RunningProgram, runCommand } from '../../end-to-end/program.ts';
import { ServerProcess } from '../../end-to-end/server-process.ts';
import { waitUntil } from '../../end-to-end/wait-until.ts';

/**
 * A host without fail2ban that is set up by the real command, in the network namespace that this process runs in: its agent
 * blocks by nftables what others ban. fail2ban's client would leave a trace. Prints `done`, or ends with an error.
 */
const dir = await mkdtemp(join(tmpdir(), 'fail2networkban-bare-'));
const server = await ServerProcess.start({ dir: join(dir, 'server'), certificates: await makeCertificates(dir) });
const config = join(dir, 'client.ini');
const trace = join(dir, 'fail2ban-was-asked');
await mkdir(join(dir, 'bin'));
await writeFile(join(dir, 'bin/fail2ban-client'), `#!/bin/sh\n: > ${trace}\n`, { mode: 0o755 });
const places = `spool = ${dir}/spool\nstate = ${dir}/state\nsocket = ${dir}/agent.sock`;
await writeFile(config, `[agent]\nfail2ban_client = ${dir}/bin/fail2ban-client\n${places}\n`);
const client = (...words: readonly string[]) => runCommand('client', [...words, '--config', config]);
const line = await server.enrolmentFor('edge1', '--may', 'ban,unban,subscribe');
const agents: RunningProgram[] = [];
try {
  const made = await client('setup', '--enroll', line, '--no-fail2ban', '--nftables');
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^kept: no fail2ban on this host, as configured/m);
  assert.doesNotMatch(made.stdout, /systemctl|etc\/fail2ban/);
  assert.match(await readFile(config, 'utf8'), /^\[agent\]\nfail2ban = no\n.*^enforcer = nftables$/ms);
  assert.match((await client('setup')).stdout, /Nothing is left to do\.$/m);
  agents.push(new RunningProgram('client', ['agent', '--config', config]));
  await waitUntil('the agent runs', async () => (await client('status')).stdout.includes('agent: running'));
  const doctor = await askProgram('client', ['doctor', '--config', config]);
  assert.equal(doctor['verdict'], 'fine', JSON.stringify(doctor));
  await server.ask('ban', '203.0.113.7');
  await waitUntil('it is blocked', async () => (await client('nftables', 'show')).stdout.includes('203.0.113.7'));
  const status = await client('status');
  assert.equal(status.code, 0, status.stdout);
  assert.match(status.stdout, /^no fail2ban on this host, as configured/m);
  assert.match((await client('resend', '--all')).stdout, /^not sent: no fail2ban on this host, as configured/);
  assert.doesNotMatch(agents[0]?.output ?? '', /fail2ban (?:gives|is|does)|socket/);
  await assert.rejects(readFile(trace), /ENOENT/);
  await undo();
  process.stdout.write('done\n');
} finally {
  for (const agent of agents) await agent.stop();
  await server.kill();
  await rm(dir, { recursive: true });
}

/** Without systemd the agent is ended by hand, between two halves. */
async function undo(): Promise<void> {
  assert.equal((await client('ban', '203.0.113.9')).code, 0);
  assert.match(
    (await client('setup', '--undo', '--dry-run')).stdout,
    /^would do: nft delete table inet fail2networkban /m,
  );
  const first = await client('setup', '--undo');
  assert.equal(first.code, 1, first.stderr);
  assert.match(first.stdout, /^main: 1 ban withdrawn\nThe agent still runs, and is not systemd's: end its process/m);
  const { bans } = (await server.ask('bans')) as { bans: readonly { readonly network: string }[] };
  assert.deepEqual(
    bans.map(({ network }) => network),
    ['203.0.113.7'],
  );
  for (const agent of agents.splice(0)) await agent.stop();
  const second = await client('setup', '--undo');
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /^nft delete table inet fail2networkban {2}# 1 network blocked$/m);
  assert.match(second.stdout, /client revoke edge1 --lift-bans$/m);
  assert.match(second.stdout, /^stays: \S+\/state: events and notes of the agent; to remove it: rm -r \S+\/state$/m);
  assert.match((await client('nftables', 'show')).stdout, /there is no table of ours/);
  assert.match((await client('setup', '--undo')).stdout, /^Nothing on this host is from setup\.$/m);
}
