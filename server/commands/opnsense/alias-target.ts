import { EnforcerError } from '../../../shared/errors.ts';
import { ArgumentError } from '../../../shared/host/local-socket.ts';
import { type Network, parseNetwork } from '../../../shared/network.ts';
import { quote } from '../../../shared/refusal.ts';
import { aliasForm, isAliasName, isBuiltIn } from '../../enforcers/opnsense/alias-name.ts';
import { lookForAlias } from '../../enforcers/opnsense/look-for-alias.ts';
import type { Alias } from '../../enforcers/opnsense/opnsense-answers.ts';
import type { OpnsenseApi } from '../../enforcers/opnsense/opnsense-api.ts';
import type { ServerSettings } from '../../settings.ts';
import type { Firewall } from './alias-command.ts';

/** What an action works with. */
export interface ActionInput {
  readonly server: ServerSettings;
  /** One; with `find` all. */
  readonly firewalls: readonly Firewall[];
  readonly words: readonly string[];
  readonly signal: AbortSignal;
}

/** One alias of one firewall. */
interface Target {
  readonly api: OpnsenseApi;
  readonly firewall: string;
  readonly alias: string;
}

/** What the first word names. @throws ArgumentError */
export function targetOf({ firewalls, words }: ActionInput): Target {
  const [only] = firewalls;
  const [alias = ''] = words;
  if (only === undefined) throw new ArgumentError('no firewall is chosen');
  if (!isAliasName(alias)) throw new ArgumentError(`alias: ${quote(alias)}: allowed is ${aliasForm}`);
  return { api: only.api, firewall: only.settings.name, alias };
}

/** @throws ArgumentError for an alias that OPNsense fills by itself */
export function refuseBuiltIn(alias: string): void {
  if (isBuiltIn(alias)) throw new ArgumentError(`alias: ${alias}: OPNsense fills it by itself`);
}

/** @throws ArgumentError */
export function networkOf(text: string | undefined): Network {
  const network = parseNetwork(text ?? '');
  if (network !== undefined) return network;
  throw new ArgumentError(`network: ${quote(text ?? '')} is not an IPv4 or IPv6 address or CIDR`);
}

/** The alias as it is configured; undefined when only its table is shown to the key. @throws EnforcerError when it is missing */
export async function configuredOf({ api, alias }: Target, signal: AbortSignal): Promise<Alias | undefined> {
  const sight = await lookForAlias(api, { name: alias }, signal);
  if (sight.kind === 'missing') throw missing(alias);
  return sight.kind === 'found' ? sight.alias : undefined;
}

/** What is said of an alias that cannot be found. */
export function missing(alias: string): EnforcerError {
  return new EnforcerError('denied', `there is no alias ${alias}, or it is switched off`);
}
