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
