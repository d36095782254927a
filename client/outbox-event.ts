import type { Source, Verb } from '../shared/frames.ts';
import type { Labels } from '../shared/labels.ts';
import type { Network } from '../shared/network.ts';

/** One ban or unban to be told to every server. */
export interface NewEvent {
  readonly verb: Verb;
  readonly jail: string;
  readonly network: Network;
  /** When a ban ends, milliseconds since the epoch; null is permanent, and what an unban has. */
  readonly endsAt: number | null;
  readonly source: Source;
  /** Only of a ban. */
  readonly labels?: Labels;
  /** When the agent took it over, milliseconds since the epoch. */
  readonly acceptedAt: number;
}

/** An event with its place in a stream of the agent's. */
export interface NumberedEvent extends NewEvent {
  /** The stream that it was numbered in, by which servers know it again. */
  readonly stream: string;
  /** Above that of every event before it, in whichever stream. */
  readonly number: number;
}

/** Of the events with one key only the last one counts. A lift is about all jails, so no jail's event takes its place. */
export function keyOf({ verb, jail, network }: NewEvent): string {
  return `${verb === 'lift' ? '' : jail} ${network}`;
}
