import { parseDnsName } from '../../shared/dns/dns-name.ts';
import { parseNetwork } from '../../shared/network.ts';
import { isObject, parseObject } from '../../shared/sealed-channel.ts';
import { emptyChecksum, withText } from '../ledger/integrity/checksum.ts';
import type { NameEntry, WhitelistEntry } from '../ledger/ledger.ts';
import type { Decision } from './decision.ts';

/** Decisions that the ledger has not taken yet, as they lie beside it. */
export interface KeptDecisions {
  /** Grows with each writing: of two files the higher one counts. */
  readonly revision: number;
  /** The ledger that they wait for. */
  readonly ledger: string;
  readonly decisions: readonly KeptDecision[];
}

export interface KeptDecision {
  /** Of those of one ledger; it writes down with a decision that it has all up to its number. */
  readonly number: number;
  readonly decision: Decision;
}

/** A ledger by its id, with the number of the last decision that it has. */
export interface LedgerPlace {
  readonly ledger: string;
  readonly decided: number;
}

/** Those that a ledger has not taken: it is another one, or not as far. */
export function notTaken(kept: KeptDecisions, { ledger, decided }: LedgerPlace): readonly KeptDecision[] {
  return kept.ledger === ledger ? kept.decisions.filter(({ number }) => number > decided) : kept.decisions;
}

/** With a checksum: one changed digit would whitelist or lift another network than the operator said. */
export function formatKept({ decisions, ...rest }: KeptDecisions): string {
  const value = { ...rest, decisions: decisions.map(({ number, decision }) => ({ number, ...written(decision) })) };
  return `${JSON.stringify({ ...value, check: checksumOf(value) })}\n`;
}

/** Undefined unless all of it is as {@link formatKept} writes it. */
export function parseKept(text: string): KeptDecisions | undefined {
  const { check, ...value } = parseObject(text) ?? {};
  if (check !== checksumOf(value)) return undefined;
  const { revision, ledger, decisions } = value;
  if (!isCount(revision) || typeof ledger !== 'string' || !Array.isArray(decisions)) return undefined;
  const read = decisions.map(readKept).filter((kept) => kept !== undefined);
  return read.length === decisions.length ? { revision, ledger, decisions: read } : undefined;
}

function checksumOf(value: Readonly<Record<string, unknown>>): number {
  return withText(emptyChecksum, JSON.stringify(value));
}

/** JSON has no Infinity. */
function written(decision: Decision) {
  if (!('entry' in decision)) return decision;
  const { endsAt } = decision.entry;
  return { ...decision, entry: { ...decision.entry, endsAt: Number.isFinite(endsAt) ? endsAt : null } };
}

function readKept(value: unknown): KeptDecision | undefined {
  if (!isObject(value) || !isCount(value['number'])) return undefined;
  const decision = readDecision(value);
  return decision && { number: value['number'], decision };
}

function readDecision(value: Readonly<Record<string, unknown>>): Decision | undefined {
  const { kind, actor } = value;
  if (typeof actor !== 'string') return undefined;
  switch (kind) {
    case 'paused':
    case 'resumed':
      return { kind, actor };
    case 'lifted':
    case 'disallowed': {
      const network = parseNetwork(String(value['network']));
      return network && { kind, network, actor };
    }
    case 'allowed': {
      const entry = readEntry(value['entry']);
      return entry && { kind, entry, actor };
    }
    default:
      return readNameDecision(value, actor);
  }
}

function readNameDecision(value: Readonly<Record<string, unknown>>, actor: string): Decision | undefined {
  const { kind } = value;
  if (kind === 'name-allowed') {
    const entry = readNameEntry(value['entry']);
    return entry && { kind, entry, actor };
  }
  const name = parseDnsName(String(value['name']));
  return kind === 'name-disallowed' && name !== undefined ? { kind, name, actor } : undefined;
}

function readEntry(value: unknown): WhitelistEntry | undefined {
  const network = isObject(value) ? parseNetwork(String(value['network'])) : undefined;
  const rest = readTimes(value);
  return network && rest && { network, ...rest };
}

function readNameEntry(value: unknown): NameEntry | undefined {
  const name = isObject(value) ? parseDnsName(String(value['name'])) : undefined;
  const rest = readTimes(value);
  return name && rest && { name, ...rest };
}

function readTimes(value: unknown): Omit<WhitelistEntry, 'network'> | undefined {
  if (!isObject(value)) return undefined;
  const { addedAt, endsAt, note } = value;
  if (!isCount(addedAt) || typeof note !== 'string') return undefined;
  return endsAt === null || isCount(endsAt) ? { addedAt, endsAt: endsAt ?? Number.POSITIVE_INFINITY, note } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
