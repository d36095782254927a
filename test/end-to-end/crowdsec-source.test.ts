import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Certificates, makeCertificates } from '../certificates.ts';
import { CrowdsecProcess } from '../crowdsec/crowdsec-process.ts';
import type { EmulatedProxmox } from '../emulators/proxmox/emulated-proxmox.ts';
import { type Ending, lastFirst, makeFolder } from '../ending.ts';
import { blocksExactly, sectionFor, startProxmox } from './proxmox-under-test.ts';
import { ServerProcess } from './server-process.ts';
import { waitUntil } from './wait-until.ts';

const timeout = 180_000;
const mostMs = 60_000;

/** The real CrowdSec, the real server that takes over its decisions, and an emulated Proxmox. */
interface Stage {
  readonly crowdsec: CrowdsecProcess;
  readonly server: ServerProcess;
  readonly proxmox: EmulatedProxmox;
  /** For the next start: other lines of `[crowdsec main]`, or none of it. */
  readonly changeSection: (lines: readonly string[] | undefined) => void;
}

async function setUp(test: Ending, more: readonly string[] = [], tls?: Certificates): Promise<Stage> {
  const ending = lastFirst(test);
  const crowdsec = await CrowdsecProcess.start(ending, tls);
  const key = await crowdsec.addBouncer('fail2networkban');
  const dir = await makeFolder(ending);
  const proxmox = await startProxmox(join(dir, 'proxmox'));
  ending.after(() => proxmox.close());
  const enforcers: string[] = [];
  const changeSection: Stage['changeSection'] = (lines) => {
    const section = ['[crowdsec main]', `url = ${crowdsec.url}`, `api_key = ${key}`, 'poll = 1s', ...(lines ?? [])];
    enforcers.splice(0, enforcers.length, ...sectionFor('main', proxmox), ...(lines === undefined ? [] : section));
  };
  changeSection(more);
  const server = await ServerProcess.start({
    dir: join(dir, 'server'),
    certificates: await makeCertificates(join(dir, 'tls')),
    policy: ['whitelist = 192.0.2.0/24'],
    enforcers,
  });
  ending.after(() => server.stop());
  return { crowdsec, server, proxmox, changeSection };
}

interface SourceStatus {
  readonly name: string;
  readonly state: { readonly kind: string; readonly code?: string };
  readonly reports: number;
  readonly leftOut: number;
  readonly refused: number;
}

async function statusOf(server: ServerProcess): Promise<SourceStatus | undefined> {
  const { sources } = await server.ask('status');
  const [source]: readonly SourceStatus[] = Array.isArray(sources) ? sources : [];
  return source;
}

function becomes(server: ServerProcess, what: string, is: (status: SourceStatus) => boolean): Promise<number> {
  const holds = async (): Promise<boolean> => {
    const status = await statusOf(server);
    return status !== undefined && is(status);
  };
  return waitUntil(`the source is ${what}`, holds, mostMs);
}

describe('decisions of the real CrowdSec', () => {
  it('get into cluster.fw and out of it, addresses and CIDRs, but none that is whitelisted', {
    timeout,
  }, async (test) => {
    const { crowdsec, server, proxmox } = await setUp(test);
    await crowdsec.add('203.0.113.7', { reason: 'crowdsecurity/ssh-bf', duration: '4h' });
    await crowdsec.add('2001:DB8::7');
    await crowdsec.add('198.51.100.0/24');
    await crowdsec.add('192.0.2.9');
    await crowdsec.add('203.0.113.8', { type: 'captcha' });
    await crowdsec.cscli('decisions', 'add', '--scope', 'username', '-v', 'mallory');
    await blocksExactly(proxmox, ['203.0.113.7', '2001:db8::7', '198.51.100.0/24'], mostMs);
    await becomes(server, 'at rest', ({ refused }) => refused === 1);
    const { bans } = await server.ask('lookup', '203.0.113.7');
    assert.match(JSON.stringify(bans), /"client":"crowdsec\/main","jail":"crowdsecurity-ssh-bf"/);

    await crowdsec.delete('203.0.113.7');
    await crowdsec.delete('198.51.100.0/24');
    await blocksExactly(proxmox, ['2001:db8::7'], mostMs);
  });

  it('about one address leave it banned until the last of them is gone', { timeout }, async (test) => {
    const { crowdsec, server, proxmox } = await setUp(test);
    await crowdsec.add('203.0.113.7', { duration: '1h', reason: 'short' });
    await crowdsec.add('203.0.113.7', { duration: '3h', reason: 'long' });
    const jailIs = (jail: string) => async (): Promise<boolean> => {
      const { bans } = await server.ask('lookup', '203.0.113.7');
      return JSON.stringify(bans).includes(`"jail":"${jail}"`);
    };
    await waitUntil('the longer counts', jailIs('long'), mostMs);
    const alerts = await crowdsec.list();
    const long = alerts.flatMap(({ decisions }) => decisions).find(({ scenario }) => scenario === 'long');
    await crowdsec.deleteId(long?.id ?? 0);
    await waitUntil('the shorter counts', jailIs('short'), mostMs);
    await blocksExactly(proxmox, ['203.0.113.7'], mostMs);
    await crowdsec.delete('203.0.113.7');
    await blocksExactly(proxmox, [], mostMs);
  });

  it('that a longer one of another origin covers are followed all the same', { timeout }, async (test) => {
    const { crowdsec, proxmox } = await setUp(test, ['origins = cscli']);
    await crowdsec.import([
      { duration: '168h', reason: 'many', scope: 'Ip', type: 'ban', value: '203.0.113.7' },
      { duration: '168h', reason: 'many', scope: 'Ip', type: 'ban', value: '203.0.113.8' },
    ]);
    await crowdsec.add('203.0.113.7', { duration: '1h' });
    await blocksExactly(proxmox, ['203.0.113.7'], mostMs);
  });

  it('stay lifted after an unban, until CrowdSec decides anew', { timeout }, async (test) => {
    const { crowdsec, server, proxmox } = await setUp(test);
    await crowdsec.add('203.0.113.7');
    await blocksExactly(proxmox, ['203.0.113.7'], mostMs);
    assert.equal((await server.command('unban', '203.0.113.7')).code, 0);
    await crowdsec.add('203.0.113.11');
    await blocksExactly(proxmox, ['203.0.113.11'], mostMs);
    await server.kill();
    await server.start();
    await crowdsec.add('203.0.113.13');
    await blocksExactly(proxmox, ['203.0.113.11', '203.0.113.13'], mostMs);
    await crowdsec.add('203.0.113.7');
    await blocksExactly(proxmox, ['203.0.113.7', '203.0.113.11', '203.0.113.13'], mostMs);
  });

  it('stand while CrowdSec is down, and are made good when it or the server comes back', { timeout }, async (test) => {
    const { crowdsec, server, proxmox } = await setUp(test);
    await crowdsec.add('203.0.113.7');
    await crowdsec.add('203.0.113.11');
    await blocksExactly(proxmox, ['203.0.113.7', '203.0.113.11'], mostMs);

    await crowdsec.kill();
    await becomes(server, 'failing', ({ state }) => state.kind === 'failing' && state.code === 'retry');
    await blocksExactly(proxmox, ['203.0.113.7', '203.0.113.11'], mostMs);
    assert.match((await server.command('doctor')).stdout, /has not answered the server/);
    await crowdsec.start();
    await becomes(server, 'good', ({ state }) => state.kind === 'good');

    await server.kill();
    await crowdsec.delete('203.0.113.7');
    await crowdsec.add('203.0.113.13');
    await server.start();
    await blocksExactly(proxmox, ['203.0.113.11', '203.0.113.13'], mostMs);
  });

  it('beyond most are left out, the oldest ones, and status says how many', { timeout }, async (test) => {
    const { crowdsec, server, proxmox } = await setUp(test, ['most = 2', 'scenarios = crowdsecurity/*, many']);
    const decision = (value: string, reason: string) => ({ duration: '1h', reason, scope: 'Ip', type: 'ban', value });
    await crowdsec.import(['203.0.113.1', '203.0.113.3', '203.0.113.5'].map((value) => decision(value, 'many')));
    await crowdsec.import([decision('203.0.113.6', 'other')]);
    await blocksExactly(proxmox, ['203.0.113.3', '203.0.113.5'], mostMs);
    await becomes(server, 'over its ceiling', ({ leftOut, reports }) => leftOut === 1 && reports === 2);
    await server.program.said(/networks are left out: most is reached/);
    const { code, stdout } = await server.command('status');
    assert.equal(code, 0);
    assert.match(stdout, /crowdsec\/main +good +3 +2 +1 +0 +0 /);
  });

  it('are asked for with TLS, and only from the CrowdSec that proves itself', { timeout }, async (test) => {
    const ending = lastFirst(test);
    const tls = await makeCertificates(await makeFolder(ending));
    const others = await makeCertificates(await makeFolder(ending));
    const { crowdsec, server, proxmox, changeSection } = await setUp(ending, [`ca = ${tls.caFile}`], tls);
    await crowdsec.add('203.0.113.7');
    await blocksExactly(proxmox, ['203.0.113.7'], mostMs);
    const restart = async (line: string): Promise<void> => {
      await server.stop();
      changeSection([line]);
      await server.start();
    };
    for (const line of [`pin = ${others.fingerprint256}`, `ca = ${others.caFile}`]) {
      await restart(line);
      await becomes(server, 'not trusted', ({ state }) => state.kind === 'failing' && state.code === 'denied');
    }
    await restart(`pin = ${tls.fingerprint256}`);
    await crowdsec.delete('203.0.113.7');
    await blocksExactly(proxmox, [], mostMs);
  });

  it('do not outlive their section of server.ini', { timeout }, async (test) => {
    const { crowdsec, server, proxmox, changeSection } = await setUp(test);
    await crowdsec.add('203.0.113.7');
    await blocksExactly(proxmox, ['203.0.113.7'], mostMs);
    await server.stop();
    changeSection(undefined);
    await server.start();
    await blocksExactly(proxmox, [], mostMs);
  });
});
