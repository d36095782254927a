import { fitsGlob } from '../../../shared/names.ts';
import { type Network, parseNetwork } from '../../../shared/network.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { parseAnswer } from '../../outgoing/answer-parts.ts';
import { CrowdsecError } from './crowdsec-error.ts';
import { parseGoDuration } from './go-duration.ts';

/** A ban that CrowdSec decided, of an address or a CIDR. */
export interface Decision {
  /** Grows with each new decision. */
  readonly id: number;
  readonly network: Network;
  /** As `crowdsecurity/ssh-bf`; a person may have written anything. */
  readonly scenario: string;
  /** As `crowdsec`, `cscli`, `CAPI`. */
  readonly origin: string;
  /** Milliseconds, above 0. */
  readonly remainingMs: number;
}

/** Which decisions are wanted. */
export interface DecisionFilter {
  /** Undefined: of every origin. */
  readonly origins: readonly string[] | undefined;
  /** Patterns with `*`. */
  readonly scenarios: readonly string[];
}

/** What one answer holds. */
export interface ReadDecisions {
  readonly decisions: readonly Decision[];
  /** Of another type or scope, simulated, ended, of an origin or scenario that is not wanted. */
  readonly others: number;
  /** Not of the form that CrowdSec's are. */
  readonly malformed: number;
}

/**
 * Lists, objects and values in one answer, ten times as many as in the longest of CrowdSec's. Without it as few bytes as one
 * answer may have could become a gigabyte of empty objects.
 */
export const partsMax = 2_000_000;

/** Decisions that are read before others get their turn: about a millisecond's worth. */
const atOnceMax = 200;

/**
 * Reads the answer to `GET /v1/decisions`: an array, or null for none. One decision that is malformed does not spoil the
 * others. A long one is read bit by bit.
 *
 * @param soon calls back once the events that have already arrived are handled (setImmediate)
 * @throws CrowdsecError
 */
export async function readAnswer(
  body: string,
  filter: DecisionFilter,
  soon: (then: () => void) => void,
): Promise<ReadDecisions> {
  const listed = parseList(body);
  const decisions: Decision[] = [];
  let [others, malformed] = [0, 0];
  for (let at = 0; at < listed.length; at += atOnceMax) {
    for (const value of listed.slice(at, at + atOnceMax)) {
      const found = readDecision(value, filter);
      if (found === 'other') others += 1;
      else if (found === 'malformed') malformed += 1;
      else decisions.push(found);
    }
    await new Promise<void>((resolve) => soon(resolve));
  }
  return { decisions, others, malformed };
}

function parseList(body: string): readonly unknown[] {
  const answer = parseAnswer(body, partsMax);
  if (answer.kind === 'unreadable') throw new CrowdsecError('retry', `the answer ${answer.why}`);
  const { value } = answer;
  if (value === null) return [];
  if (!Array.isArray(value)) throw new CrowdsecError('retry', 'the answer is not a list of decisions');
  return value;
}

/**
 * | decision | is |
 * | --- | --- |
 * | a field that is missing or of another form | malformed |
 * | type other than ban, scope other than ip and range, simulated | other |
 * | at its end, or not wanted by the filter | other |
 * | a ban of scope ip or range, its value no address or CIDR | malformed |
 */
function readDecision(value: unknown, filter: DecisionFilter): Decision | 'other' | 'malformed' {
  if (!isObject(value)) return 'malformed';
  const { id, duration, origin, scenario, scope, type, value: text, simulated } = value;
  if (!isId(id) || typeof origin !== 'string' || typeof scenario !== 'string') return 'malformed';
  if (typeof scope !== 'string' || typeof type !== 'string') return 'malformed';
  if (typeof text !== 'string' || typeof duration !== 'string') return 'malformed';
  const remainingMs = parseGoDuration(duration);
  if (remainingMs === undefined) return 'malformed';
  const isBan = type.toLowerCase() === 'ban' && isNetworkScope(scope) && simulated !== true;
  if (!isBan || remainingMs <= 0 || !isWanted(filter, origin, scenario)) return 'other';
  const network = parseNetwork(text);
  return network === undefined ? 'malformed' : { id, network, scenario, origin, remainingMs };
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isNetworkScope(scope: string): boolean {
  return ['ip', 'range'].includes(scope.toLowerCase());
}

function isWanted({ origins, scenarios }: DecisionFilter, origin: string, scenario: string): boolean {
  if (origins !== undefined && !origins.includes(origin)) return false;
  return scenarios.some((pattern) => fitsGlob(pattern, scenario));
}
