import type { DnsName } from '../../shared/dns/dns-name.ts';
import type { Permission, Source } from '../../shared/frames.ts';
import type { Labels } from '../../shared/labels.ts';
import type { Network } from '../../shared/network.ts';

/** One host's claim. Key (network, client, jail). Instants are milliseconds since the epoch; `endsAt` Infinity is permanent. */
export interface Report {
  readonly network: Network;
  readonly client: string;
  readonly jail: string;
  readonly source: Source;
  readonly reportedAt: number;
  readonly endsAt: number;
  /**
   * An operator took it back although the jail still holds it: it claims nothing, and keeps the jail's list from claiming
   * the same again. A new ban event of the jail takes its place.
   */
  readonly isLifted: boolean;
  readonly labels?: Labels | undefined;
  /** The operator means this network although it is a host's: then it is in force all the same. Absent: no. */
  readonly evenHost?: true;
  /** Number of the change that made it; absent until that is committed. */
  readonly sequence?: number | undefined;
}

/** What a report is known by: there is at most one of each key. */
export type ReportKey = Pick<Report, 'network' | 'client' | 'jail'>;

/** A network that is never banned, added at run time. */
export interface WhitelistEntry {
  readonly network: Network;
  readonly addedAt: number;
  readonly endsAt: number;
  readonly note: string;
}

/** One of a client's keys. After a rotation the old one is valid until `endsAt`. */
export type ClientKey = FrameKey | HttpKey;

/** With which a host and this server make the MACs of their frames. */
export interface FrameKey {
  readonly kind: 'frames';
  readonly id: string;
  /** 32 bytes, base64url. */
  readonly secret: string;
  readonly endsAt: number;
}

/** Of a token for HTTP, which is kept nowhere itself. */
export interface HttpKey {
  readonly kind: 'http';
  readonly id: string;
  /** SHA-256, hexadecimal. */
  readonly tokenHash: string;
  readonly endsAt: number;
}

/** An enrolled host, or another program that has a token for HTTP. */
export interface Client {
  readonly name: string;
  readonly may: readonly Permission[];
  /** Patterns of jails, as `nginx-*`. */
  readonly jails: readonly string[];
  /** Patterns of the jails whose reports, by any client, the feed may tell it; they count with the permission `subscribe`. */
  readonly follows: readonly string[];
  /** Networks from which its token for HTTP is taken; none: from everywhere. */
  readonly from: readonly Network[];
  readonly description: string;
  readonly addedAt: number;
  readonly keys: readonly ClientKey[];
}

/** A DNS name that is whitelisted at run time. Instants as of {@link WhitelistEntry}. */
export interface NameEntry {
  readonly name: DnsName;
  readonly addedAt: number;
  readonly endsAt: number;
  readonly note: string;
}

/** Networks that must not be banned, as one source says. */
export interface ProtectedSet {
  /** As `proxmox/main/management`. */
  readonly source: string;
  readonly networks: readonly Network[];
}

/** The source of the networks that a host offers by `ignoreip`; they go with the client. */
export function ignoreipSource(client: string): string {
  return `host/${client}/ignoreip`;
}

/** The source of what a DNS name on the whitelist means. */
export function nameSource(name: DnsName): string {
  return `name/${name}`;
}

/** An address that a host was connected from. */
export interface HostAddress {
  readonly address: Network;
  /** Id of the key that it proved itself with. */
  readonly keyId: string;
  /** When it was last there, as far as that was written down. Milliseconds since the epoch. */
  readonly seenAt: number;
}

/** Streams kept for one client, those that were used last: an agent has one, and a new one only when its state was lost. */
export const streamsPerClientMax = 16;

/** Why a report is no new ban: it takes the place of one that stood, or only its jail's list told of it. */
export type ReportReason = 'prolonged' | 'listed';

/** Why a report ended. */
export type WithdrawalReason = 'unban' | 'not-listed' | 'lifted' | 'expired' | 'whitelisted' | 'revoked';

/** One fact to be written. The ledger gives each the next sequence number, in order. */
export type Change = ReportChange | QuietChange | OtherChange;

/** A change that takes no sequence number, stands in no history, and is told to no follower. */
export type QuietChange =
  | NameChange
  | AdvancedChange
  | SourceReadChange
  | HostAddressesChange
  | MarkAdoptedChange
  | DecidedChange;

const quietKinds: ReadonlySet<Change['kind']> = new Set<QuietChange['kind']>([
  'advanced',
  'source-read',
  'host-addresses',
  'mark-adopted',
  'name-allowed',
  'name-disallowed',
  'decided',
]);

/** Whether a change takes a sequence number. */
export function isNumbered(change: Change): change is Exclude<Change, QuietChange> {
  return !quietKinds.has(change.kind);
}

/**
 * What becomes of one report. The report that ends here (`replaces`, or `report` of a withdrawal) is given as it stands,
 * with its sequence number, or is the very object that a change before in the same commit made.
 */
export type ReportChange =
  | {
      readonly kind: 'reported';
      readonly report: Report;
      readonly replaces: Report | undefined;
      /** Absent: a new ban. */
      readonly reason?: ReportReason | undefined;
    }
  | { readonly kind: 'withdrawn'; readonly report: Report; readonly reason: WithdrawalReason; readonly actor: string }
  /** `report` is marked and stays; history and followers see it withdrawn. */
  | {
      readonly kind: 'lifted';
      readonly report: Report;
      readonly replaces: Report;
      readonly reason: WithdrawalReason;
      readonly actor: string;
    };

/** A client's events up to this number took effect. */
export interface AdvancedChange {
  readonly kind: 'advanced';
  readonly client: string;
  readonly stream: string;
  readonly number: number;
  /** The client had no such stream before. */
  readonly isNew: boolean;
}

/** A whitelist entry by DNS name, made or ended at run time. */
export type NameChange =
  | { readonly kind: 'name-allowed'; readonly entry: NameEntry }
  | { readonly kind: 'name-disallowed'; readonly name: DnsName };

/** What must not be banned, as one source said last: it takes the place of what that source said before. */
export interface SourceReadChange extends ProtectedSet {
  readonly kind: 'source-read';
}

/** The addresses by which a host is known: they take the place of all that it was known by. */
export interface HostAddressesChange {
  readonly kind: 'host-addresses';
  readonly client: string;
  readonly addresses: readonly HostAddress[];
}

/** Entries of firewalls whose marks name another ledger, which is lost, belong to this one from now on. */
export interface MarkAdoptedChange {
  readonly kind: 'mark-adopted';
  /** As it stands in the marks, `k3x9`. */
  readonly id: string;
}

/** This commit has all decisions of the operator up to this number: those that are kept beside the ledger too were written. */
export interface DecidedChange {
  readonly kind: 'decided';
  readonly number: number;
}

export type OtherChange =
  | { readonly kind: 'allowed'; readonly entry: WhitelistEntry; readonly actor: string }
  | {
      readonly kind: 'disallowed';
      readonly network: Network;
      readonly actor: string;
      readonly reason: 'removed' | 'expired';
    }
  | { readonly kind: 'enrolled'; readonly client: Client; readonly actor: string }
  | { readonly kind: 'revoked'; readonly client: string; readonly actor: string }
  | { readonly kind: 'paused' | 'resumed'; readonly actor: string };

/** A change with its place and time, as history shows it. */
export interface HistoryEntry {
  readonly sequence: number;
  readonly at: number;
  readonly kind: Exclude<Change['kind'], QuietChange['kind'] | 'lifted'>;
  readonly network?: Network;
  readonly client?: string;
  readonly jail?: string;
  readonly source?: Source;
  readonly endsAt?: number;
  readonly labels?: Labels;
  readonly actor: string;
  readonly reason?: string;
}

export interface HistoryFilter {
  readonly network?: Network;
  readonly client?: string;
  readonly jail?: string;
  readonly since?: number;
  /** Only what was before this instant. */
  readonly until?: number;
  /** Only reports and their ends, and of these what such a reader is shown. */
  readonly visibleTo?: Viewer;
  /** Only what has a lower sequence number: where the page before ended. */
  readonly before?: number;
  /** Newest first, at most so many. */
  readonly most: number;
}

/** Who is shown reports of its own, and those of jails that fit one of its patterns. */
export interface Viewer {
  readonly client: string;
  readonly follows: readonly string[];
}

export interface CountFilter extends Pick<HistoryFilter, 'since' | 'until' | 'visibleTo' | 'most'> {
  readonly by: 'jail' | 'client' | 'network';
}

/** How many new bans history has of one jail, client or network. */
export interface HistoryCount {
  readonly name: string;
  readonly count: number;
}

/**
 * - `record`: what was written in the ledger itself
 * - `note`: the note of the last commit, beside the ledger
 * - `identity`: the ledger's id or marks
 * - `decisions`: what the operator decided while the ledger could not be written
 */
export const lossSubjects = ['record', 'note', 'identity', 'decisions'] as const;
export type LossSubject = (typeof lossSubjects)[number];

/** Something that was written down and is not there any more, or not as it was written; it does not stand. */
export interface Loss {
  readonly about: LossSubject;
  /** Milliseconds since the epoch. */
  readonly foundAt: number;
  /** What, and since when. */
  readonly text: string;
  /** Something that protected from bans may be in it: new bans wait until the operator accepts it. */
  readonly holdsBack: boolean;
}

/** Everything that the server keeps in memory. */
export interface LedgerState {
  /** Made by chance with the ledger: its sequence numbers mean nothing to another. */
  readonly id: string;
  /** What stands in the marks of this ledger's entries in firewalls: its own id, made with it, then those that it took over. */
  readonly marks: readonly string[];
  readonly sequence: number;
  /** In the order of their sequence numbers, which all of them have. */
  readonly reports: readonly Report[];
  readonly whitelist: readonly WhitelistEntry[];
  /** Those by DNS name. */
  readonly whitelistNames: readonly NameEntry[];
  readonly clients: readonly Client[];
  /** The last number applied, by client and stream; of each client the stream that was used last stands last. */
  readonly streams: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly paused: boolean;
  /** The number of the operator's last decision that it has; 0: of none. */
  readonly decided: number;
  /** One for each source that was ever read. */
  readonly protectedSets: readonly ProtectedSet[];
  /** What was found to be lost or damaged, until the operator accepts it; oldest first. */
  readonly losses: readonly Loss[];
  /** By client, newest last. */
  readonly hostAddresses: ReadonlyMap<string, readonly HostAddress[]>;
}

/** The ledger did not write; nothing of the commit took effect. */
export class LedgerError extends Error {
  readonly code = 'ledger-unavailable';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LedgerError';
  }
}

/**
 * The durable record. Knows nothing of SQL in its interface, so that an engine shared by several servers can stand in.
 * test/contracts/ledger-contract.ts is what each must pass.
 */
export interface Ledger {
  /** Everything that stands, as it is now. @throws LedgerError */
  load(): Promise<LedgerState>;
  /**
   * Writes all changes or none. They are durable when this resolves.
   *
   * @returns the sequence number of the first change; the others follow it. `advanced` takes none.
   * @throws LedgerError
   */
  commit(changes: readonly Change[], at: number): Promise<number>;
  /** Holds up no commit. @throws LedgerError */
  history(filter: HistoryFilter): Promise<readonly HistoryEntry[]>;
  /** Those with the most new bans, in that order, then by name. Holds up no commit. @throws LedgerError */
  counts(filter: CountFilter): Promise<readonly HistoryCount[]>;
  /** Reports and withdrawals after a sequence number, oldest first: what a follower needs to catch up. @throws LedgerError */
  changesAfter(sequence: number, most: number): Promise<readonly HistoryEntry[]>;
  /**
   * Which of these networks the ledger knows: a report of it, or of a network inside, stands or is in history. Holds up no commit.
   *
   * @throws LedgerError
   */
  traces(networks: readonly Network[]): Promise<ReadonlySet<Network>>;
  /**
   * Forgets history before an instant, and of each holder the oldest so that at most `most` entries remain, but for the changes
   * that made the reports that stand, which do not count. {@link cutsOf} says who gives way first. Holds up no commit.
   *
   * @returns how many entries went
   * @throws LedgerError
   */
  prune(before: number, most: number): Promise<number>;
  /** The operator accepts what is lost: there is no more to say of it. @throws LedgerError */
  acceptLosses(): Promise<void>;
  close(): Promise<void>;
}
