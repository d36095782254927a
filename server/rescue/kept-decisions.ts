import { parseNetwork } from '../../shared/network.ts';
import { isObject, parseObject } from '../../shared/sealed-channel.ts';
import { emptyChecksum, withText } from '../ledger/integrity/checksum.ts';
import type { WhitelistEntry } from '../ledger/ledger.ts';
import type { Decision } from './decision.ts';

/** Decisions that the ledger has not taken yet, as they lie beside it. */
export interface KeptDecisions {
  /** Grows with each writing: of two files the higher one counts. */
  readonly revision: number;
  /** The ledger that they wait for, and its last number then: once it has a higher one it has taken them. */
  readonly ledger: string;
  readonly sequence: number;
  readonly decisions: readonly Decision[];
}

/** A ledger by its id, and its last number. */
export interface LedgerPlace {
  readonly ledger: string;
  readonly sequence: number;
}

/** Whether a ledger has taken them: it is theirs, and further than it was. */
export function isTaken(kept: KeptDecisions, { ledger, sequence }: LedgerPlace): boolean {
  return kept.ledger === ledger && sequence > kept.sequence;
}

/** With a checksum: one changed digit would whitelist or lift another network than the operator said. */
export function formatKept({ decisions, ...rest }: KeptDecisions): string {
  const written = decisions.map((decision) =>
    decision.kind === 'allowed'
      ? { ...decision, entry: { ...decision.entry, endsAt: endCell(decision.entry) } }
      : decision,
  );
  const value = { ...rest, decisions: written };
  return `${JSON.stringify({ ...value, check: checksumOf(value) })}\n`;
}

/** Undefined unless all of it is as {@link formatKept} writes it. */
export function parseKept(text: string): KeptDecisions | undefined {
  const { check, ...value } = parseObject(text) ?? {};
  if (check !== checksumOf(value)) return undefined;
  const { revision, ledger, sequence, decisions } = value;
  if (!isCount(revision) || !isCount(sequence) || typeof ledger !== 'string' || !Array.isArray(decisions))
    return undefined;
  const read = decisions.map(readDecision).filter((decision) => decision !== undefined);
  return read.length === decisions.length ? { revision, ledger, sequence, decisions: read } : undefined;
}

function checksumOf(value: Readonly<Record<string, unknown>>): number {
  return withText(emptyChecksum, JSON.stringify(value));
}

/** JSON has no Infinity. */
function endCell({ endsAt }: WhitelistEntry): number | null {
  return Number.isFinite(endsAt) ? endsAt : null;
}

function readDecision(value: unknown): Decision | undefined {
  if (!isObject(value) || typeof value['actor'] !== 'string') return undefined;
  const { kind, actor } = value;
  if (kind === 'paused' || kind === 'resumed') return { kind, actor };
  if (kind === 'allowed') {
    const entry = readEntry(value['entry']);
    return entry && { kind, entry, actor };
  }
  const network = parseNetwork(String(value['network']));
  if (network === undefined) return undefined;
  return kind === 'lifted' || kind === 'disallowed' ? { kind, network, actor } : undefined;
}

function readEntry(value: unknown): WhitelistEntry | undefined {
  if (!isObject(value)) return undefined;
  const { addedAt, endsAt, note } = value;
  const network = parseNetwork(String(value['network']));
  if (network === undefined || !isCount(addedAt) || typeof note !== 'string') return undefined;
  if (endsAt !== null && !isCount(endsAt)) return undefined;
  return { network, addedAt, endsAt: endsAt ?? Number.POSITIVE_INFINITY, note };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
