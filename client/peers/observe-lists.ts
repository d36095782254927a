import type { Enforcer, HeldEntry } from '../../shared/enforcer.ts';

/** An enforcer that tells what it was found to hold. */
export function observeLists(enforcer: Enforcer, onListed: (held: readonly HeldEntry[]) => void): Enforcer {
  return {
    get name() {
      return enforcer.name;
    },
    get stepsPerCall() {
      return enforcer.stepsPerCall;
    },
    ...(enforcer.isTimed === undefined ? {} : { isTimed: enforcer.isTimed }),
    list: async (signal) => {
      const held = await enforcer.list(signal);
      onListed(held);
      return held;
    },
    apply: (steps, signal) => enforcer.apply(steps, signal),
    close: () => enforcer.close(),
  };
}
