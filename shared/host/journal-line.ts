import { formatDuration } from '../duration.ts';
import { isObject, parseObject } from '../sealed-channel.ts';
import type { LogFormat } from './log-format.ts';

/** Syslog's priorities of the log's levels; journald takes `<N>` in front of a line for one (sd-daemon(3)). */
const priorities = [
  { leastLevel: 60, priority: 2 },
  { leastLevel: 50, priority: 3 },
  { leastLevel: 40, priority: 4 },
  { leastLevel: 30, priority: 6 },
] as const;
const debugPriority = 7;

/** What the journal has of every line by itself, and what stands in front. */
const leftOut: readonly string[] = ['level', 'time', 'pid', 'hostname', 'name', 'msg'];

/**
 * Turns a JSON line of the log into one for systemd's journal: with its priority, and unless JSON is asked for as a
 * sentence, `not connected: server main, code unreachable, next try 2s`.
 *
 * @param line with its newline
 */
export function journalLine(line: string, format: LogFormat): string {
  const entry = parseObject(line) ?? {};
  const level = Number(entry['level']);
  const priority = priorities.find(({ leastLevel }) => level >= leastLevel)?.priority ?? debugPriority;
  return `<${priority}>${format === 'json' ? line : `${sentenceOf(entry)}\n`}`;
}

function sentenceOf(entry: Readonly<Record<string, unknown>>): string {
  const details = Object.entries(entry).filter(([name]) => !leftOut.includes(name));
  const text = details.map(([name, value]) => detailOf(name, value)).join(', ');
  const message = String(entry['msg'] ?? '');
  // A name or a reason from outside begins no line of its own, whose priority it could choose.
  return (text === '' ? message : `${message}: ${text}`).replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

/** `nextTryMs: 1907` as `next try 2s`. */
function detailOf(name: string, value: unknown): string {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  if (typeof value === 'number' && name.endsWith('Ms')) return `${words.slice(0, -' ms'.length)} ${timeOf(value)}`;
  return `${words} ${textOf(value)}`;
}

function timeOf(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : formatDuration(ms / 1_000);
}

function textOf(value: unknown): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(textOf).join(' ');
  if (!isObject(value)) return String(value);
  const pairs = Object.entries(value).map(([name, each]) => detailOf(name, each));
  return pairs.length === 0 ? 'none' : `(${pairs.join(', ')})`;
}
