import { isObject } from '../../../shared/sealed-channel.ts';
import { unreadableAnswer } from '../answer-error.ts';

/** The types of aliases that bans can go into. */
export const aliasTypes = ['external', 'host', 'network'] as const;
export type AliasType = (typeof aliasTypes)[number];

/** An alias as OPNsense has it in its configuration. */
export interface Alias {
  readonly uuid: string;
  readonly name: string;
  /** Also those that are nothing for bans, as `urltable`. */
  readonly type: string;
  readonly isEnabled: boolean;
  /** The lines of its content: networks, but also names, ranges and other aliases. */
  readonly content: readonly string[];
  /** The administrator's words, and a ledger's mark. */
  readonly description: string;
}

const uuidPattern = /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;

/** `{"rows":[{"ip":"192.0.2.1", …}]}`, or in versions of before 2021 `["192.0.2.1"]`. @throws EnforcerError */
export function rowsOf(call: string, answer: unknown): readonly string[] {
  const rows: unknown = isObject(answer) ? answer['rows'] : answer;
  if (!Array.isArray(rows)) throw unreadableAnswer(call, 'the answer has no rows');
  const texts = rows.map((row: unknown) => (isObject(row) ? row['ip'] : row));
  if (texts.every((text: unknown) => typeof text === 'string')) return texts;
  throw unreadableAnswer(call, 'a row is not an entry of a table');
}

/** How many rows there are; undefined where the answer does not say it. */
export function totalOf(answer: unknown): number | undefined {
  const total = isObject(answer) ? answer['total'] : undefined;
  return typeof total === 'number' ? total : undefined;
}

/** `{"uuid":"…"}`, or `[]` when there is no such alias. The uuid goes into paths. @throws EnforcerError */
export function uuidOf(name: string, answer: unknown): string | undefined {
  if (Array.isArray(answer) && answer.length === 0) return undefined;
  const uuid = isObject(answer) ? answer['uuid'] : undefined;
  if (typeof uuid === 'string' && uuidPattern.test(uuid)) return uuid;
  throw unreadableAnswer(`uuid of ${name}`, 'the answer is not a uuid');
}

/** What `get_item` answers, where each choice comes as `{"host":{"value":"Host(s)","selected":1}, …}`. */
export function aliasOf(uuid: string, answer: unknown): Alias | undefined {
  const fields = isObject(answer) ? answer['alias'] : undefined;
  if (!isObject(fields) || typeof fields['name'] !== 'string') return undefined;
  const [type] = selectedOf(fields['type']) ?? [];
  const content = selectedOf(fields['content']);
  const description = fields['description'];
  if (type === undefined || content === undefined || typeof description !== 'string') return undefined;
  const isEnabled = String(fields['enabled']) === '1';
  // An empty content is one empty line.
  return {
    uuid,
    name: fields['name'],
    type,
    isEnabled,
    content: content.filter((line) => line !== ''),
    description: unescaped(description),
  };
}

/** OPNsense escapes every answer for HTML, but for quotes (ApiControllerBase.php); written back so, the words would change. */
function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/**
 * Other aliases stand beside the content as choices that are not selected. PHP writes an empty object as a list. Whatever else
 * comes is not understood: taken for an empty content, the next write would make it so.
 */
function selectedOf(choices: unknown): readonly string[] | undefined {
  if (Array.isArray(choices) && choices.length === 0) return [];
  if (!isObject(choices)) return undefined;
  const selected: string[] = [];
  for (const [key, choice] of Object.entries(choices)) {
    if (!isObject(choice) || !Object.hasOwn(choice, 'selected')) return undefined;
    if (Number(choice['selected']) === 1) selected.push(key);
  }
  return selected;
}
