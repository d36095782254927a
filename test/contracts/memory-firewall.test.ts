import { describeEnforcer, type EnforcerSubject } from './enforcer-contract.ts';
import { MemoryFirewall } from './memory-firewall.ts';

for (const stepsPerCall of [1, 4]) describeEnforcer(memory(stepsPerCall));

function memory(stepsPerCall: number): EnforcerSubject {
  return {
    name: `a firewall in memory that takes ${stepsPerCall} a call`,
    isShared: true,
    start: () => {
      const enforcer = new MemoryFirewall(stepsPerCall);
      return Promise.resolve({
        enforcer,
        spellings: () => [...enforcer.entries.keys()].sort(),
        remove: (spelling) => enforcer.entries.delete(spelling),
        addTheirs: (spelling) => enforcer.entries.set(spelling, 'theirs'),
        close: () => Promise.resolve(),
      });
    },
  };
}
