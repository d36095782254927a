import { type FileHandle, open } from 'node:fs/promises';
import { readIfPresent } from '../shared/host/absent-file.ts';
import { atPath } from '../shared/host/at-path.ts';
import { replaceFile } from './durable-file.ts';
import { decodeRecord, type EventsRecord, encodeRecord, type Position, type StartRecord } from './journal-record.ts';
import type { NumberedEvent } from './outbox-event.ts';

/** What a journal on disk says. */
export interface Recovered {
  /** Undefined when its beginning is lost or a record in its middle is damaged: its numbers must not be trusted. */
  readonly stream: string | undefined;
  readonly nextNumber: number;
  readonly nextTaken: number;
  readonly positions: ReadonlyMap<number, number>;
  /** In their order. */
  readonly events: readonly NumberedEvent[];
}

/**
 * Reads a journal. A last line without its newline was being written when the agent was killed: nothing of it was sent,
 * and its lines are still in the taken file.
 */
export async function readJournal(path: string): Promise<Recovered> {
  const lines = ((await readIfPresent(path)) ?? '').split('\n');
  lines.pop();
  const records = lines.map(decodeRecord);
  const start = records.find((record) => record?.kind === 'start');
  const isWhole = records[0]?.kind === 'start' && !records.includes(undefined);
  const batches = records.filter((record) => record?.kind === 'events');
  const events = batches.flatMap((batch) => batch.events);
  const positions = latestPositions([
    ...(start?.positions ?? []),
    ...batches.flatMap(({ position }) => position ?? []),
  ]);
  return {
    stream: isWhole ? start?.stream : undefined,
    nextNumber: Math.max(start?.nextNumber ?? 1, (events.at(-1)?.number ?? 0) + 1),
    nextTaken: Math.max(start?.nextTaken ?? 1, ...[...positions.keys()].map((taken) => taken + 1)),
    positions,
    events,
  };
}

/**
 * The open journal: records are appended by one writer and are durable when `append` returns. It is begun anew, as a
 * whole and atomically, with only what is still needed.
 */
export class Journal {
  readonly #path: string;
  #file: FileHandle | undefined;
  #events = 0;
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** False before the first rewriting, and after a failed write, which leaves the end of the file unknown. */
  get isSound(): boolean {
    return this.#file !== undefined;
  }

  /** Events in the file, needed or not. */
  get events(): number {
    return this.#events;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Replaces the file by these records. Durable when it returns; on failure the file before it stands. */
  async rewrite(start: StartRecord, events: readonly NumberedEvent[]): Promise<void> {
    await this.close();
    const text = encodeRecord(start) + (events.length === 0 ? '' : encodeRecord({ kind: 'events', events }));
    await replaceFile(this.#path, text);
    this.#file = await open(this.#path, 'a', 0o600);
    this.#events = events.length;
    this.#bytes = Buffer.byteLength(text);
  }

  /** Durable when it returns. */
  async append(record: EventsRecord): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw new Error(`${this.#path}: not open`);
    const text = encodeRecord(record);
    try {
      await atPath(this.#path, () => file.appendFile(text));
      await atPath(this.#path, () => file.datasync());
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#events += record.events.length;
    this.#bytes += Buffer.byteLength(text);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

function latestPositions(positions: readonly Position[]): ReadonlyMap<number, number> {
  return new Map(positions.map(({ taken, offset }) => [taken, offset]));
}
