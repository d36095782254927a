import { EnforcerError } from '../../../shared/errors.ts';
import { exitCodes } from '../../../shared/exit-codes.ts';
import { covers, type Network } from '../../../shared/network.ts';
import { plural } from '../../../shared/plural.ts';
import { keepersIn } from '../../enforcers/opnsense/alias-mark.ts';
import { heldEntries, networksIn } from '../../enforcers/opnsense/held-networks.ts';
import type { Alias } from '../../enforcers/opnsense/opnsense-answers.ts';
import type { ActionOutput } from './alias-command.ts';
import { type ActionInput, configuredOf, missing, networkOf, refuseBuiltIn, targetOf } from './alias-target.ts';
import type { AliasVerb } from './alias-usages.ts';
import { foreignIn } from './foreign-entries.ts';
import { refusalOf } from './refusal-of.ts';
import { takeOverAlias } from './take-over-alias.ts';

/** Each verb of `opnsense`. */
export const aliasActions: Readonly<Record<AliasVerb, (input: ActionInput) => Promise<ActionOutput>>> = {
  list: listEntries,
  find: findNetwork,
  add: addNetwork,
  delete: deleteNetwork,
  flush: flushAlias,
  state: showState,
  toggle: toggleAlias,
  'take-over': takeOverAlias,
};

async function listEntries(input: ActionInput): Promise<ActionOutput> {
  const { api, firewall, alias } = targetOf(input);
  const entries = await api.list(alias, input.signal);
  // Of a table that is not there nothing comes either.
  if (entries.length === 0 && !(await api.tables(input.signal)).includes(alias)) throw missing(alias);
  return { json: { firewall, alias, entries }, text: entries.length === 0 ? `${alias} is empty` : entries.join('\n') };
}

async function findNetwork({ firewalls, words, signal }: ActionInput): Promise<ActionOutput> {
  const network = networkOf(words[0]);
  const found: { firewall: string; alias: string; entry: string }[] = [];
  for (const { api, settings } of firewalls) {
    for (const { name: alias } of settings.aliases) {
      const entries = heldEntries(await api.list(alias, signal)).filter((held) => touches(held.network, network));
      found.push(...entries.map(({ spelling }) => ({ firewall: settings.name, alias, entry: spelling })));
    }
  }
  const lines = found.map(({ firewall, alias, entry }) => `${firewall} ${alias} ${entry}`);
  return {
    json: { network, found },
    text: lines.length === 0 ? `${network} is in no alias of ours` : lines.join('\n'),
    exit: found.length === 0 ? exitCodes.failed : exitCodes.done,
  };
}

function touches(one: Network, other: Network): boolean {
  return covers(one, other) || covers(other, one);
}

async function addNetwork(input: ActionInput): Promise<ActionOutput> {
  const { api, firewall, alias } = targetOf(input);
  refuseBuiltIn(alias);
  const network = networkOf(input.words[1]);
  const refusal = await refusalOf(input.server, network);
  if (refusal !== undefined) {
    const json = { outcome: 'refused', firewall, alias, network, ...refusal };
    return { json, text: `refused: ${refusal.code}: ${refusal.detail}`, exit: exitCodes.refused };
  }
  await api.add(alias, network, input.signal);
  // "done" is said whatever pf made of it.
  if (!networksIn(await api.list(alias, input.signal)).has(network))
    throw new EnforcerError('retry', `OPNsense says that it is done, but pf has no ${network} in ${alias}`);
  return { json: { firewall, alias, network }, text: `${network} is in ${alias}` };
}

async function deleteNetwork(input: ActionInput): Promise<ActionOutput> {
  const { api, firewall, alias } = targetOf(input);
  refuseBuiltIn(alias);
  const network = networkOf(input.words[1]);
  const held = heldEntries(await api.list(alias, input.signal)).find((entry) => entry.network === network);
  if (held === undefined)
    return {
      json: { firewall, alias, network, found: false },
      text: `${network} is not in ${alias}`,
      exit: exitCodes.failed,
    };
  await api.remove(alias, held.spelling, input.signal);
  if (networksIn(await api.list(alias, input.signal)).has(network))
    throw new EnforcerError('retry', `OPNsense says that it is done, but ${network} is still in ${alias}`);
  return { json: { firewall, alias, network, found: true }, text: `${network} is out of ${alias}` };
}

async function flushAlias(input: ActionInput): Promise<ActionOutput> {
  const target = targetOf(input);
  const { api, firewall, alias } = target;
  refuseBuiltIn(alias);
  const configured = await configuredOf(target, input.signal);
  const { length: count } = await api.list(alias, input.signal);
  // What stands in the configuration would come back.
  if (configured !== undefined && configured.content.length > 0) {
    await api.setContent(configured, [], input.signal);
    await api.reconfigure(input.signal);
  }
  await api.flush(alias, input.signal);
  return {
    json: { firewall, alias, removed: count },
    text: `${plural(count, 'entry', 'entries')} taken out of ${alias}`,
  };
}

async function showState(input: ActionInput): Promise<ActionOutput> {
  const target = targetOf(input);
  const { api, firewall, alias } = target;
  const known = await configuredOf(target, input.signal);
  const entries = heldEntries(await api.list(alias, input.signal));
  const foreign = await foreignIn(entries, input.server.socket);
  const json = {
    firewall,
    alias,
    ...(known && {
      type: known.type,
      enabled: known.isEnabled,
      configured: known.content.length,
      ledgers: keepersIn(known.description),
    }),
    entries: entries.length,
    ...(foreign && { foreign }),
  };
  return { json, text: [...describe(alias, known), ...describeEntries(entries.length, foreign)].join('\n') };
}

function describe(alias: string, known: Alias | undefined): readonly string[] {
  if (known === undefined) return [`${alias}: its type is not shown to this key`];
  return [
    `${alias}: type ${known.type}, ${known.isEnabled ? 'on' : 'off'}`,
    ...keepersIn(known.description).map((id) => `kept by ledger ${id}`),
    ...(known.content.length > 0 ? [`in the configuration: ${known.content.length}`] : []),
  ];
}

function describeEntries(count: number, foreign: readonly string[] | undefined): readonly string[] {
  const inPf = `in pf: ${count}`;
  if (count === 0) return [inPf];
  if (foreign === undefined) return [inPf, 'which of them are bans of ours is not known: the server does not run'];
  if (foreign.length === 0) return [inPf, 'all of them are bans of ours'];
  return [inPf, `no bans of ours: ${foreign.length}`, ...foreign];
}

async function toggleAlias(input: ActionInput): Promise<ActionOutput> {
  const { api, firewall, alias } = targetOf(input);
  refuseBuiltIn(alias);
  const configured = await api.find(alias, input.signal);
  if (configured === undefined) throw missing(alias);
  const enabled = !configured.isEnabled;
  await api.toggle(configured, enabled, input.signal);
  await api.reconfigure(input.signal);
  return {
    json: { firewall, alias, enabled },
    text: `${alias} is ${enabled ? 'on' : 'off: nothing in it is blocked'}`,
  };
}
