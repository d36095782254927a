/** How bad a finding is: `note` is what the doctor could not know, or what is as some want it. */
export type Level = 'good' | 'note' | 'warning' | 'broken';

/** One thing that the doctor found: what is, what follows from it, what to type. */
export interface Finding {
  readonly level: Level;
  readonly fact: string;
  readonly consequence?: string;
  readonly command?: string;
}

export function good(fact: string): Finding {
  return { level: 'good', fact };
}

/** The lines of a finding, as they are printed. */
export function formatFinding({ level, fact, consequence, command }: Finding): readonly string[] {
  const lines = [`${level.padEnd(7)}  ${fact}`];
  if (consequence !== undefined) lines.push(`         so: ${consequence}`);
  if (command !== undefined) lines.push(`         do: ${command}`);
  return lines;
}
