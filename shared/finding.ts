import { type ExitCode, exitCodes } from './exit-codes.ts';
import { plural } from './plural.ts';

/**
 * - `broken`: bans do not take effect, or an administrator is about to be locked out
 * - `warning`: something will fail, or does in part
 * - `note`: nothing is wrong, but it should be known; also what may not be read by the administrator's choice
 * - `good`: as it should be
 */
export type Level = 'broken' | 'warning' | 'note' | 'good';
/** The worst first. */
const levels: readonly Level[] = ['broken', 'warning', 'note', 'good'];

/** One thing that `doctor` has to say. */
export interface Finding {
  readonly level: Level;
  /** Stable: programs may match on it. */
  readonly code: string;
  /** What it is about: `certificate`, `proxmox/main`. */
  readonly subject: string;
  readonly fact: string;
  readonly consequence?: string;
  /** What to run, or what to do where no command does it. */
  readonly command?: string;
}

/** What is said of a subject that was looked at. */
export type Said = Omit<Finding, 'subject'>;

/** A subject that was looked at. */
export interface Examination {
  readonly subject: string;
  readonly said: readonly Said[];
}

/** What `doctor` looked at, and what it has to say of it. */
export interface Report {
  readonly examined: readonly string[];
  readonly findings: readonly Finding[];
}

/** A subject may come more than once: looked at from several sides. */
export function reportOf(examinations: readonly Examination[]): Report {
  return {
    examined: [...new Set(examinations.map(({ subject }) => subject))],
    findings: examinations.flatMap(({ subject, said }) => said.map((each) => ({ subject, ...each }))),
  };
}

export type Verdict = 'fine' | 'warnings' | 'broken';

/** What `doctor` ends with. */
export const verdictCodes: Readonly<Record<Verdict, ExitCode>> = {
  fine: exitCodes.done,
  warnings: exitCodes.failed,
  broken: exitCodes.refused,
};

/** Notes leave it fine. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  if (findings.some(({ level }) => level === 'broken')) return 'broken';
  return findings.some(({ level }) => level === 'warning') ? 'warnings' : 'fine';
}

/** The worst first; of each: what is, what follows, what to run. */
export function formatReport({ examined, findings }: Report): string {
  const groups = levels.map((level) => ({ level, found: findings.filter((finding) => finding.level === level) }));
  const counts = groups.filter(({ found }) => found.length > 0).map(({ level, found }) => countOf(level, found.length));
  const summary = [
    `Looked at: ${examined.join(', ')}.`,
    `Verdict: ${verdictOf(findings)} (${counts.join(', ') || 'nothing found'}).`,
  ];
  return [...groups.flatMap(({ found }) => found.map(formatFinding)), summary.join('\n')].join('\n\n');
}

function countOf(level: Level, count: number): string {
  return level === 'warning' || level === 'note' ? plural(count, level) : `${count} ${level}`;
}

function formatFinding({ level, subject, fact, consequence, command }: Finding): string {
  const lines = [`${level.toUpperCase().padEnd(7)}  ${subject}: ${fact}`];
  if (consequence !== undefined) lines.push(`         so: ${consequence}`);
  if (command !== undefined) lines.push(`         do: ${command}`);
  return lines.join('\n');
}

/** One JSON value, indented, with the verdict before the rest. */
export function reportToJson({ examined, findings }: Report): string {
  return JSON.stringify({ verdict: verdictOf(findings), examined, findings }, null, 2);
}
