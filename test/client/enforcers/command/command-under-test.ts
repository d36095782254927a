import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { openCommand } from '../../../../client/enforcers/command/command.ts';
import type { BanFacts } from '../../../../client/enforcers/command/command-event.ts';
import { type CommandSettings, readCommandSettings } from '../../../../client/enforcers/command/command-settings.ts';
import { type Clock, systemClock } from '../../../../shared/clock.ts';
import type { Enforcer, Step } from '../../../../shared/enforcer.ts';
import type { Log } from '../../../../shared/host/log.ts';
import type { Network } from '../../../../shared/network.ts';
import { SettingsReader } from '../../../../shared/settings-reader.ts';
import { entry, network } from '../../../contracts/reconciler-bench.ts';
import { type Ending, makeFolder } from '../../../ending.ts';

/** Settings by the text of their section, as the agent reads them. @throws ConfigError */
export async function readSection(lines: string, name = 'test'): Promise<CommandSettings> {
  const reader = new SettingsReader('client.ini', `[command ${name}]\n${lines}\n`);
  const [section] = reader.named('command').values();
  assert.ok(section);
  const settings = await readCommandSettings(name, section);
  reader.finish();
  return settings;
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A log that keeps its lines. */
export function keptLog(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  return { lines, log: pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) }) };
}

/** A script of sh, in a folder of its own. Any user may run it, and write beside it. */
export async function makeScript(
  test: Ending,
  body: string,
): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = await makeFolder(test);
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'out'));
  await chmod(join(folder, 'out'), 0o777);
  const path = join(folder, 'program.sh');
  await writeFile(path, `#!/bin/sh\nout=${folder}/out\n${body}\n`);
  await chmod(path, 0o755);
  return { folder, path };
}

/** A script that writes down its arguments, each ended by a zero, and what it reads. */
export const recording = `printf '%s\\0' "$@" >> "$out/argv"\nprintf '\\n' >> "$out/argv"\ncat >> "$out/stdin"`;

/** The calls that the script has written down. */
export async function readCalls(folder: string): Promise<{ readonly argv: string[][]; readonly stdin: unknown[] }> {
  const lines = async (name: string) => (await readFile(join(folder, 'out', name), 'utf8')).split('\n').slice(0, -1);
  return {
    argv: (await lines('argv')).map((line) => line.split('\0').slice(0, -1)),
    stdin: (await lines('stdin')).map((line) => JSON.parse(line)),
  };
}

export interface CommandUnderTest {
  readonly enforcer: Enforcer;
  readonly lines: readonly LogLine[];
  readonly record: string;
  ban(text: string, endsAt?: number): Promise<void>;
  unban(...texts: readonly string[]): Promise<void>;
  held(): Promise<string[]>;
}

export interface Surroundings {
  readonly state: string;
  readonly clock?: Clock;
  readonly facts?: BanFacts | undefined;
  readonly signal?: AbortSignal;
}

/** A command with what a reconciler would do to it in the hands of the test. */
export async function openUnderTest(section: string, surroundings: Surroundings): Promise<CommandUnderTest> {
  const { state, clock = systemClock, facts, signal = new AbortController().signal } = surroundings;
  const { log, lines } = keptLog();
  const settings = await readSection(section);
  const enforcer = openCommand(settings, { stateDirectory: state, clock, describe: () => facts, log });
  const held = async (): Promise<string[]> => (await enforcer.list(signal)).map(({ spelling }) => spelling);
  await held();
  return {
    enforcer,
    lines,
    record: join(state, 'command-test.jsonl'),
    held,
    ban: (text, endsAt = Number.POSITIVE_INFINITY) =>
      enforcer.apply([{ verb: 'add', entry: { ...entry(text), endsAt } }], signal),
    unban: (...texts) => enforcer.apply(texts.map(network).map(removal), signal),
  };
}

function removal(each: Network): Step {
  return { verb: 'remove', entry: { network: each, spelling: each, owner: 'ours' } };
}
