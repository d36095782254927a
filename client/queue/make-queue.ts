import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/host/log.ts';
import { Intake } from '../intake.ts';
import type { JailNames } from '../jails/jail-names.ts';
import type { RecentEvents } from '../jails/recent-events.ts';
import type { Faults } from '../observability/faults.ts';
import type { Outbox } from '../outbox.ts';
import { Queue } from '../queue.ts';
import type { UnreadableLog } from '../unreadable-log.ts';

export interface QueueParts {
  readonly outbox: Outbox;
  readonly unreadable: UnreadableLog;
  readonly faults: Faults;
  readonly names: JailNames;
  readonly recent: RecentEvents;
  /** The jails' lists may have changed without a line for each network. */
  readonly compareJails: () => void;
}

interface Surroundings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** The queue of a spool, whose lines become events of the outbox. */
export function makeQueue(spool: string, { clock, random, log }: Surroundings, parts: QueueParts): Queue {
  const { outbox, unreadable, faults, names, recent, compareJails } = parts;
  const reader = new Intake({
    ...{ outbox, unreadable, faults, clock, names, recent },
    onListChanged: compareJails,
    onUnreadable: (lines, { reason, text }) =>
      log.warn({ lines, reason, first: text, file: unreadable.path }, 'unreadable lines set aside'),
  });
  return new Queue({
    ...{ spool, reader, clock, random },
    onForeign: (reason, aside) => {
      log.error({ reason, aside }, 'what lay in place of the queue is none and was put aside; the jails are compared');
      compareJails();
    },
    onFailure: (error) =>
      faults.begin('queue', error, 'bans wait in the queue on disk, in their order, and are not sent'),
    onSuccess: () => {
      faults.end('queue');
      reader.caughtUp();
    },
  });
}
