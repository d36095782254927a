import type { Answer } from './ask.ts';
import { showBans } from './show/show-bans.ts';
import { showClients } from './show/show-clients.ts';
import { showClock } from './show/show-clock.ts';
import { showAccepted } from './show/show-losses.ts';
import { showTest } from './show/show-notifications.ts';
import { showPass } from './show/show-pass.ts';
import { showReload } from './show/show-reload.ts';
import { showStatus } from './show/show-server.ts';
import { showStrays } from './show/show-strays.ts';
import { showWhitelist } from './show/show-whitelist.ts';
import type { Times } from './show/times.ts';

type Options = Readonly<Record<string, unknown>>;

/** With its meaning and its default, where it has them. */
type Option = readonly [flags: string, meaning?: string, fallback?: string];

/** A command that asks the running server, as it is typed and as it is asked. */
export interface OperatorCommand {
  /** `allow` in `allow add NETWORK`. */
  readonly group?: 'allow' | 'client' | 'notify';
  /** Name and arguments, as `ban <network>`. */
  readonly usage: string;
  readonly description: string;
  readonly options?: readonly Option[];
  /** The verb of the local socket. */
  readonly verb: string;
  /** Arguments of the verb; by default the options as they are. */
  readonly toArgs?: (word: string, options: Options) => object;
  readonly show: (answer: Answer) => string;
}

export const groups = { allow: 'the whitelist', client: 'enrolled hosts', notify: 'who is told what happens' } as const;

/** All of them, in the order of the help. */
export function operatorCommands(times: Times): readonly OperatorCommand[] {
  return [
    ...banCommands(times),
    ...lookCommands(times),
    ...whitelistCommands(times),
    ...clientCommands(times),
    ...keyCommands(times),
    ...serverCommands(),
  ];
}

const withNetwork = (network: string, options: Options): object => ({ ...options, network });
const withId = (id: string, options: Options): object => ({ ...options, id });
const withName = (name: string, options: Options): object => ({ ...options, name });

function banCommands(times: Times): readonly OperatorCommand[] {
  const show = showBans(times);
  return [
    {
      usage: 'ban <network>',
      description: 'ban an address or CIDR',
      options: [
        ['--ttl <time>', 'how long, as 10m, 2h, 7d', 'permanent'],
        ['--jail <name>', 'name to record it under'],
        ['--even-host', 'also when it is the address of a host, which it then cuts off'],
      ],
      verb: 'ban',
      toArgs: withNetwork,
      show: show.ban,
    },
    {
      usage: 'unban <network>',
      description: 'lift the reports of all hosts',
      options: [['--allow <time>', 'whitelist it for so long']],
      verb: 'unban',
      toArgs: withNetwork,
      show: show.unban,
    },
  ];
}

function lookCommands(times: Times): readonly OperatorCommand[] {
  const show = showBans(times);
  return [
    {
      usage: 'bans',
      description: 'list the standing bans',
      options: [['--jail <name>'], ['--client <name>']],
      verb: 'bans',
      show: show.bans,
    },
    {
      usage: 'lookup <network>',
      description: 'why an address is banned, or would be refused',
      verb: 'lookup',
      toArgs: withNetwork,
      show: show.lookup,
    },
    {
      usage: 'history',
      description: 'what happened, newest first',
      options: [
        ['--network <network>'],
        ['--client <name>'],
        ['--jail <name>'],
        ['--most <count>', 'newest so many', '50'],
      ],
      verb: 'history',
      show: show.history,
    },
  ];
}

function whitelistCommands(times: Times): readonly OperatorCommand[] {
  const show = showWhitelist(times);
  return [
    {
      group: 'allow',
      usage: 'add <network>',
      description: 'never ban it, or what a DNS name means; lifts what it covers',
      options: [
        ['--for <time>', 'how long', 'permanent'],
        ['--note <text>', 'why'],
      ],
      verb: 'allow-add',
      toArgs: withNetwork,
      show: show.allow,
    },
    { group: 'allow', usage: 'list', description: 'list the whitelist', verb: 'allow-list', show: show.allowed },
    {
      group: 'allow',
      usage: 'remove <network>',
      description: 'take it off the whitelist',
      verb: 'allow-remove',
      toArgs: withNetwork,
      show: show.disallow,
    },
  ];
}

/** What `client add` says of a host and `client set` changes. */
const clientOptions: readonly Option[] = [
  ['--jails <patterns>', 'jails it may use, as sshd,nginx-*'],
  ['--may <verbs>', 'of ban,unban,operate,subscribe'],
  ['--follows <patterns>', 'with subscribe: jails whose bans by others it is told of'],
  ['--description <text>'],
];

function clientCommands(times: Times): readonly OperatorCommand[] {
  const show = showClients(times);
  return [
    {
      group: 'client',
      usage: 'add <name>',
      description: 'enroll a host, or with --http another program; prints its enrolment line or token once',
      options: [
        ...clientOptions,
        ['--http', 'a token for HTTP instead of an enrolment line; may subscribe unless --may says more'],
        ['--from <networks>', 'addresses from which it may come, or any'],
      ],
      verb: 'client-add',
      toArgs: withName,
      show: show.enrolled,
    },
    { group: 'client', usage: 'list', description: 'list the enrolled hosts', verb: 'client-list', show: show.clients },
    {
      group: 'client',
      usage: 'set <name>',
      description: 'change what a host may do; it keeps its key',
      options: [...clientOptions, ['--from <networks>', 'addresses from which it may come, or any']],
      verb: 'client-set',
      toArgs: withName,
      show: show.changed,
    },
  ];
}

function keyCommands(times: Times): readonly OperatorCommand[] {
  const show = showClients(times);
  return [
    {
      group: 'client',
      usage: 'revoke <name>',
      description: 'send a host away for good',
      options: [['--lift-bans', 'lift its reports too']],
      verb: 'client-revoke',
      toArgs: withName,
      show: show.revoked,
    },
    {
      group: 'client',
      usage: 'rotate <name>',
      description: 'give a host a new key',
      options: [['--overlap <time>', 'how long the old key goes on, 0s: not at all', '1d']],
      verb: 'client-rotate',
      toArgs: withName,
      show: show.rotated,
    },
  ];
}

function serverCommands(): readonly OperatorCommand[] {
  return [
    { usage: 'status', description: 'how the server is', verb: 'status', show: showStatus },
    {
      usage: 'adopt <id>',
      description: 'go on with the bans of a lost ledger whose entries stand in a firewall',
      options: [
        ['--ttl <time>', 'how long they go on, as 10m, 2h, 7d, permanent', '7d'],
        ['--yes', 'do it instead of only saying it'],
      ],
      verb: 'adopt',
      toArgs: withId,
      show: showStrays,
    },
    {
      usage: 'clear <id>',
      description: 'take the entries of a lost ledger out of the firewalls',
      options: [['--yes', 'do it instead of only saying it']],
      verb: 'clear',
      toArgs: withId,
      show: showStrays,
    },
    { usage: 'reload', description: 'read the configuration again', verb: 'reload', show: showReload },
    { usage: 'reconcile', description: 'compare every firewall now', verb: 'reconcile', show: showPass },
    {
      usage: 'panic',
      description: 'take all our entries off every firewall and enforce nothing until resume',
      verb: 'panic',
      show: showPass,
    },
    { usage: 'resume', description: 'enforce again after panic', verb: 'resume', show: showPass },
    {
      usage: 'accept-loss',
      description: 'what the ledger was found to have lost is known: say no more of it',
      verb: 'accept-loss',
      show: showAccepted,
    },
    {
      usage: 'clock',
      description: 'whether the clock of this host is believed',
      options: [['--believe', 'it is right: go by it from now on']],
      verb: 'clock',
      show: showClock,
    },
    {
      group: 'notify',
      usage: 'test [name]',
      description: 'send a test to a webhook or notify-command, or to all',
      verb: 'notify-test',
      toArgs: (name, options) => (name === '' ? options : { ...options, name }),
      show: showTest,
    },
  ];
}
