import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe } from 'node:test';
import { SqliteLedger } from '../../server/ledger/sqlite-ledger.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { makeCertificates } from '../certificates.ts';
import { type Ending, makeFolder, testWithEnding } from '../ending.ts';
import { makeReport } from '../server/samples.ts';
import { RawClient } from './raw-client.ts';
import { ServerProcess } from './server-process.ts';
import { waitUntil } from './wait-until.ts';

/** On a machine that may be slow. */
const patienceMs = 60_000;

interface Running {
  readonly server: ServerProcess;
  /** A host's ban by its jail. */
  readonly ban: (network: string) => Promise<void>;
}

async function start(ending: Ending, lines: readonly string[]): Promise<Running> {
  const dir = await makeFolder(ending);
  const certificates = await makeCertificates(join(dir, 'certificates'));
  const server = await ServerProcess.start({ dir, certificates, enforcers: ['[dry-run]', '[escalation]', ...lines] });
  ending.after(() => server.stop());
  const enrolment = await server.enrolmentFor('web1');
  let number = 0;
  const ban = async (network: string): Promise<void> => {
    number += 1;
    const client = await RawClient.connect(enrolment, certificates.caFile);
    const event = { number, verb: 'ban', jail: 'sshd', network, ttlSeconds: 600 };
    const answer = await client.ask({ type: 'events', stream: 'stream-1', events: [event] });
    client.socket.terminate();
    assert.deepEqual(answer['results'], [{ number, outcome: 'recorded' }]);
  };
  return { server, ban };
}

/** Which bans cover a network and who reports them, as `203.0.113.0/24 neighbours@escalation`. */
async function banning(server: ServerProcess, network: string): Promise<string[]> {
  const { bans } = await callLocalSocket(server.socket, 'lookup', { network });
  const found: readonly Ban[] = Array.isArray(bans) ? bans : [];
  return found.flatMap((each) => each.reports.map(({ jail, client }) => `${each.network} ${jail}@${client}`));
}

interface Ban {
  readonly network: string;
  readonly reports: readonly { readonly jail: string; readonly client: string }[];
}

describe('escalation by a real server', { concurrency: 2 }, () => {
  testWithEnding('bans a neighbourhood for what happened before and after a kill', async (ending) => {
    const { server, ban } = await start(ending, ['steps = none', 'network_hosts = 3']);
    await ban('203.0.113.1');
    await ban('203.0.113.2');
    await server.kill();
    await server.start();
    assert.deepEqual(await banning(server, '203.0.113.9'), []);
    await ban('203.0.113.3');
    await waitUntil(
      'the /24 is banned',
      async () => (await banning(server, '203.0.113.9')).includes('203.0.113.0/24 neighbours@escalation'),
      patienceMs,
    );
    const status = await server.command('status');
    assert.match(status.stdout, /^escalation: 0 bans of 0 networks count; since the start banned 1, refused 0/m);
    const unban = await server.command('unban', '203.0.113.0/24');
    assert.equal(unban.code, 0, unban.stdout);
    assert.deepEqual(await banning(server, '203.0.113.9'), []);
  });

  testWithEnding('bans a repeat offender whom history knows, and by new settings after SIGHUP', async (ending) => {
    const { server, ban } = await start(ending, ['steps = 3:2d']);
    await server.stop();
    const ledger = await SqliteLedger.open(server.database);
    const hour = 3_600_000;
    for (const hoursAgo of [3, 2]) {
      const at = Date.now() - hoursAgo * hour;
      const report = makeReport('203.0.113.7', { reportedAt: at, endsAt: at + 60_000 });
      const first = await ledger.commit([{ kind: 'reported', report, replaces: undefined }], at);
      const ended = { ...report, sequence: first };
      await ledger.commit([{ kind: 'withdrawn', report: ended, reason: 'unban', actor: 'web1' }], at + 60_000);
    }
    await ledger.close();
    await server.start();
    await ban('203.0.113.7');
    await waitUntil(
      'it is banned for two days',
      async () => (await banning(server, '203.0.113.7')).includes('203.0.113.7 repeat@escalation'),
      patienceMs,
    );
    await ban('203.0.113.8');
    await server.writeConfig(['whitelist = 203.0.113.9'], ['[dry-run]', '[escalation]', 'network_hosts = 2']);
    server.program.signal('SIGHUP');
    await waitUntil(
      'the neighbourhood was tried',
      async () => {
        const { escalation } = await callLocalSocket(server.socket, 'status', {});
        return JSON.stringify(escalation).includes('"refused":1');
      },
      patienceMs,
    );
  });
});
