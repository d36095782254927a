import type { OpnsenseSettings } from '../../../../server/enforcers/opnsense/opnsense-settings.ts';
import { describeEnforcer, type EnforcerSubject } from '../../../contracts/enforcer-contract.ts';
import { enforcerOn, startOpnsense } from './opnsense-under-test.ts';

function subject(
  name: string,
  aliasType: OpnsenseSettings['aliasType'],
  changes: Partial<OpnsenseSettings> = {},
): EnforcerSubject {
  return {
    name: `${name} of an emulated OPNsense`,
    isShared: false,
    takesCidrs: aliasType !== 'host',
    start: async () => {
      const { opnsense, close } = await startOpnsense({ aliases: [{ name: 'blocklist', type: aliasType }] });
      return {
        enforcer: enforcerOn(opnsense, { aliasType, ...changes }),
        spellings: () => opnsense.table('blocklist'),
        remove: (spelling) => opnsense.takeOut('blocklist', spelling),
        close,
      };
    },
  };
}

describeEnforcer(subject('an external alias', 'external'));
describeEnforcer(subject('an alias of hosts', 'host'));
describeEnforcer(subject('an alias of networks', 'network'));
describeEnforcer(subject('an alias of networks, all at once', 'network', { bulkAbove: 0 }));
