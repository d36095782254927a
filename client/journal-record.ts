import { FrameError, field, isIntegerBetween } from '../shared/field-reader.ts';
import { verbs } from '../shared/frames.ts';
import { type Labels, labelsAllowed, readLabels } from '../shared/labels.ts';
import { jailAlphabet, jailPattern } from '../shared/names.ts';
import { parseNetwork } from '../shared/network.ts';
import { decodeLine, encodeLine } from './outbox/checked-line.ts';
import type { NumberedEvent } from './outbox-event.ts';

/** How far a taken file has been read: what stands before `offset` is in the journal. */
export interface Position {
  readonly taken: number;
  readonly offset: number;
}

/** First record of a journal: what holds whatever follows. */
export interface StartRecord {
  readonly kind: 'start';
  /** Id of this journal, and the stream of events whose record names none. */
  readonly stream: string;
  /** No event was numbered this or higher. */
  readonly nextNumber: number;
  /** No queue file was taken over under this number or a higher one. */
  readonly nextTaken: number;
  readonly positions: readonly Position[];
}

/** Events that became durable together with the place in the queue up to which they were read. */
export interface EventsRecord {
  readonly kind: 'events';
  /** The stream of its events; agents of before had one for the whole journal. */
  readonly stream?: string;
  readonly position?: Position;
  readonly events: readonly RecordedEvent[];
}

/** An event in a record that says its stream. */
export type RecordedEvent = Omit<NumberedEvent, 'stream'>;

export type JournalRecord = StartRecord | EventsRecord;

export function encodeRecord(record: JournalRecord): string {
  return encodeLine(record);
}

/** The record of one line, or undefined when the line is damaged. */
export function decodeRecord(line: string): JournalRecord | undefined {
  const fields = decodeLine(line);
  if (fields === undefined) return undefined;
  try {
    return readRecord(fields);
  } catch (error) {
    if (error instanceof FrameError) return undefined;
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const most = Number.MAX_SAFE_INTEGER;
const anyLength = { least: 0, most };

function readRecord(fields: Fields): JournalRecord {
  const kind = field.choice(fields, 'kind', ['start', 'events']);
  if (kind === 'start') {
    return {
      kind,
      stream: readStream(fields),
      nextNumber: field.integer(fields, 'nextNumber', 1, most),
      nextTaken: field.integer(fields, 'nextTaken', 1, most),
      positions: field.list(fields, 'positions', anyLength, readPosition),
    };
  }
  return {
    kind,
    ...(fields['stream'] === undefined ? {} : { stream: readStream(fields) }),
    ...(fields['position'] === undefined ? {} : { position: readPosition(fields['position']) }),
    events: field.list(fields, 'events', anyLength, readEvent),
  };
}

function readStream(fields: Fields): string {
  return field.text(fields, 'stream', /^[A-Za-z0-9_-]{8,64}$/, 'a stream id');
}

function readPosition(item: unknown): Position {
  const fields = field.object(item, 'position');
  return { taken: field.integer(fields, 'taken', 1, most), offset: field.integer(fields, 'offset', 0, most) };
}

function readEvent(item: unknown): RecordedEvent {
  const fields = field.object(item, 'events');
  const network = parseNetwork(field.text(fields, 'network', /^[0-9a-f.:/]+$/, 'a network'));
  if (network === undefined) throw new FrameError('network', fields['network'], 'a network');
  const endsAt = fields['endsAt'];
  if (endsAt !== null && !isIntegerBetween(endsAt, 0, most)) throw new FrameError('endsAt', endsAt, 'a time or null');
  return {
    number: field.integer(fields, 'number', 1, most),
    verb: field.choice(fields, 'verb', verbs),
    jail: field.text(fields, 'jail', jailPattern, jailAlphabet),
    network,
    endsAt,
    source: field.choice(fields, 'source', ['jail', 'hand']),
    acceptedAt: field.integer(fields, 'acceptedAt', 0, most),
    ...(fields['labels'] === undefined ? {} : { labels: readEventLabels(fields['labels']) }),
  };
}

function readEventLabels(value: unknown): Labels {
  const labels = readLabels(value);
  if (labels === undefined) throw new FrameError('labels', value, labelsAllowed);
  return labels;
}
