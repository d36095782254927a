import { isTemporary, type Refusal } from '../shared/refusal.ts';
import type { Answered } from './lane.ts';
import type { NumberedEvent } from './outbox-event.ts';
import { UplinkError } from './uplink-error.ts';

/** What the answers to one frame of events mean. */
export interface Settlement {
  /** The server has spoken its last word on these. */
  readonly final: readonly { readonly event: NumberedEvent; readonly result: Answered }[];
  /** To be sent again as they are. */
  readonly again: readonly NumberedEvent[];
  /** To be sent again under a new number: the server counts their number as applied, since it applied a higher one. */
  readonly renumber: readonly NumberedEvent[];
  /** Why one of those that are sent again was not taken. */
  readonly postponement: Refusal | undefined;
}

/**
 * Pairs the events of a frame with the server's answers.
 *
 * ```
 * recorded, repeated, refused for good   → final
 * refused for now, nothing final after   → again
 * refused for now, something final after → renumber
 * ```
 *
 * @throws UplinkError `not-believed` unless each event has exactly one answer
 */
export function settleResults(events: readonly NumberedEvent[], results: readonly Answered[]): Settlement {
  const byNumber = new Map(results.map((result) => [result.number, result]));
  if (byNumber.size !== events.length || results.length !== events.length) throw mismatch();
  const paired = events.map((event) => {
    const result = byNumber.get(event.number);
    if (result === undefined) throw mismatch();
    return { event, result };
  });
  const lastFinal = paired.findLastIndex(({ result }) => isFinal(result));
  const waiting = paired.map(({ event, result }, index) => ({ event, result, isPassed: index < lastFinal }));
  const temporary = waiting.filter(({ result }) => !isFinal(result));
  return {
    final: paired.filter(({ result }) => isFinal(result)),
    again: temporary.filter(({ isPassed }) => !isPassed).map(({ event }) => event),
    renumber: temporary.filter(({ isPassed }) => isPassed).map(({ event }) => event),
    postponement: temporary.map(({ result }) => postponementIn(result)).at(-1),
  };
}

function postponementIn(result: Answered): Refusal | undefined {
  return result.outcome === 'refused' && isTemporary(result.code)
    ? { code: result.code, detail: result.detail }
    : undefined;
}

function isFinal(result: Answered): boolean {
  return result.outcome !== 'refused' || !isTemporary(result.code);
}

function mismatch(): UplinkError {
  return new UplinkError('not-believed', 'the results do not answer the events that were sent');
}
