import { plural } from '../../shared/plural.ts';

/** What a channel may be told of. */
export const noticeKinds = ['ban', 'unban', 'refused', 'enforcer', 'room'] as const;

export type NoticeKind = (typeof noticeKinds)[number];

/** Something that happened, as others are told of it. Instants are milliseconds since the epoch; null is permanent. */
export type Notice =
  | {
      readonly kind: 'ban';
      readonly network: string;
      readonly client: string;
      readonly jail: string;
      readonly endsAt: number | null;
    }
  | {
      readonly kind: 'unban';
      readonly network: string;
      readonly client: string;
      readonly jail: string;
      /** Why the report ended, as in history. */
      readonly reason: string;
    }
  | {
      /** A host asked to ban what is whitelisted or protected; or a host's address, where the ban is held back (`host`). */
      readonly kind: 'refused';
      readonly network: string;
      readonly client: string;
      readonly jail: string;
      readonly code: string;
      readonly detail: string;
    }
  | {
      readonly kind: 'enforcer';
      readonly enforcer: string;
      readonly state: 'failing' | 'recovered';
      /** Why it fails. */
      readonly reason: string;
    }
  | RoomNotice
  | { readonly kind: 'test' };

/** How near a firewall is to its `max_entries`. */
interface RoomNotice {
  readonly kind: 'room';
  readonly enforcer: string;
  readonly state: 'plenty' | 'scarce' | 'none';
  readonly entries: number;
  readonly maxEntries: number;
  readonly leftOut: number;
}

/** A notice that is to be told. */
export interface Told {
  readonly notice: Notice;
  /** Of the last, when there are several. */
  readonly at: number;
  /** How often it happened. */
  readonly count: number;
}

/** What is said about the same thing is told together: the kind, and what it is about. */
export function subjectOf(notice: Notice): string {
  switch (notice.kind) {
    case 'ban':
    case 'unban':
    case 'refused':
      return `${notice.kind} ${notice.network}`;
    case 'enforcer':
    case 'room':
      return `${notice.kind} ${notice.enforcer} ${notice.state}`;
    case 'test':
      return notice.kind;
  }
}

/** One sentence, for a chat or a mail. */
export function textOf({ notice, count }: Told): string {
  return count > 1 ? `${sentenceOf(notice)} (${count} times)` : sentenceOf(notice);
}

function sentenceOf(notice: Notice): string {
  switch (notice.kind) {
    case 'ban':
      return `${notice.network} is banned by ${notice.jail} on ${notice.client}`;
    case 'unban':
      return `${notice.network} is no longer banned by ${notice.jail} on ${notice.client}: ${notice.reason}`;
    case 'refused':
      return `a ban of ${notice.network} by ${notice.jail} on ${notice.client} ${notice.code === 'host' ? 'is held back' : 'was refused'}: ${notice.detail}`;
    case 'enforcer':
      if (notice.state === 'recovered') return `the firewall ${notice.enforcer} answers again`;
      return `the firewall ${notice.enforcer} fails: ${notice.reason}`;
    case 'room':
      return roomSentence(notice);
    case 'test':
      return 'this is a test: nothing has happened';
  }
}

function roomSentence({ enforcer, state, entries, maxEntries, leftOut }: RoomNotice): string {
  const used = `${entries} of ${plural(maxEntries, 'entry', 'entries')}`;
  switch (state) {
    case 'plenty':
      return `the firewall ${enforcer} has room again: ${used}`;
    case 'scarce':
      return `the firewall ${enforcer} is nearly full: ${used}`;
    case 'none':
      return `the firewall ${enforcer} is full, ${plural(leftOut, 'ban')} left out: ${used}`;
  }
}
