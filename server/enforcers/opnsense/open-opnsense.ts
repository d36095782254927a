import type { Enforcer } from '../../../shared/enforcer.ts';
import { fitsGlob } from '../../../shared/names.ts';
import { type Network, parseNetwork } from '../../../shared/network.ts';
import type { ProtectedSource } from '../../protection/protected-source.ts';
import type { FirewallParts } from '../firewall-parts.ts';
import type { OpenedFirewall } from '../opened-firewall.ts';
import { ContentAlias } from './content-alias.ts';
import { type AliasEnforcerOptions, ExternalAlias } from './external-alias.ts';
import { OpnsenseApi } from './opnsense-api.ts';
import type { AliasRule, OpnsenseSettings } from './opnsense-settings.ts';
import { SecondLook } from './second-look.ts';

/** What an `[opnsense NAME]` section stands for: one for each alias. All their calls take turns on one connection. */
export function openOpnsense(
  settings: OpnsenseSettings,
  { clock, random, soon, marks }: FirewallParts,
): readonly OpenedFirewall[] {
  const { endpoint, readKey, limits } = settings;
  const api = new OpnsenseApi({ endpoint, readKey, clock });
  return settings.aliases.map((rule, at) => {
    const secondLook = new SecondLook(clock, random);
    return {
      enforcer: enforcerFor(settings, rule, { api, secondLook, soon, marks }),
      limits,
      protectedSources: at === 0 ? ownAddress(settings) : [],
      wants: wantsFor(settings, rule),
      onDoubt: (relist) => secondLook.by(relist),
    };
  });
}

function enforcerFor(
  settings: OpnsenseSettings,
  rule: AliasRule,
  { marks, ...parts }: Pick<AliasEnforcerOptions, 'api' | 'secondLook' | 'soon'> & Pick<FirewallParts, 'marks'>,
): Enforcer {
  const { aliasType, mayCreate, bulkAbove } = settings;
  const alias = { name: rule.name, type: aliasType, mayCreate, marks };
  const options = { name: enforcerName(settings, rule), alias, ...parts };
  return aliasType === 'external' ? new ExternalAlias(options) : new ContentAlias({ ...options, bulkAbove });
}

/** `opnsense/NAME/ALIAS` */
export function enforcerName({ name }: OpnsenseSettings, alias: AliasRule): string {
  return `opnsense/${name}/${alias.name}`;
}

/** Which reports make an entry of this alias; one of hosts takes no CIDR. */
function wantsFor({ aliasType }: OpnsenseSettings, { jails }: AliasRule): OpenedFirewall['wants'] {
  const takesCidrs = aliasType !== 'host';
  if (jails === undefined) return takesCidrs ? undefined : ({ network }) => !network.includes('/');
  return ({ jail, network }) =>
    (takesCidrs || !network.includes('/')) && jails.some((pattern) => fitsGlob(pattern, jail));
}

/** Where it is reached by an address. What a name stands for may change at any time. */
function ownAddress({ name, endpoint }: OpnsenseSettings): readonly ProtectedSource[] {
  const address: Network | undefined = parseNetwork(endpoint.host);
  if (address === undefined) return [];
  return [
    {
      name: `opnsense/${name}/address`,
      reason: `the address of opnsense/${name}`,
      read: () => Promise.resolve([address]),
    },
  ];
}
