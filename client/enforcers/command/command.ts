import { join } from 'node:path';
import type { Clock } from '../../../shared/clock.ts';
import type { DesiredEntry, Enforcer, HeldEntry, Step } from '../../../shared/enforcer.ts';
import { describeError, EnforcerError } from '../../../shared/errors.ts';
import type { Log } from '../../../shared/host/log.ts';
import { type RunResult, runProgram } from '../../../shared/host/run-program.ts';
import type { Network } from '../../../shared/network.ts';
import { remainingSeconds } from '../../../shared/remaining-seconds.ts';
import type { Word } from './argument-words.ts';
import { type BanFacts, type CommandEvent, eventOf, fillWords } from './command-event.ts';
import { CommandRecord } from './command-record.ts';
import type { CommandSettings } from './command-settings.ts';
import { failureOf, notStarted } from './run-failure.ts';

export interface CommandOptions {
  /** The agent's folder, where the record of what was carried out is kept. */
  readonly stateDirectory: string;
  readonly clock: Clock;
  /** What is known of a ban; undefined: nothing, and its placeholders are empty. */
  readonly describe: (network: Network) => BanFacts | undefined;
  readonly log: Log;
}

const nothingKnown: BanFacts = { jail: '', client: '' };

/** A network that failed so often is left out until the next list, so that the others get their turn. */
const failuresInARowMax = 3;
/** Networks whose failures are counted. */
const countedMax = 10_000;

/** A command as an enforcer named `command/NAME`. Nothing is run or read before the first call. */
export function openCommand(settings: CommandSettings, options: CommandOptions): Enforcer {
  return new Command(settings, options);
}

/**
 * Runs a program for each ban and for its end, `at_once` at a time, and keeps a record of what it has carried out: a
 * program cannot be asked what it holds.
 */
class Command implements Enforcer {
  readonly name: string;
  readonly stepsPerCall: number;
  readonly #settings: CommandSettings;
  readonly #options: CommandOptions;
  readonly #record: CommandRecord;
  readonly #failures = new Map<Network, number>();
  #held: Map<Network, BanFacts> = new Map();

  constructor(settings: CommandSettings, options: CommandOptions) {
    this.name = `command/${settings.name}`;
    this.stepsPerCall = settings.atOnce;
    this.#settings = settings;
    this.#options = options;
    this.#record = new CommandRecord(join(options.stateDirectory, `command-${settings.name}.jsonl`), options.log);
    if (settings.unbanArgv === undefined) {
      options.log.warn(
        { enforcer: this.name },
        'nothing runs when a ban ends: argv has no {verb}, and no unban_argv is given',
      );
    }
  }

  async list(): Promise<readonly HeldEntry[]> {
    this.#held = await writtenDown(this.#record.read());
    return [...this.#held.keys()].map((network) => ({ network, spelling: network, owner: 'ours' }));
  }

  async apply(steps: readonly Step[], signal: AbortSignal): Promise<void> {
    for (const group of groupByVerb(steps)) {
      const results = await Promise.allSettled(group.map((step) => this.#carryOut(step, signal)));
      const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      if (errors.length > 0) throw gravest(errors);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #carryOut(step: Step, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new EnforcerError('retry', 'not begun, because the agent ends');
    return step.verb === 'add' ? this.#ban(step.entry, signal) : this.#unban(step.entry.network, signal);
  }

  async #ban({ network, endsAt }: DesiredEntry, signal: AbortSignal): Promise<void> {
    if (this.#held.has(network)) return;
    const facts = this.#options.describe(network) ?? nothingKnown;
    const ttl = remainingSeconds(endsAt, this.#options.clock.now()) ?? -1;
    await this.#run(this.#settings.argv, eventOf({ verb: 'ban', network, ttl }, facts), signal);
    this.#held.set(network, facts);
    await writtenDown(this.#record.add(network, facts));
  }

  async #unban(network: Network, signal: AbortSignal): Promise<void> {
    const facts = this.#held.get(network);
    if (facts === undefined) return;
    const { unbanArgv } = this.#settings;
    if (unbanArgv !== undefined) await this.#run(unbanArgv, eventOf({ verb: 'unban', network, ttl: 0 }, facts), signal);
    this.#held.delete(network);
    await writtenDown(this.#record.remove(network));
  }

  async #run(words: readonly Word[], event: CommandEvent, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const { user, timeoutMs } = this.#settings;
    const { verb, network } = event;
    const startedAtMs = clock.elapsed();
    const run = { argv: fillWords(words, event), input: `${JSON.stringify(event)}\n`, user, timeoutMs };
    const result = await runProgram(run, clock, signal).catch((error: unknown) => notStarted(error, run));
    const tookMs = Math.round(clock.elapsed() - startedAtMs);
    const failure = result instanceof EnforcerError ? result : this.#judge(result, network);
    const said = { enforcer: this.name, verb, network, tookMs, ...outputOf(result) };
    if (failure === undefined) return log.info(said, 'command carried out');
    log.warn({ ...said, code: failure.code, error: describeError(failure) }, 'command failed');
    throw failure;
  }

  #judge(result: RunResult, network: Network): EnforcerError | undefined {
    const failure = failureOf(result, this.#settings.timeoutMs);
    const count = failure === undefined ? 0 : (this.#failures.get(network) ?? 0) + 1;
    this.#failures.delete(network);
    if (failure?.code !== 'retry') return failure;
    if (this.#failures.size >= countedMax) this.#failures.clear();
    this.#failures.set(network, count);
    if (count < failuresInARowMax) return failure;
    return new EnforcerError('rejected', `${failure.message}, ${count} times in a row`);
  }
}

function outputOf(result: RunResult | EnforcerError): { readonly output?: string } {
  return result instanceof EnforcerError || result.output === '' ? {} : { output: result.output };
}

/** Neighbours of one verb: these run at once, and what joins or splits networks keeps its order. */
function groupByVerb(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last?.[0]?.verb === step.verb) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

/** A fault of ours before all, then what holds up every network before what is about one. */
function gravest(errors: readonly unknown[]): unknown {
  const codes = errors.map((error) => (error instanceof EnforcerError ? error.code : 'fault'));
  const worst = (['fault', 'denied', 'retry', 'rejected'] as const).find((code) => codes.includes(code));
  return errors[codes.indexOf(worst ?? 'fault')];
}

async function writtenDown<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (cause) {
    throw new EnforcerError('retry', 'what the command has carried out cannot be written down or read', { cause });
  }
}
