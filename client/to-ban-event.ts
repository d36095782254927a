import type { BanEvent } from '../shared/frames.ts';
import { remainingSeconds } from '../shared/remaining-seconds.ts';
import type { NumberedEvent } from './outbox-event.ts';

/**
 * What goes on the wire for an event that is sent now.
 *
 * A ban that is over by now goes out as an unban: it took the place of all earlier events of its jail and network, of
 * which the server may hold a longer ban.
 */
export function toBanEvent(event: NumberedEvent, nowMs: number): BanEvent {
  const { number, jail, network, source } = event;
  if (event.verb !== 'ban') return { number, verb: event.verb, jail, network, ttlSeconds: null, source };
  if (isOver(event, nowMs)) return { number, verb: 'unban', jail, network, ttlSeconds: null, source };
  const ban = {
    number,
    verb: 'ban',
    jail,
    network,
    ttlSeconds: remainingSeconds(event.endsAt, nowMs),
    source,
  } as const;
  return event.labels === undefined ? ban : { ...ban, labels: event.labels };
}

function isOver({ endsAt }: NumberedEvent, nowMs: number): boolean {
  return endsAt !== null && endsAt <= nowMs;
}
