import type { Said } from '../../../shared/finding.ts';
import { keepersIn, otherKeeperIn } from '../../enforcers/opnsense/alias-mark.ts';
import type { Alias } from '../../enforcers/opnsense/opnsense-answers.ts';
import { privileges } from '../../enforcers/opnsense/opnsense-errors.ts';
import type { OpnsenseFacts } from '../facts/read-opnsense.ts';

/**
 * All that is wrong with one alias, and what cannot be seen of it.
 *
 * @param marks of the running server, its own first; none: whose the alias is cannot be judged
 */
export function judgeOpnsense(facts: OpnsenseFacts, marks: readonly string[]): readonly Said[] {
  const { state } = facts;
  switch (state.kind) {
    case 'unreadable':
      return [unreadable(facts, state)];
    case 'missing':
      return [isMade(facts) ? ours(facts) : missing(facts)];
    case 'hidden':
      return [hidden(facts), ours(facts)];
    case 'found':
      return judgeFound(facts, state.alias, marks);
  }
}

/** Whether bans get into it. */
export function isAliasOpen(facts: OpnsenseFacts, marks: readonly string[]): boolean {
  const { state, type } = facts;
  if (state.kind === 'found')
    return state.alias.isEnabled && state.alias.type === type && otherKeeper(state.alias, marks) === undefined;
  return state.kind === 'hidden' || isMade(facts);
}

/** Whether the alias is missing now, and the server makes it: a key that may not look at aliases makes none either. */
function isMade({ state, mayCreate }: OpnsenseFacts): boolean {
  return state.kind === 'missing' && state.refusal === undefined && mayCreate;
}

function otherKeeper({ description }: Alias, marks: readonly string[]): string | undefined {
  return marks.length === 0 ? undefined : otherKeeperIn(description, (id) => marks.includes(id));
}

function judgeFound(facts: OpnsenseFacts, found: Alias, marks: readonly string[]): readonly Said[] {
  const { alias } = facts;
  const { type, isEnabled } = found;
  if (type !== facts.type) return [wrongType(facts, type)];
  const other = otherKeeper(found, marks);
  const [own] = marks;
  if (other !== undefined && own !== undefined) return [others(facts, other, own)];
  const said: Said[] = [];
  if (!isEnabled) {
    said.push({
      level: 'broken',
      code: 'alias-off',
      fact: `the alias ${alias} is switched off`,
      consequence: 'nothing in it is blocked',
      command: `fail2networkban-server opnsense toggle ${alias}`,
    });
  }
  if (type === 'host') {
    said.push({
      level: 'note',
      code: 'alias-takes-no-cidr',
      fact: `the alias ${alias} is of type host`,
      consequence: 'bans of CIDRs are not in it',
      command: 'alias_type = external or network, with an alias of that type, takes them',
    });
  }
  if (own !== undefined && isEnabled && keepersIn(found.description).length === 0) said.push(unmarked(facts, own));
  return [...said, ours(facts)];
}

function unreadable(
  { authority }: OpnsenseFacts,
  state: { readonly reason: string; readonly status: number | undefined },
): Said {
  const { reason, status } = state;
  const consequence = 'no ban gets there';
  if (status === 401) {
    const command = 'System, Access, Users: make a new key, and put its file into key_file';
    return {
      level: 'broken',
      code: 'key-refused',
      fact: `${authority} does not know key and secret`,
      consequence,
      command,
    };
  }
  if (status === 403) {
    const command = 'System, Access, Users: give the user of the key that privilege; nothing needs a restart';
    return { level: 'broken', code: 'privilege-missing', fact: reason, consequence, command };
  }
  const command = 'look at the firewall; then check url, ca, pin and key_file';
  return {
    level: 'broken',
    code: 'opnsense-unreachable',
    fact: `${authority} cannot be asked: ${reason}`,
    consequence,
    command,
  };
}

function missing({ alias, type, authority, mayCreate }: OpnsenseFacts): Said {
  return {
    level: 'broken',
    code: 'alias-missing',
    fact: `${authority} has no alias ${alias}`,
    consequence: 'no ban gets there',
    command: `Firewall, Aliases: add ${alias} of type ${type}; or give the key "${privileges.alias}"${mayCreate ? '' : ' and set create = yes'}`,
  };
}

function wrongType({ alias, type: wanted }: OpnsenseFacts, type: string): Said {
  return {
    level: 'broken',
    code: 'alias-type',
    fact: `the alias ${alias} is of type ${type}, not ${wanted}`,
    consequence: 'it is left alone, and no ban gets there',
    command: `name another in alias or aliases, or set alias_type${type === 'host' || type === 'network' ? ` = ${type}` : ''}`,
  };
}

function others({ name, alias }: OpnsenseFacts, other: string, own: string): Said {
  return {
    level: 'broken',
    code: 'alias-of-another-ledger',
    fact: `the alias ${alias} is kept by ledger ${other}, as its description says; this server's is ${own}`,
    consequence: 'it is left alone, and no ban of this server gets there',
    command: `name another in alias or aliases; or, when the other server is gone or leaves it: fail2networkban-server opnsense take-over ${alias} --firewall ${firewallIn(name)}`,
  };
}

/** `edge` of `opnsense/edge/blocklist` */
function firewallIn(name: string): string {
  return name.split('/')[1] ?? name;
}

function unmarked({ alias }: OpnsenseFacts, own: string): Said {
  return {
    level: 'warning',
    code: 'alias-unmarked',
    fact: `the description of the alias ${alias} does not say that ledger ${own} keeps it`,
    consequence:
      'a second server that is given the alias takes it for its own, and each takes out what the other puts in',
    command: `fail2networkban-server reconcile; when OPNsense does not take the mark: Firewall, Aliases: put f2nb:${own} into the description of ${alias}`,
  };
}

function hidden({ alias }: OpnsenseFacts): Said {
  return {
    level: 'note',
    code: 'alias-hidden',
    fact: `pf has a table ${alias}; its type is not shown to the key, which lacks "${privileges.alias}"`,
    consequence:
      'an alias of another type would be filled all the same, and lose it with the next reload; a second server on it would not be noticed',
  };
}

/** What the administrator must know, and the API does not tell. */
function ours({ alias }: OpnsenseFacts): Said {
  return {
    level: 'note',
    code: 'alias-is-ours',
    fact: `all of ${alias} belongs to fail2networkban`,
    consequence:
      'what others put into it is taken out; whether a rule blocks what is in it cannot be seen through the API',
    command: `Firewall, Rules: a rule with the source ${alias} that blocks`,
  };
}
