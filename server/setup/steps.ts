import type { Plan } from '../../shared/host/setup-step.ts';

/** Says the plan, and carries it out only when it is confirmed. Stops at the first step that fails. */
export async function follow(plan: Plan, isConfirmed: boolean, print: (text: string) => void): Promise<void> {
  for (const text of plan.kept) print(`kept: ${text}`);
  for (const { says, act } of plan.steps) {
    print(`${isConfirmed ? '' : 'would do: '}${says}`);
    if (isConfirmed) await act();
  }
  if (plan.steps.length === 0) print('Nothing is left to do.');
  else if (!isConfirmed) print('Nothing was done. The same command with --yes does it.');
}
