import type { Clock } from '../../shared/clock.ts';

/** What every command gets from the command line and its host. */
export interface CommandContext {
  readonly config: string;
  /** One JSON value on standard output instead of text. */
  readonly isJson: boolean;
  readonly print: (line: string) => void;
  readonly clock: Clock;
}

/** Prints an answer: as JSON, or as the lines of `toLines`. */
export function show(context: CommandContext, value: object, lines: readonly string[]): void {
  if (context.isJson) context.print(JSON.stringify(value));
  else for (const line of lines) context.print(line);
}
