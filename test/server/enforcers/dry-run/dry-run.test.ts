import { DryRun } from '../../../../server/enforcers/dry-run/dry-run.ts';
import { describeEnforcer } from '../../../contracts/enforcer-contract.ts';
import { network } from '../../../contracts/reconciler-bench.ts';

describeEnforcer({
  name: 'the dry run',
  isShared: false,
  start: () => {
    const enforcer = new DryRun();
    return Promise.resolve({
      enforcer,
      spellings: () => [...enforcer.entries.keys()].sort(),
      remove: (spelling) =>
        void enforcer.apply([{ verb: 'remove', entry: { network: network(spelling), spelling, owner: 'ours' } }]),
      close: () => Promise.resolve(),
    });
  },
});
