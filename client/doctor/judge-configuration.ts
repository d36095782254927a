import { type ConfigProblem, formatProblem } from '../../shared/errors.ts';
import type { Said } from '../../shared/finding.ts';

/** A configuration that cannot be used. */
export function judgeProblems(problems: readonly ConfigProblem[], file: string): readonly Said[] {
  return problems.map((problem) => ({
    level: 'broken',
    code: 'config',
    fact: formatProblem(problem),
    consequence:
      'the agent does not start, and a running one goes on with what it had; fail2ban and servers are not looked at',
    command: `mend it, then: fail2networkban check-config --config ${file}`,
  }));
}
