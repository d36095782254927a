import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Finished, RunningProcess } from './running-process.ts';

/** The two programs, as they ship. */
export type ProgramName = 'server' | 'client';

export const mainFile = (name: ProgramName): string => fileURLToPath(new URL(`../../${name}/main.js`, import.meta.url));

/** Runs a command of one of the programs to its end. */
export async function runCommand(name: ProgramName, args: readonly string[]): Promise<Finished> {
  const program = new RunningProgram(name, args);
  await program.ended;
  return program.finished();
}

/** The JSON that a command prints, however it ends. @throws when it prints none */
export async function askProgram(name: ProgramName, args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runCommand(name, [...args, '--json']);
  if (stdout === '') throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  const answer: unknown = JSON.parse(stdout);
  return { ...(answer as Record<string, unknown>) };
}

/** One of the two programs in a process of its own, with the environment that its unit gives it. */
export class RunningProgram extends RunningProcess {
  constructor(name: ProgramName, args: readonly string[], more: NodeJS.ProcessEnv = {}) {
    super(process.execPath, [mainFile(name), ...args], { ...unitEnvironment(name), ...more });
  }
}

/** What `Environment=` says in the unit of a program. */
function unitEnvironment(name: ProgramName): NodeJS.ProcessEnv {
  const unit = { server: 'fail2networkban-server.service', client: 'fail2networkban-agent.service' }[name];
  const text = readFileSync(new URL(`../../../systemd/${unit}`, import.meta.url), 'utf8');
  return Object.fromEntries([...text.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, key, value]) => [key, value]));
}
