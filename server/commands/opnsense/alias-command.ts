import { systemClock } from '../../../shared/clock.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import { type ExitCode, exitCodes } from '../../../shared/exit-codes.ts';
import { ArgumentError } from '../../../shared/host/local-socket.ts';
import { OpnsenseApi } from '../../enforcers/opnsense/opnsense-api.ts';
import type { OpnsenseSettings } from '../../enforcers/opnsense/opnsense-settings.ts';
import type { ServerSettings } from '../../settings.ts';
import { type CommandContext, loadSettings } from '../load-settings.ts';
import { aliasActions } from './alias-actions.ts';
import type { AliasVerb } from './alias-usages.ts';

export interface AliasCommand extends CommandContext {
  readonly verb: AliasVerb;
  /** As typed behind the verb. */
  readonly words: readonly string[];
  /** Undefined: the only one, or with `find` all. */
  readonly firewall: string | undefined;
  readonly isJson: boolean;
  readonly print: (text: string) => void;
}

/** What an action has to say. */
export interface ActionOutput {
  readonly json: object;
  readonly text: string;
  readonly exit?: ExitCode;
}

/** An OPNsense that a command talks to. */
export interface Firewall {
  readonly settings: OpnsenseSettings;
  readonly api: OpnsenseApi;
}

/**
 * `opnsense VERB`: with what the configuration says, straight to the firewall.
 *
 * @throws ConfigError, ArgumentError, EnforcerError when the firewall does not do it
 */
export async function aliasCommand(command: AliasCommand): Promise<ExitCode> {
  const server = loadSettings(command);
  const firewalls = chooseFirewalls(server, command).map(open);
  const signal = new AbortController().signal;
  try {
    const { json, text, exit } = await aliasActions[command.verb]({ server, firewalls, words: command.words, signal });
    command.print(command.isJson ? JSON.stringify(json, null, 2) : text);
    return exit ?? exitCodes.done;
  } catch (error) {
    if (!(error instanceof EnforcerError && error.code === 'rejected')) throw error;
    command.print(command.isJson ? JSON.stringify({ outcome: 'refused', detail: error.message }) : error.message);
    return exitCodes.refused;
  } finally {
    for (const { api } of firewalls) api.close();
  }
}

function open(settings: OpnsenseSettings): Firewall {
  const { endpoint, readKey } = settings;
  return { settings, api: new OpnsenseApi({ endpoint, readKey, clock: systemClock }) };
}

function chooseFirewalls({ enforcers }: ServerSettings, { firewall, verb }: AliasCommand): readonly OpnsenseSettings[] {
  const all = enforcers.filter((each) => each.kind === 'opnsense');
  const names = all.map(({ name }) => name).join(', ');
  if (all.length === 0) throw new ArgumentError('no [opnsense NAME] section is configured');
  if (firewall !== undefined) {
    const chosen = all.filter(({ name }) => name === firewall);
    if (chosen.length === 0) throw new ArgumentError(`--firewall ${firewall}: there are ${names}`);
    return chosen;
  }
  if (all.length > 1 && verb !== 'find') throw new ArgumentError(`--firewall is needed: one of ${names}`);
  return all;
}
