import { type FileHandle, open } from 'node:fs/promises';
import { atPath } from '../shared/host/at-path.ts';
import { replaceFile } from '../shared/host/durable-file.ts';
import { type EventsRecord, encodeRecord, type RecordedEvent, type StartRecord } from './journal-record.ts';
import type { Recovered } from './outbox/read-journal.ts';
import type { NumberedEvent } from './outbox-event.ts';

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

  /**
   * False before it is resumed or rewritten, and after a failed write or sync: the end of the file is unknown then, and what
   * the kernel says of a second sync is not true (it forgets the page that it could not write).
   */
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

  /**
   * Goes on with the file as it was read, behind its last whole line. Takes no room, so that it succeeds on a full disk too.
   *
   * @throws Error of the file system, which names the file
   */
  async resume({ events, bytes }: Pick<Recovered, 'events' | 'bytes'>): Promise<void> {
    const file = await open(this.#path, 'a', 0o600);
    try {
      await atPath(this.#path, () => file.truncate(bytes));
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
    this.#events = events.length;
    this.#bytes = bytes;
  }

  /** Replaces the file by these records. Durable when it returns; on failure the file before it stands. */
  async rewrite(start: StartRecord, events: readonly NumberedEvent[]): Promise<void> {
    await this.close();
    const text = encodeRecord(start) + recordsOf(events).map(encodeRecord).join('');
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

/** One record for each run of events of one stream. */
function recordsOf(events: readonly NumberedEvent[]): readonly EventsRecord[] {
  const records: { readonly kind: 'events'; readonly stream: string; readonly events: RecordedEvent[] }[] = [];
  for (const { stream, ...event } of events) {
    const last = records.at(-1);
    if (last?.stream === stream) last.events.push(event);
    else records.push({ kind: 'events', stream, events: [event] });
  }
  return records;
}
