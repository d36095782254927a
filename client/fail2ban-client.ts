import { execFile } from 'node:child_process';

/** fail2ban does not answer: it is down, not installed, or knows nothing of what was asked. */
export class Fail2banError extends Error {
  readonly code = 'fail2ban';
  /** fail2ban runs and said no, as to a question about a jail that is not there. */
  readonly isAnswer: boolean;

  constructor(message: string, isAnswer = false) {
    super(message);
    this.isAnswer = isAnswer;
  }
}

/** Asks fail2ban one thing and returns what its client prints. @throws Fail2banError */
export type Fail2ban = (args: readonly string[], signal: AbortSignal) => Promise<string>;

export interface Fail2banOptions {
  /** The program, by name or path. */
  readonly program: string;
  /** fail2ban's socket, where it is not the default. */
  readonly socket: string | undefined;
}

/** fail2ban's server answers nobody while it carries out a command that takes long. */
const answerMaxMs = 30_000;
/** 128,000 entries of 80 bytes, and then some. */
const outputMaxBytes = 33_554_432;

/** fail2ban-client costs 100 ms of Python each time: never to be called for a single ban. */
export function makeFail2ban({ program, socket }: Fail2banOptions): Fail2ban {
  const options = socket === undefined ? [] : ['-s', socket];
  return (args, signal) =>
    new Promise((resolve, reject) => {
      const bounds = { signal, timeout: answerMaxMs, maxBuffer: outputMaxBytes };
      execFile(program, [...options, ...args], bounds, (cause, stdout, stderr) => {
        if (cause === null) return resolve(stdout);
        const [said = ''] = (stderr.trim() || cause.message).split('\n');
        const reason = cause.killed ? `no answer in ${answerMaxMs / 1_000} s` : said.slice(0, 300);
        reject(new Fail2banError(`${program} ${describeArguments(args)}: ${reason}`, /\bNOK\b/.test(stderr)));
      });
    });
}

/** On a host without fail2ban. @param reason says so */
export function absentFail2ban(reason: string): Fail2ban {
  return () => Promise.reject(new Fail2banError(reason));
}

/** A batch names a thousand addresses. */
function describeArguments(args: readonly string[]): string {
  return args.length > 5 ? `${args.slice(0, 3).join(' ')} … (${args.length - 3} more)` : args.join(' ');
}
