import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { atMost, type Bench, type Figure } from './figure.ts';
import type { FleetTask } from './fleet-script.ts';
import type { Place } from './place.ts';

const hosts = 1_000;

/** A thousand hosts come back after the server was killed: from 250 addresses, and from one. */
export const returnFigures: Bench = {
  name: 'return',
  measure: async (place) => [await measureReturn(place, 250), await measureReturn(place, 1)],
};

async function measureReturn(place: Place, addresses: number): Promise<Figure> {
  const server = await place.startServer(`return-${addresses}`, {});
  const names = Array.from({ length: hosts }, (_, at) => `host${at}`);
  const enrolments: string[] = [];
  for (const name of names) {
    const { enrolment } = await callLocalSocket(server.socket, 'client-add', { name });
    enrolments.push(String(enrolment));
  }
  const { caFile } = place.certificates;
  const enrolmentsFile = join(place.dir, `enrolments-${addresses}`);
  await writeFile(enrolmentsFile, enrolments.join('\n'));
  const task: FleetTask = { enrolmentsFile, caFile, addresses, pauses: { leastMs: 1_000, mostMs: 15_000 } };
  const fleet = place.startScript('fleet-script', task);
  await fleet.said(new RegExp(`connected ${hosts}`));
  await server.kill();
  await fleet.said(/connected 0\n/);
  const startedMs = performance.now();
  await server.start();
  await fleet.said(new RegExp(`connected 0\n(?:.*\n)*?connected ${hosts}`));
  const seconds = (performance.now() - startedMs) / 1_000;
  await fleet.kill();
  await server.stop();
  const from = addresses === 1 ? 'one address' : `${addresses} addresses`;
  return atMost(
    {
      name: `1,000 hosts back, from ${from}`,
      value: seconds,
      unit: 's',
      note: 'after kill -9, with TLS; from the start of the server',
    },
    30,
  );
}
