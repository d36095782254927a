import { readIfPresent } from '../../shared/host/absent-file.ts';
import { plural } from '../../shared/plural.ts';
import { decodeRecord, type EventsRecord, type JournalRecord, type Position } from '../journal-record.ts';
import type { NumberedEvent } from '../outbox-event.ts';

/** What a journal on disk says. */
export interface Recovered {
  /** Undefined when there is none, or its beginning is lost. */
  readonly stream: string | undefined;
  /** False: a number may have been given that it does not know of, so that its stream must not go on. */
  readonly isTrusted: boolean;
  readonly nextNumber: number;
  readonly nextTaken: number;
  /** How far taken files were read, before the first damage: what came behind is read once more. */
  readonly positions: ReadonlyMap<number, number>;
  /** In their order. */
  readonly events: readonly NumberedEvent[];
  /** Bytes up to the end of the last whole line. */
  readonly bytes: number;
  /** A sentence that says what is lost, and from when; undefined: nothing. */
  readonly damage: string | undefined;
}

/**
 * Reads a journal. A last line without its newline was being written when the agent was killed: nothing of it was sent,
 * and its lines are still in the taken file.
 *
 * @param orphans stream for events of which none can be known, because the record that names it is damaged
 * @throws Error of the file system
 */
export async function readJournal(path: string, orphans: string): Promise<Recovered | undefined> {
  const text = await readIfPresent(path);
  if (text === undefined) return undefined;
  const end = text.lastIndexOf('\n') + 1;
  const records = text.slice(0, end).split('\n').slice(0, -1).map(decodeRecord);
  const start = records.find((record) => record?.kind === 'start');
  const isWhole = records[0]?.kind === 'start' && !records.includes(undefined);
  const events = batchesOf(records).flatMap(({ stream = start?.stream ?? orphans, events: batch }) =>
    batch.map((event) => ({ ...event, stream })),
  );
  return {
    stream: start?.stream,
    isTrusted: isWhole,
    nextNumber: Math.max(start?.nextNumber ?? 1, (events.at(-1)?.number ?? 0) + 1),
    nextTaken: Math.max(start?.nextTaken ?? 1, ...positionsOf(records).map(({ taken }) => taken + 1)),
    positions: latestPositions(positionsOf(isWhole ? records : records.slice(0, records.indexOf(undefined)))),
    events,
    bytes: Buffer.byteLength(text.slice(0, end)),
    damage: isWhole ? undefined : describeDamage(records),
  };
}

type Read = readonly (JournalRecord | undefined)[];

function batchesOf(records: Read): readonly EventsRecord[] {
  return records.filter((record) => record?.kind === 'events');
}

function positionsOf(records: Read): readonly Position[] {
  return records.flatMap((record) => {
    if (record?.kind === 'start') return record.positions;
    return record?.position ?? [];
  });
}

function latestPositions(positions: readonly Position[]): ReadonlyMap<number, number> {
  return new Map(positions.map(({ taken, offset }) => [taken, offset]));
}

function describeDamage(records: Read): string {
  if (records.length === 0) return 'it is empty: what was taken over and not acknowledged is lost';
  const first = records[0]?.kind === 'start' ? records.indexOf(undefined) : 0;
  const damaged = records.filter((record) => record === undefined).length;
  const before = batchesOf(records.slice(0, first)).at(-1)?.events.at(-1);
  const since =
    before === undefined ? 'its beginning' : `${new Date(before.acceptedAt).toISOString()} (${before.number})`;
  return `damaged: ${damaged} of ${plural(records.length, 'record')}; events taken over from ${since} on may be lost`;
}
