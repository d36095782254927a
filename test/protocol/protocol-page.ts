import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseFrameToServer, parseLoginPayload } from '../../shared/parse-frame.ts';
import { parseFrameToClient, parseHello } from '../../shared/parse-frame-to-client.ts';
import { parseObject } from '../../shared/sealed-channel.ts';

/** PROTOCOL.md stands beside the source, not in dist/. */
export const text = readFileSync(new URL('../../../shared/PROTOCOL.md', import.meta.url), 'utf8');

export type Fields = Readonly<Record<string, unknown>>;

export const toServer = ['events', 'jails', 'jail', 'missing', 'query', 'subscribe', 'enforcers'];
export const toClient = ['welcome', 'results', 'differing', 'settled', 'withdrawn', 'answer', 'feed', 'refused'];

/** The page's text under one heading, up to the next of any level. */
export function section(heading: string): string {
  const found = new RegExp(`^#{2,3} ${heading}\\n(.*?)(?=^#{2,3} |(?![^]))`, 'ms').exec(text)?.[1];
  assert.ok(found !== undefined, `PROTOCOL.md has no heading ${heading}`);
  return found.trim();
}

/** Rows of the tables whose first column has this title, each as its cells without backticks. */
export function rows(within: string, title: string): string[][] {
  const tables = within.split(/\n{2,}/).filter((block) => block.startsWith(`| ${title} |`));
  assert.notEqual(tables.length, 0, `no table of ${title}`);
  return tables.flatMap((table) => table.trimEnd().split('\n').slice(2).map(cells));
}

function cells(row: string): string[] {
  return row
    .slice(2, -2)
    .split(' | ')
    .map((cell) => cell.replace(/^`(.*)`$/, '$1'));
}

export function examples(within: string): Fields[] {
  return [...within.matchAll(/^```json\n(.*?)\n```$/gms)].map(([, json = '']) => {
    const fields = parseObject(json);
    assert.ok(fields !== undefined, `not a JSON object: ${json}`);
    return fields;
  });
}

export function parse(fields: Fields): unknown {
  const type = String(fields['type']);
  if (type === 'hello') return parseHello(fields);
  if (type === 'login') return parseLoginPayload(fields);
  return toServer.includes(type) ? parseFrameToServer(fields) : parseFrameToClient(fields);
}
