import type { BatchEvent } from './channel.ts';
import { textOf } from './notice.ts';

/** Events as receivers get them, in JSON. */
export function eventsOf(events: readonly BatchEvent[]): object[] {
  return events.map(({ id, told }) => ({ id, at: told.at, count: told.count, text: textOf(told), ...told.notice }));
}
