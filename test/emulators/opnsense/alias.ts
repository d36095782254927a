import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { parseNetwork } from '../../../shared/network.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { isStatic, linesOf, UserError, type Workplace } from './alias-util.ts';
import type { ConfiguredAlias } from './configuration.ts';

type Body = Readonly<Record<string, unknown>>;

const types = ['external', 'host', 'network', 'urltable', 'port'];

/** AliasController.php: what is configured. */
export async function alias(
  action: string,
  rest: readonly string[],
  body: Body,
  workplace: Workplace,
): Promise<unknown> {
  const [first = '', second] = rest;
  switch (action) {
    case 'get_alias_u_u_i_d':
      return uuidOf(first, workplace);
    case 'get_item':
      return getItem(first, workplace);
    case 'set_item':
      return await setItem(first, body, workplace);
    case 'add_item':
      return await addItem(body, workplace);
    case 'toggle_item':
      return await toggle(first, second, workplace);
    case 'reconfigure':
      reconfigure(workplace);
      return { status: 'ok' };
    default:
      return undefined;
  }
}

/** getAliasUUIDAction: an empty PHP array is a JSON list. */
function uuidOf(name: string, { configuration }: Workplace): unknown {
  const found = [...configuration.aliases].find(([, each]) => each.name === name);
  return found === undefined ? [] : { uuid: found[0] };
}

/** getItemAction: equal lines of the content are one key, and all other aliases stand there as choices. */
function getItem(uuid: string, { configuration }: Workplace): unknown {
  const found = configuration.aliases.get(uuid);
  if (found === undefined) return [];
  const chosen = found.content.split('\n').map((value) => [value, { value, selected: 1 }] as const);
  const others = [...configuration.aliases.values()].map(({ name: value }) => [value, { value, selected: 0 }] as const);
  return {
    alias: {
      enabled: found.enabled,
      name: found.name,
      type: Object.fromEntries(types.map((type) => [type, { value: type, selected: Number(type === found.type) }])),
      content: Object.fromEntries([...others, ...chosen]),
      description: found.description,
    },
  };
}

/** setItemAction: only what is given changes, and nothing when a line is not valid. */
async function setItem(uuid: string, body: Body, { configuration }: Workplace): Promise<unknown> {
  const found = configuration.aliases.get(uuid);
  const given = body['alias'];
  if (found === undefined || !isObject(given)) return { result: 'failed' };
  // refactor() runs with a name that is not given, and rules lose the alias.
  if (given['name'] !== found.name) throw new UserError('the alias would be renamed');
  const wanted = {
    ...found,
    content: String(given['content'] ?? found.content),
    description: String(given['description'] ?? found.description),
  };
  const wrong = linesOf(wanted).find((line) => !fits(wanted.type, line));
  if (wrong !== undefined) return failed('alias.content', `Entry "${wrong}" is not a valid hostname or IP address.`);
  if (!isDescription(wanted))
    return failed('alias.description', 'Description should be a string between 1 and 255 characters.');
  configuration.aliases.set(uuid, wanted);
  await configuration.save();
  return { result: 'saved' };
}

async function addItem(body: Body, { configuration }: Workplace): Promise<unknown> {
  const given = isObject(body['alias']) ? body['alias'] : {};
  const made: ConfiguredAlias = {
    name: String(given['name']),
    type: String(given['type']),
    enabled: String(given['enabled'] ?? '1'),
    content: String(given['content'] ?? ''),
    description: String(given['description'] ?? ''),
  };
  if (configuration.byName(made.name)) return failed('alias.name', 'An alias with this name already exists.');
  const uuid = randomUUID();
  configuration.aliases.set(uuid, made);
  await configuration.save();
  return { result: 'saved', uuid };
}

/** toggleBase: takes effect with reconfigure. */
async function toggle(uuid: string, wanted: string | undefined, { configuration }: Workplace): Promise<unknown> {
  const found = configuration.aliases.get(uuid);
  if (found === undefined) return { result: 'failed' };
  found.enabled = wanted ?? (found.enabled === '1' ? '0' : '1');
  await configuration.save();
  return { result: found.enabled === '1' ? 'Enabled' : 'Disabled', changed: true };
}

/** reconfigureAction: tables of static aliases are replaced, those of external ones stay. @throws UserError when pf cannot */
export function reconfigure({ configuration, pf }: Workplace): void {
  for (const each of configuration.aliases.values()) {
    if (each.enabled !== '1') pf.drop(each.name);
    else if (each.type === 'external') pf.declare(each.name);
    else if (isStatic(each) && !pf.replace(each.name, linesOf(each)))
      throw new UserError('pfctl: Cannot allocate memory.');
  }
}

function failed(key: string, text: string): unknown {
  return { result: 'failed', validations: { [key]: text } };
}

/** DescriptionField.php. */
function isDescription({ description }: ConfiguredAlias): boolean {
  return description === '' || /^.{1,255}$/.test(description);
}

/** AliasContentField.php: hosts are addresses and names, networks are CIDRs as well; both may be excluded with `!`. */
function fits(type: string, line: string): boolean {
  const text = line.replace(/^!/, '');
  const isName = /^[a-z][a-z0-9.-]*$/i.test(text);
  return isIP(text) !== 0 || isName || (type === 'network' && parseNetwork(text) !== undefined);
}
