import { describeEnforcer } from '../../../contracts/enforcer-contract.ts';
import { editIpset, ipsetOn, startProxmox } from './emulated-ipset.ts';

describeEnforcer({
  name: 'the ipset of an emulated Proxmox',
  isShared: true,
  start: async (clock) => {
    const proxmox = await startProxmox();
    return {
      enforcer: ipsetOn(proxmox, clock),
      spellings: () =>
        proxmox
          .entriesOf('blacklist')
          .map(({ cidr }) => cidr)
          .sort(),
      remove: (spelling) => editIpset(proxmox, (lines) => lines.filter((line) => line.split(' ')[0] !== spelling)),
      addTheirs: (spelling) => editIpset(proxmox, (lines) => [...lines, `${spelling} # by hand`]),
      close: () => proxmox.close(),
    };
  },
});
