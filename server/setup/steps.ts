import { type Command, formatCommand, type RunCommand } from './command-runner.ts';

/** One thing that setup does. */
export interface Step {
  /** Exactly what it does: a command as it is typed, or a file with its owner and mode. */
  readonly says: string;
  readonly act: () => Promise<void>;
}

export function commandStep(run: RunCommand, command: Command): Step {
  return {
    says: formatCommand(command),
    act: async () => {
      await run(command);
    },
  };
}

/** What was found and what follows from it. */
export interface Plan {
  /** What is there already and stays as it is. */
  readonly kept: readonly string[];
  readonly steps: readonly Step[];
}

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
