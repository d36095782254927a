import { stat } from 'node:fs/promises';
import { describeFileError } from '../../../shared/errors.ts';
import type { User } from '../../../shared/host/run-program.ts';
import { quote } from '../../../shared/refusal.ts';
import type { SectionReader } from '../../../shared/section-reader.ts';
import { serverNameAllowed, serverNamePattern } from '../../server-settings.ts';
import { findDanger, hasPlaceholder, parseWords, saysVerb, type Word } from './argument-words.ts';
import { readUser } from './user.ts';

/** A `[command NAME]` section. */
export interface CommandSettings {
  readonly name: string;
  /** For a ban; the first word is the program. */
  readonly argv: readonly Word[];
  /** For the end of a ban; undefined: nothing runs then. */
  readonly unbanArgv: readonly Word[] | undefined;
  readonly timeoutMs: number;
  /** How many run at once, at most. */
  readonly atOnce: number;
  /** Undefined: as who the agent runs. */
  readonly user: User | undefined;
}

/** Reads a `[command NAME]` section; what is wrong is reported to the section's reader. */
export async function readCommandSettings(name: string, section: SectionReader): Promise<CommandSettings> {
  // As with servers, names become names of files.
  if (!serverNamePattern.test(name)) section.problem('name', `allowed is ${serverNameAllowed}`);
  section.required('argv', 'the program and its arguments, as /usr/local/bin/thing {verb} {network}');
  const argv = await readArgv('argv', section);
  const unbanArgv = await readArgv('unban_argv', section);
  return {
    name,
    argv: argv ?? [],
    unbanArgv: unbanArgv ?? (argv !== undefined && isForBoth(argv) ? argv : undefined),
    timeoutMs: section.duration('timeout', 10, 1) * 1_000,
    atOnce: section.integer('at_once', 1, 1, 64),
    user: await readUserOf(section),
  };
}

/** Arguments that do not say the verb are those of a ban; without values there is only the JSON, which does. */
function isForBoth(argv: readonly Word[]): boolean {
  return saysVerb(argv) || !argv.some(hasPlaceholder);
}

async function readArgv(key: string, section: SectionReader): Promise<readonly Word[] | undefined> {
  const text = section.optional(key);
  if (text === undefined) return undefined;
  const words = parseWords(text);
  if ('problem' in words) {
    section.problem(key, words.problem);
    return undefined;
  }
  const absence = await findAbsence(words);
  const problem = findDanger(words) ?? absence?.problem;
  if (problem === undefined) return words;
  section.problem(key, problem, absence?.cause);
  return undefined;
}

interface Absence {
  readonly problem: string;
  readonly cause?: unknown;
}

async function findAbsence([program = []]: readonly Word[]): Promise<Absence | undefined> {
  const path = program.join('');
  try {
    const file = await stat(path);
    const isProgram = file.isFile() && (file.mode & 0o111) !== 0;
    return isProgram ? undefined : { problem: `${path} is not an executable file` };
  } catch (cause) {
    return { problem: `${path} cannot be run: ${describeFileError(cause)}`, cause };
  }
}

async function readUserOf(section: SectionReader): Promise<User | undefined> {
  const name = section.optional('user');
  const user = name === undefined ? undefined : await readUser(name);
  if (name !== undefined && user === undefined) {
    section.problem('user', `${quote(name)}: allowed is a name or number of /etc/passwd`);
  }
  return user;
}
