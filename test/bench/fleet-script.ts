import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from '../../shared/backoff.ts';
import { RawClient } from '../end-to-end/raw-client.ts';

/**
 * A process of its own that is many hosts: each keeps one connection, from an address of loopback, and comes back as an agent does.
 * Prints how many are connected whenever that is all of them, or none.
 */
export interface FleetTask {
  /** One a line: too many for the command line. */
  readonly enrolmentsFile: string;
  readonly caFile: string;
  readonly addresses: number;
  /** Of an agent: see client/courier.ts. */
  readonly pauses: { readonly leastMs: number; readonly mostMs: number };
}

const task = JSON.parse(process.argv[2] ?? '') as FleetTask;
const enrolments = readFileSync(task.enrolmentsFile, 'utf8').split('\n');
let connected = 0;
for (const [at, enrolment] of enrolments.entries()) void stayConnected(enrolment, addressOf(at % task.addresses));

async function stayConnected(enrolment: string, localAddress: string): Promise<never> {
  const backoff = new Backoff(task.pauses, Math.random);
  for (;;) {
    const client = await RawClient.connect(enrolment, task.caFile, localAddress).catch(() => undefined);
    if (client !== undefined) {
      note(1);
      await client.closed;
      note(-1);
    }
    await delay(backoff.next());
  }
}

function note(change: 1 | -1): void {
  connected += change;
  if (connected === 0 || connected === enrolments.length) process.stdout.write(`connected ${connected}\n`);
}

function addressOf(at: number): string {
  return `127.1.${Math.floor(at / 250)}.${(at % 250) + 1}`;
}
