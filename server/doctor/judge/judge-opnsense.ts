import type { Said } from '../../../shared/finding.ts';
import { privileges } from '../../enforcers/opnsense/opnsense-errors.ts';
import type { OpnsenseFacts } from '../facts/read-opnsense.ts';

/** All that is wrong with one alias, and what cannot be seen of it. */
export function judgeOpnsense(facts: OpnsenseFacts): readonly Said[] {
  const { state } = facts;
  switch (state.kind) {
    case 'unreadable':
      return [unreadable(facts, state)];
    case 'missing':
      return [isMade(facts) ? ours(facts) : missing(facts)];
    case 'hidden':
      return [hidden(facts), ours(facts)];
    case 'found':
      return judgeFound(facts, state.alias);
  }
}

/** Whether bans get into it. */
export function isAliasOpen(facts: OpnsenseFacts): boolean {
  const { state, type } = facts;
  if (state.kind === 'found') return state.alias.isEnabled && state.alias.type === type;
  return state.kind === 'hidden' || isMade(facts);
}

/** Whether the alias is missing now, and the server makes it: a key that may not look at aliases makes none either. */
function isMade({ state, mayCreate }: OpnsenseFacts): boolean {
  return state.kind === 'missing' && state.refusal === undefined && mayCreate;
}

interface Found {
  readonly type: string;
  readonly isEnabled: boolean;
}

function judgeFound(facts: OpnsenseFacts, { type, isEnabled }: Found): readonly Said[] {
  const { alias } = facts;
  if (type !== facts.type) return [wrongType(facts, type)];
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

function hidden({ alias }: OpnsenseFacts): Said {
  return {
    level: 'note',
    code: 'alias-hidden',
    fact: `pf has a table ${alias}; its type is not shown to the key, which lacks "${privileges.alias}"`,
    consequence: 'an alias of another type would be filled all the same, and lose it with the next reload',
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
