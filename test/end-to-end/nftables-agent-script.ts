import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeCertificates } from '../certificates.ts';
import { AgentProcess } from './agent-process.ts';
import { ServerProcess } from './server-process.ts';
import { waitUntil } from './wait-until.ts';

/**
 * A server and an agent that blocks by nftables, in the network namespace that this process runs in. Prints `done`, or
 * ends with an error.
 */
const dir = await mkdtemp(join(tmpdir(), 'fail2networkban-nft-'));
const certificates = await makeCertificates(join(dir, 'tls'));
const server = await ServerProcess.start({ dir: join(dir, 'server'), certificates, enforcers: ['[dry-run]'] });
const agent = await AgentProcess.start({
  dir: join(dir, 'agent'),
  enrolments: { main: await server.enrolmentFor('web1', '--may', 'ban,unban,subscribe') },
  agent: ['whitelist = 198.51.100.0/24', '', '[subscription all]', 'enforcer = nftables'],
});
try {
  await server.ask('ban', '203.0.113.7');
  await server.ask('ban', '2001:db8::/64');
  await server.ask('ban', '198.51.100.9');
  await blocks('203.0.113.7', '2001:db8::');
  assert.ok(!(await ruleset()).includes('198.51.100'), 'what the host whitelists is blocked');
  await agent.kill();
  await server.ask('unban', '203.0.113.7');
  assert.ok((await ruleset()).includes('203.0.113.7'), 'the block went with the agent');
  await agent.start();
  await waitUntil('the unban is carried out', async () => !(await ruleset()).includes('203.0.113.7'));
  const { code, stdout, stderr } = await agent.command('test');
  assert.equal(code, 0, `${stdout}${stderr}`);
  await agent.stop();
  assert.ok((await ruleset()).includes('2001:db8::'), 'the block went with the agent');
  assert.equal((await agent.command('nftables', 'remove')).code, 0);
  assert.equal(await ruleset(), '');
  process.stdout.write(`${stdout}done\n`);
} finally {
  await agent.kill();
  await server.kill();
  await rm(dir, { recursive: true });
}

async function ruleset(): Promise<string> {
  return (await promisify(execFile)('nft', ['list', 'ruleset'])).stdout;
}

async function blocks(...texts: readonly string[]): Promise<void> {
  await waitUntil(`nft holds ${texts.join(', ')}`, async () => {
    const held = await ruleset();
    return texts.every((text) => held.includes(text));
  });
}
