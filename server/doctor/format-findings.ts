import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { type Finding, levels } from './finding.ts';

/** What the doctor looked at, and what it has to say of it. */
export interface Report {
  readonly examined: readonly string[];
  readonly findings: readonly Finding[];
}

export type Verdict = 'fine' | 'warnings' | 'broken';

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
  const sorted = levels.flatMap((level) => findings.filter((finding) => finding.level === level));
  const counts = levels.map((level) => `${sorted.filter((finding) => finding.level === level).length} ${level}`);
  return [
    ...sorted.map(formatFinding),
    `Looked at: ${examined.join(', ')}.`,
    `Verdict: ${verdictOf(findings)} (${counts.join(', ')}).`,
  ].join('\n');
}

function formatFinding({ level, subject, fact, consequence, command }: Finding): string {
  return `${level.toUpperCase().padEnd(7)}  ${subject}: ${fact}\n         so: ${consequence}\n         do: ${command}\n`;
}

export function reportToJson({ examined, findings }: Report): string {
  return JSON.stringify({ verdict: verdictOf(findings), examined, findings }, null, 2);
}
