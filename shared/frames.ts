/** The frames as they stand on the wire, after their MAC: PROTOCOL.md describes each with an example. */
import type { Labels } from './labels.ts';
import type { Network } from './network.ts';
import type { ReceivedCode, Refusal, RefusalCode } from './refusal.ts';
import type { ReportFilter } from './report-filter.ts';
import type { Word } from './word.ts';

/** The WebSocket subprotocol that both ends must name. */
export const subprotocol = 'fail2networkban.v1';
export const defaultPort = 1514;

/** ban claims a network, unban withdraws the own claim, lift (operators) withdraws everybody's. */
export type Verb = 'ban' | 'unban' | 'lift';
export const verbs: readonly Verb[] = ['ban', 'unban', 'lift'];

/** Who stands behind an event: a jail of fail2ban, whose list speaks for it, or a person, whose ban no list takes back. */
export type Source = 'jail' | 'hand';

/** One ban or unban. `number` is the place in the agent's stream; `ttlSeconds` counts from the moment of sending, null is permanent. */
export interface BanEvent {
  readonly number: number;
  readonly verb: Verb;
  readonly jail: string;
  readonly network: Network;
  /** Only for a ban. */
  readonly ttlSeconds: number | null;
  readonly source: Source;
  /** Only of a ban. */
  readonly labels?: Labels | undefined;
}

/** An event that can never take effect; it is answered like any other. */
export interface UnreadableEvent {
  readonly number: number;
  readonly refusal: Refusal;
}

export type ReceivedEvent = BanEvent | UnreadableEvent;

/** 1–500 events of one stream, numbers rising. Answered by one `results` frame. */
export interface EventsFrame {
  readonly type: 'events';
  readonly stream: string;
  readonly events: readonly ReceivedEvent[];
}

/** Digests of the jails' lists. Answered by a `differing` frame that names the jails whose list should follow. */
export interface JailsFrame {
  readonly type: 'jails';
  readonly digests: readonly { readonly jail: string; readonly digest: string }[];
  /** What `ignoreip` of the jails names. Absent: the agent does not say, and what it said last holds. */
  readonly ignoreip?: readonly Network[];
}

/** One part of a jail's full list, parts in order, which only adds and prolongs. The last is answered by a `settled` frame. */
export interface JailFrame {
  readonly type: 'jail';
  readonly jail: string;
  readonly part: number;
  readonly parts: number;
  readonly entries: readonly JailEntry[];
}

/**
 * A network that a jail holds, and for how many seconds still; null is permanent. `atMost`: the ban may end earlier, so
 * that the end of a report that stands already is not touched.
 */
export type JailEntry = readonly [network: Network, ttlSeconds: number | null, bound?: 'at-most'];

/**
 * Networks that were missing from a jail at every look for so many seconds, on evidence about each. Reports that are
 * older than that are withdrawn. Answered by a `withdrawn` frame.
 */
export interface MissingFrame {
  readonly type: 'missing';
  readonly jail: string;
  readonly seconds: number;
  readonly networks: readonly Network[];
}

/** A question. Answered by an `answer` frame with the same id. */
export type QueryFrame = { readonly type: 'query'; readonly id: number } & ReceivedQuestion;

/** A question as it came: one that is not known here gets an answer that says nothing. */
export type ReceivedQuestion = Question | { readonly about: 'unknown' };

export type Question =
  /** Nothing: an empty answer, once everything sent before is written. For measuring the round trip. */
  | { readonly about: 'self' }
  /** The client's own reports. */
  | { readonly about: 'bans' }
  /** Whether each firewall holds the network (after a ban) or no longer holds it (after an unban). */
  | { readonly about: 'network'; readonly network: Network };

/**
 * Asks for the standing bans and their changes, from now until the connection ends. Answered by `feed` frames, as many as
 * there are. Another one takes the place of the one before.
 */
export interface SubscribeFrame {
  readonly type: 'subscribe';
  /** The last number that the client has taken in, of the ledger that it names; null: from the beginning. */
  readonly after: number | null;
  readonly ledger: string;
  /** Also what the client itself reported. */
  readonly own: boolean;
  /** A report that fits any of them is sent; none: every report. */
  readonly filters: readonly ReportFilter[];
}

/** How a host's own enforcers stand, for the operator's eyes. Not answered. */
export interface EnforcersFrame {
  readonly type: 'enforcers';
  readonly enforcers: readonly HostEnforcer[];
}

/** Servers of before know the first three, and take any other for `failing`. */
export const hostEnforcerStates = ['in-sync', 'working', 'failing', 'refusing'] as const;

export interface HostEnforcer {
  /** As `jail/sshd-peers`. */
  readonly enforcer: string;
  readonly state: (typeof hostEnforcerStates)[number];
  /** Networks that it holds for others' bans. */
  readonly entries: number;
  /** Why it fails, what it refuses, or for how many it has no room. */
  readonly detail?: string;
}

/** A frame of a newer side, of a type that is not known here: it is left alone, and the connection stays. */
export interface UnknownFrame {
  readonly type: 'unknown';
  readonly name: Word;
}

export type FrameToServer =
  | EventsFrame
  | JailsFrame
  | JailFrame
  | MissingFrame
  | QueryFrame
  | SubscribeFrame
  | EnforcersFrame;

/** First frame of a connection, from the server, not sealed: no key is known yet. */
export interface HelloFrame {
  readonly type: 'hello';
  /** 32 random bytes, base64url. */
  readonly nonce: string;
}

/** The payload of the login text `<client>:<key id>:<mac>.<payload>`. */
export interface LoginPayload {
  readonly type: 'login';
  /** 32 random bytes, base64url. */
  readonly nonce: string;
  /** The agent's name and version, for the operator's eyes. */
  readonly agent: string;
}

/** The server's first sealed frame; that it verifies proves the server. */
export interface WelcomeFrame {
  readonly type: 'welcome';
  readonly server: string;
  readonly may: readonly Permission[];
  /** Patterns of the jails that the client may use. */
  readonly jails: readonly string[];
}

export type Permission = 'ban' | 'unban' | 'operate' | 'subscribe';
export const permissions: readonly Permission[] = ['ban', 'unban', 'operate', 'subscribe'];

/** `recorded`: durably written. `repeated`: applied before. `refused`: see the code. */
export type EventResult<Code extends ReceivedCode = RefusalCode> =
  | { readonly number: number; readonly outcome: 'recorded' | 'repeated' }
  | { readonly number: number; readonly outcome: 'refused'; readonly code: Code; readonly detail: string };

export interface ResultsFrame<Code extends ReceivedCode = RefusalCode> {
  readonly type: 'results';
  readonly results: readonly EventResult<Code>[];
  /** With `rate-limited` or `ledger-unavailable`: the pause before the next try, in milliseconds. */
  readonly retryAfterMs?: number;
}

export interface DifferingFrame {
  readonly type: 'differing';
  readonly jails: readonly string[];
}

/** What a full list changed. `refused` counts by code. */
export interface SettledFrame<Code extends ReceivedCode = RefusalCode> {
  readonly type: 'settled';
  readonly jail: string;
  readonly added: number;
  /** A list withdraws nothing; agents of before ask for the field. */
  readonly withdrawn: 0;
  /** The first of the networks that the jail's reports ban and the list did not name. */
  readonly unlisted: readonly Network[];
  readonly refused: Readonly<Partial<Record<Code, number>>>;
  /** Reports of this jail that an operator lifted and the list still names; left out for none. */
  readonly lifted?: number;
}

/** How many reports a `missing` frame withdrew. */
export interface WithdrawnFrame {
  readonly type: 'withdrawn';
  readonly jail: string;
  readonly count: number;
}

/** What a firewall does about one network. Agents of before know the first five, and take any other for `failing`. */
export const enforcementStates = [
  'in-force',
  'absent',
  'pending',
  'failing',
  'paused',
  'refused',
  'no-room',
  'held-back',
] as const;

/** Whether a firewall agrees with the ledger about one network. */
export interface Enforcement {
  readonly enforcer: string;
  readonly state: (typeof enforcementStates)[number];
  readonly detail?: string;
}

export interface OwnReport {
  readonly network: Network;
  readonly jail: string;
  readonly ttlSeconds: number | null;
  /** Firewalls of the server that do not block it for a reason of its own. */
  readonly enforcement?: readonly Enforcement[];
}

export interface AnswerFrame {
  readonly type: 'answer';
  readonly id: number;
  readonly bans?: readonly OwnReport[];
  /** Whether anybody bans the network, or a wider one that covers it. */
  readonly banned?: boolean;
  /** Of a network: each firewall. Of bans: those that fail. */
  readonly enforcement?: readonly Enforcement[];
}

/** Which report. */
export type FeedKey = readonly [network: Network, client: string, jail: string];
/** A report, with the seconds that it lives still; null is permanent. */
export type FeedBan = readonly [...FeedKey, ttlSeconds: number | null, labels?: Labels];

/**
 * `snapshot` and `snapshot-end`: all that stands, in parts; what is not among them does not stand. `changes`: what became
 * of single reports since the frame before.
 */
export interface FeedFrame {
  readonly type: 'feed';
  readonly part: 'snapshot' | 'snapshot-end' | 'changes';
  /** Whose numbers these are. */
  readonly ledger: string;
  /** With this frame the client knows all up to this number; of a snapshot only with its end. */
  readonly sequence: number;
  /** The operator holds enforcement: nothing is to be blocked until a frame says otherwise. */
  readonly paused: boolean;
  /** New, or in place of the report of the same key. */
  readonly bans: readonly FeedBan[];
  readonly ended: readonly FeedKey[];
}

/** A frame was not accepted; the connection closes after it. */
export interface RefusedFrame<Code extends ReceivedCode = RefusalCode> {
  readonly type: 'refused';
  readonly code: Code;
  readonly detail: string;
}

export type FrameToClient<Code extends ReceivedCode = RefusalCode> =
  | WelcomeFrame
  | ResultsFrame<Code>
  | DifferingFrame
  | SettledFrame<Code>
  | WithdrawnFrame
  | AnswerFrame
  | FeedFrame
  | RefusedFrame<Code>;

/** Frames as the other side's parser returns them: the sender may be newer. */
export type ReceivedByServer = FrameToServer | UnknownFrame;
export type ReceivedByClient = FrameToClient<ReceivedCode> | UnknownFrame;
