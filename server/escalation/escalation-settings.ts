import { durationAllowed, parseDuration } from '../../shared/duration.ts';
import { limits } from '../../shared/limits.ts';
import { quote } from '../../shared/refusal.ts';
import type { SectionReader } from '../../shared/section-reader.ts';
import type { SettingsReader } from '../../shared/settings-reader.ts';

/** So many bans lead to one of so long; Infinity is permanent. */
export interface Step {
  readonly count: number;
  readonly forMs: number;
}

/** The section `[escalation]`. */
export interface EscalationSettings {
  /** How long an offence counts. */
  readonly withinMs: number;
  /** Rising in both; none: this rule is off. */
  readonly steps: readonly Step[];
  /** Undefined: this rule is off. */
  readonly neighbours: NeighbourSettings | undefined;
}

export interface NeighbourSettings {
  /** So many distinct addresses of one /24 or /64. */
  readonly hosts: number;
  readonly withinMs: number;
  readonly forMs: number;
}

const daySeconds = 86_400;
/** Shorter, and the time in which several reports are one offence would be a large part of it. */
const withinLeastSeconds = 600;
/** The highest count of a step: each network that offends may take so much memory. */
export const stepCountMax = 1_000;
/** The addresses of a /24. */
const hostsMax = 256;

const stepsDefault = '3:1d 5:7d 10:permanent';
const stepsAllowed = `COUNT:TIME one after the other, as ${stepsDefault}; or none`;

/** Undefined without the section: off. What is wrong is reported to the reader. */
export function readEscalationSettings(reader: SettingsReader, historyDays: number): EscalationSettings | undefined {
  if (!reader.has('escalation')) return undefined;
  const section = reader.section('escalation');
  return {
    withinMs: readWithin(section, 'within', 7 * daySeconds, historyDays),
    steps: readSteps(section),
    neighbours: readNeighbours(section, historyDays),
  };
}

function readWithin(section: SectionReader, key: string, fallback: number, historyDays: number): number {
  const seconds = section.duration(key, Math.min(fallback, historyDays * daySeconds), withinLeastSeconds);
  if (seconds > historyDays * daySeconds) {
    section.problem(
      key,
      `${Math.ceil(seconds / daySeconds)}d: allowed is at most history_days of [server], ${historyDays}d: what is older is not known after a restart`,
    );
  }
  return seconds * 1_000;
}

function readSteps(section: SectionReader): readonly Step[] {
  const text = section.text('steps', stepsDefault);
  if (text === 'none') return [];
  const steps: Step[] = [];
  for (const word of text.split(/[\s,]+/).filter((each) => each !== '')) {
    const step = parseStep(word);
    const problem = step === undefined ? `allowed is ${stepsAllowed}` : findDisorder(step, steps.at(-1));
    if (step === undefined || problem !== undefined) section.problem('steps', `${quote(word)}: ${problem}`);
    else steps.push(step);
  }
  return steps;
}

function parseStep(word: string): Step | undefined {
  const [, digits, time] = /^([0-9]{1,9}):(.+)$/.exec(word) ?? [];
  const forMs = time === undefined ? undefined : parseTime(time);
  return forMs === undefined ? undefined : { count: Number(digits), forMs };
}

/** Milliseconds. */
function parseTime(text: string): number | undefined {
  if (text === 'permanent') return Number.POSITIVE_INFINITY;
  const seconds = parseDuration(text);
  return seconds !== undefined && seconds >= 1 && seconds <= limits.ttlMaxSeconds ? seconds * 1_000 : undefined;
}

function findDisorder({ count, forMs }: Step, before: Step | undefined): string | undefined {
  if (count < 2 || count > stepCountMax) return `allowed are counts from 2 to ${stepCountMax}`;
  if (before === undefined) return undefined;
  if (count <= before.count) return `allowed is a count above ${before.count}, that of the step before`;
  return forMs <= before.forMs ? 'allowed is a longer time than that of the step before' : undefined;
}

function readNeighbours(section: SectionReader, historyDays: number): NeighbourSettings | undefined {
  const hosts = section.integer('network_hosts', 0, 2, hostsMax);
  const withinMs = readWithin(section, 'network_within', daySeconds, historyDays);
  const forMs = readFor(section);
  if (hosts === 0) refuseWithoutHosts(section);
  return hosts === 0 ? undefined : { hosts, withinMs, forMs };
}

function readFor(section: SectionReader): number {
  const text = section.text('network_for', '1d');
  const forMs = parseTime(text);
  if (forMs === undefined)
    section.problem('network_for', `${quote(text)}: allowed is ${durationAllowed}, or permanent`);
  return forMs ?? 0;
}

function refuseWithoutHosts(section: SectionReader): void {
  if (section.isWrong('network_hosts')) return;
  for (const key of ['network_within', 'network_for']) {
    if (section.optional(key) !== undefined)
      section.problem(key, 'has no use without network_hosts: how many addresses of one /24 or /64');
  }
}
