import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { addresses } from '../bench/networks.ts';
import { reportsOf, writeLedger } from '../bench/write-ledger.ts';
import { makeCertificates } from '../certificates.ts';
import { CustomBouncer, type HandOver } from '../crowdsec/custom-bouncer.ts';
import { lastFirst, makeFolder } from '../ending.ts';
import { ServerProcess } from './server-process.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

const limits = { timeout: suiteMaxMs };
const patienceMs = 60_000;
const many = 20_000;

for (const handOver of ['a process each', 'one process'] as const)
  describe(`the real crowdsec-custom-bouncer, by ${handOver}`, limits, () => {
    const ending = lastFirst({ after });
    let server: ServerProcess;
    let bouncer: CustomBouncer;

    before(async () => {
      const started = await startServer(handOver);
      server = started.server;
      bouncer = started.bouncer;
    }, limits);

    async function startServer(how: HandOver, networks = 0) {
      const dir = await makeFolder(ending);
      const certificates = await makeCertificates(join(dir, 'tls'));
      await writeLedger(join(dir, 'server', 'ledger.db'), reportsOf(addresses(networks)));
      const process = await ServerProcess.start({ dir: join(dir, 'server'), certificates, enforcers: ['[dry-run]'] });
      ending.after(() => process.kill());
      const { token } = await process.ask('client', 'add', 'edge', '--http');
      const options = {
        apiUrl: `https://127.0.0.1:${process.port}`,
        apiKey: String(token),
        caFile: certificates.caFile,
      };
      return { server: process, bouncer: await CustomBouncer.start(ending, { ...options, handOver: how }) };
    }

    const blocks = (expected: readonly string[]): Promise<unknown> => {
      const wanted = expected.toSorted().join();
      return waitUntil(
        `it blocks ${wanted}; it says:\n${bouncer.log.slice(-2_000)}`,
        async () => (await bouncer.blocked()).join() === wanted,
        patienceMs,
      );
    };

    it('blocks what is banned, an IPv6 address and a CIDR too, until it is unbanned', limits, async () => {
      for (const network of ['203.0.113.7', '2001:db8::7', '198.51.100.128/25'])
        await server.ask('ban', network, '--ttl', '1h');
      await blocks(['203.0.113.7', '2001:db8::7', '198.51.100.128/25']);
      await server.ask('unban', '198.51.100.128/25');
      await server.ask('ban', '203.0.113.7', '--ttl', '2h');
      await server.ask('unban', '2001:db8::7');
      await blocks(['203.0.113.7']);
    });

    it('hears of what changed while it was away, and while the server was', limits, async () => {
      await bouncer.kill();
      await server.ask('unban', '203.0.113.7');
      await server.ask('ban', '203.0.113.8', '--ttl', '1h');
      bouncer.start();
      await blocks(['203.0.113.8']);
      await server.kill();
      await server.start();
      await server.ask('ban', '203.0.113.9', '--ttl', '1h');
      await server.ask('unban', '203.0.113.8');
      await blocks(['203.0.113.9']);
    });

    if (handOver === 'one process')
      it(`takes ${many} at its start, and then what changes`, limits, async () => {
        ({ server, bouncer } = await startServer(handOver, many));
        await waitUntil('all are blocked', async () => (await bouncer.blocked()).length === many, patienceMs);
        const [first = '', second = ''] = addresses(many);
        await server.ask('unban', first);
        await server.ask('unban', second);
        await server.ask('ban', '203.0.113.7', '--ttl', '1h');
        await waitUntil('it has heard', async () => (await bouncer.blocked()).length === many - 1, patienceMs);
      });
  });
