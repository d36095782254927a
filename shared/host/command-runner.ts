import { execFile } from 'node:child_process';

/** A program with its arguments, handed over as they are: no shell reads them. */
export type Command = readonly [program: string, ...words: string[]];

/** Runs a program of the host and returns what it printed. @throws CommandError */
export type RunCommand = (command: Command) => Promise<string>;

/** A program is not there, or said no. */
export class CommandError extends Error {
  readonly code: 'absent' | 'failed';

  constructor(code: 'absent' | 'failed', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
    this.code = code;
  }
}

const commandMaxMs = 60_000;
const outputMaxBytes = 16_777_216;
const reasonMaxCharacters = 500;

/** A runner that looks programs up in `path`, as PATH is written. Their output is English, whatever the host's language. */
export function commandRunner(path: string): RunCommand {
  return ([program, ...words]) =>
    new Promise((resolve, reject) => {
      const options = { env: { PATH: path, LC_ALL: 'C' }, timeout: commandMaxMs, maxBuffer: outputMaxBytes };
      execFile(program, words, options, (cause, stdout, stderr) => {
        if (cause === null) resolve(stdout);
        else if (cause.code === 'ENOENT')
          reject(new CommandError('absent', `${program} is not on this host`, { cause }));
        else reject(new CommandError('failed', `${formatCommand([program, ...words])}: ${reasonOf(cause, stderr)}`));
      });
    });
}

/** What it said, on one line. */
function reasonOf(cause: Error, stderr: string): string {
  const said = stderr.trim().replaceAll(/[\s\p{Cc}]+/gu, ' ');
  return said === '' ? cause.message : said.slice(0, reasonMaxCharacters);
}

/** The command as it is typed into a shell. */
export function formatCommand(command: readonly string[]): string {
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
