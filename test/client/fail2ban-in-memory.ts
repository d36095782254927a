import { type Fail2ban, Fail2banError } from '../../client/fail2ban-client.ts';

/** A jail as fail2ban-client describes it. */
export interface JailInMemory {
  readonly actions?: readonly string[];
  readonly failregex?: readonly string[];
  readonly ignoreregex?: readonly string[];
  readonly bantime?: number;
  /** Of each action. */
  readonly actionstart?: string;
}

/** Answers questions about these jails in the words of fail2ban-client 1.0. */
export function fail2banWith(jails: Readonly<Record<string, JailInMemory>>): Fail2ban {
  return ([verb, name = '', what = '']) => {
    const names = Object.keys(jails);
    if (verb === 'status')
      return Promise.resolve(`Status\n|- Number of jail:\t${names.length}\n\`- Jail list:\t${names.join(', ')}\n`);
    const jail = jails[name];
    if (jail === undefined) return Promise.reject(new Fail2banError(`Sorry but the jail '${name}' does not exist`));
    return Promise.resolve(`${describe(name, jail, what)}\n`);
  };
}

function describe(name: string, jail: JailInMemory, what: string): string {
  if (what === 'action') return jail.actionstart ?? '';
  if (what === 'bantime') return String(jail.bantime ?? -1);
  if (what === 'actions') {
    const { actions = [] } = jail;
    return actions.length === 0
      ? `No actions for jail ${name}`
      : `The jail ${name} has the following actions:\n${actions.join(', ')}`;
  }
  const regexes = (what === 'failregex' ? jail.failregex : jail.ignoreregex) ?? [];
  if (regexes.length === 0) return 'No regular expression is defined';
  const lines = regexes.map((regex, at) => `${at === regexes.length - 1 ? '`' : '|'}- [${at}]: ${regex}`);
  return ['The following regular expression are defined:', ...lines].join('\n');
}
