import { describeError } from '../../shared/errors.ts';
import type { Outbox } from '../outbox.ts';
import type { NewEvent } from '../outbox-event.ts';
import { appendToQueue, type Queue } from '../queue.ts';
import { formatHandLine } from '../queue-line.ts';

/** What became of an event by hand. `queued`: it could not be taken over now, and waits on disk in its place. */
export type HandedOver =
  | { readonly kind: 'numbered'; readonly number: number }
  | { readonly kind: 'queued'; readonly reason: string };

/**
 * Takes an event by hand over, behind all that fail2ban wrote before it. While that cannot be taken over, nor can this: it
 * goes to the end of the queue instead.
 *
 * @throws Error of the file system when the queue cannot be written either
 */
export async function takeByHand(
  event: NewEvent,
  { queue, outbox }: { readonly queue: Queue; readonly outbox: Outbox },
): Promise<HandedOver> {
  try {
    const [numbered] = await queue.behind(() => outbox.accept([event]));
    if (numbered === undefined) throw new Error('an event was not numbered');
    return { kind: 'numbered', number: numbered.number };
  } catch (error) {
    await appendToQueue(queue.spool, lineOf(event));
    return { kind: 'queued', reason: describeError(error) };
  }
}

function lineOf({ endsAt, acceptedAt: failedAt, ...event }: NewEvent): string {
  const bantimeSeconds = endsAt === null ? null : Math.ceil((endsAt - failedAt) / 1_000);
  return formatHandLine({ ...event, bantimeSeconds, failedAt });
}
