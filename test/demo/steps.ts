import assert from 'node:assert/strict';
import { actionText, runAction, type Ticket } from '../end-to-end/action-text.ts';
import type { AgentProcess } from '../end-to-end/agent-process.ts';
import { RawClient } from '../end-to-end/raw-client.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import { ownEntry, type Stage } from './stage.ts';

/** One thing that the demo shows. `show` returns lines for the reader and throws when the thing does not happen. */
export interface Step {
  readonly title: string;
  readonly show: (stage: Stage) => Promise<readonly string[]>;
}

export const steps: readonly Step[] = [
  { title: 'cluster.fw before', show: showFile },
  { title: 'three bans, by the text that fail2ban runs', show: showBans },
  { title: 'a whitelisted ban and a replayed frame', show: showRefusals },
  { title: "two hosts ban one address; the first host's unban does not lift it", show: showTwoHosts },
  { title: 'an unban', show: showUnban },
  { title: 'a third host learns of a ban, and blocks it by a command of its own', show: showPeer },
  { title: 'a ban of 5 seconds', show: showExpiry },
  { title: 'the server is killed and started again', show: showRestart },
  { title: "cluster.fw after; the administrator's own entry was there all the time", show: showFile },
];

function showFile({ proxmox }: Stage): Promise<readonly string[]> {
  const text = proxmox.readClusterFw() ?? '';
  assert.ok(text.includes(`${ownEntry}\n`), "the administrator's own entry is gone");
  return Promise.resolve(text.trimEnd().split('\n'));
}

async function showBans(stage: Stage): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const ip of ['203.0.113.7', '2001:db8:bad::7', '203.0.113.128/28']) {
    const command = await hand('actionban', { ip }, stage.web);
    const tookMs = await arrives(stage, ip, true);
    lines.push(`$ ${command}`, `  ${ip} is in cluster.fw ${tookMs.toFixed(0)} ms after the hand-over`);
  }
  return lines;
}

async function showRefusals({ web, proxmox, strangerEnrolment, caFile }: Stage): Promise<readonly string[]> {
  const refused = await web.command('ban', '198.51.100.9', '--jail', 'sshd', '--ttl', '10m');
  assert.equal(refused.code, 2, 'a whitelisted ban was not refused');
  assert.match(refused.stdout, /whitelisted/);
  const client = await RawClient.connect(strangerEnrolment, caFile);
  const event = { number: 1, verb: 'ban', jail: 'sshd', network: '203.0.113.66', ttlSeconds: 600, source: 'hand' };
  const frame = client.sealed({ type: 'events', stream: 'demo-stream', events: [event] });
  client.socket.send(frame);
  assert.equal((await client.next())['type'], 'results');
  client.socket.send(frame);
  const answer = await client.next();
  assert.equal(answer['code'], 'replayed', 'a replayed frame was not refused');
  const { code } = await client.closed;
  assert.ok(!(proxmox.readClusterFw() ?? '').includes('198.51.100.9'));
  return [
    '$ fail2networkban ban 198.51.100.9 --jail sshd --ttl 10m',
    ...refused.stdout
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    'a frame recorded on the wire and sent a second time:',
    `  ${JSON.stringify(answer)}, then the connection closes with ${code}`,
  ];
}

async function showTwoHosts(stage: Stage): Promise<readonly string[]> {
  const ip = '203.0.113.99';
  await hand('actionban', { ip }, stage.web);
  await hand('actionban', { ip, jail: 'postfix' }, stage.mail);
  await arrives(stage, ip, true);
  await reportedBy(stage, ip, ['mail1', 'web1']);
  await hand('actionunban', { ip }, stage.web);
  await reportedBy(stage, ip, ['mail1']);
  assert.ok(isBlocked(stage, ip), "one host's unban lifted another host's ban");
  const { stdout } = await stage.server.command('lookup', ip);
  return [
    `$ fail2networkban-server lookup ${ip}`,
    ...stdout
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
  ];
}

async function showUnban(stage: Stage): Promise<readonly string[]> {
  await hand('actionunban', { ip: '203.0.113.7' }, stage.web);
  const tookMs = await arrives(stage, '203.0.113.7', false);
  return [`203.0.113.7 is out of cluster.fw ${tookMs.toFixed(0)} ms after the hand-over`];
}

async function showPeer(stage: Stage): Promise<readonly string[]> {
  const ip = '203.0.113.88';
  const tells = (line: string): Promise<number> =>
    waitUntil(`db1 runs ${line}`, async () => (await stage.readBlocked()).split('\n').includes(line));
  await hand('actionban', { ip }, stage.web);
  const banMs = await tells(`ban ${ip} web1`);
  await hand('actionunban', { ip }, stage.web);
  const unbanMs = await tells(`unban ${ip} web1`);
  return [
    `db1 ran its command with: ban ${ip} web1     ${banMs.toFixed(0)} ms after web1's fail2ban handed it over`,
    `db1 ran its command with: unban ${ip} web1   ${unbanMs.toFixed(0)} ms after the unban`,
  ];
}

async function showExpiry(stage: Stage): Promise<readonly string[]> {
  const ip = '203.0.113.50';
  await hand('actionban', { ip, bantime: 5 }, stage.web);
  await arrives(stage, ip, true);
  const tookMs = await arrives(stage, ip, false);
  return [`${ip} went by itself, ${(tookMs / 1_000).toFixed(1)} s after it came; fail2ban announced nothing`];
}

async function showRestart(stage: Stage): Promise<readonly string[]> {
  const before = stage.proxmox.readClusterFw();
  const bans = await namesOfBans(stage);
  await stage.server.kill();
  await hand('actionban', { ip: '203.0.113.77' }, stage.mail);
  const writes = stage.proxmox.log.writes;
  await stage.server.start();
  await arrives(stage, '203.0.113.77', true);
  assert.deepEqual(await namesOfBans(stage), [...bans, '203.0.113.77'].sort(), 'bans were lost');
  const unchanged = (stage.proxmox.readClusterFw() ?? '')
    .split('\n')
    .filter((line) => !line.startsWith('203.0.113.77'));
  assert.equal(unchanged.join('\n'), before);
  return [
    `${bans.length} bans before kill -9, the same ${bans.length} after the start`,
    'a ban handed over while the server was away arrived when it was back',
    `writes to Proxmox for all this: ${stage.proxmox.log.writes - writes}`,
  ];
}

/** Runs the action's text as fail2ban would, and returns it. */
async function hand(
  name: 'actionban' | 'actionunban',
  { ip, jail = 'sshd', bantime = 600 }: { readonly ip: string; readonly jail?: string; readonly bantime?: number },
  agent: AgentProcess,
): Promise<string> {
  const ticket: Ticket = { ip, jail, bantime, time: Math.floor(Date.now() / 1_000) };
  const command = actionText(name, ticket, agent.spool);
  await runAction(command);
  return command.replace(agent.spool, '/var/spool/fail2networkban');
}

function isBlocked({ proxmox }: Stage, ip: string): boolean {
  return (proxmox.readClusterFw() ?? '').split('\n').some((line) => line.split(' ')[0] === ip);
}

function arrives(stage: Stage, ip: string, isWanted: boolean): Promise<number> {
  return waitUntil(`${ip} ${isWanted ? 'in' : 'out of'} cluster.fw`, () => isBlocked(stage, ip) === isWanted);
}

async function reportedBy({ server }: Stage, ip: string, clients: readonly string[]): Promise<void> {
  await waitUntil(`${ip} reported by ${clients.join(', ')}`, async () => {
    const { bans } = (await server.ask('lookup', ip)) as { bans: { reports: { client: string }[] }[] };
    const reporters = bans.flatMap(({ reports }) => reports.map(({ client }) => client)).sort();
    return reporters.join() === clients.join();
  });
}

async function namesOfBans({ server }: Stage): Promise<string[]> {
  const { bans } = (await server.ask('bans')) as { bans: { network: string }[] };
  return bans.map(({ network }) => network).sort();
}
