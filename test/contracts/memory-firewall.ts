import type { Enforcer, HeldEntry, Step } from '../../shared/enforcer.ts';
import { parseNetwork } from '../../shared/network.ts';

/** A firewall in memory with the properties of real ones: other people's entries, spellings, several steps a call. */
export class MemoryFirewall implements Enforcer {
  readonly name: string;
  readonly stepsPerCall: number;
  /** Owner by spelling. Tests change it as an administrator would. */
  readonly entries = new Map<string, HeldEntry['owner']>();

  constructor(stepsPerCall: number, name = 'memory') {
    this.name = name;
    this.stepsPerCall = stepsPerCall;
  }

  list(): Promise<readonly HeldEntry[]> {
    const held = Array.from(this.entries, ([spelling, owner]) => ({
      network: parseNetwork(spelling),
      spelling,
      owner,
    }));
    return Promise.resolve(
      held.flatMap(({ network, ...entry }) => (network === undefined ? [] : [{ network, ...entry }])),
    );
  }

  apply(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.verb === 'remove') this.#remove(step.entry.spelling);
      else if (!this.entries.has(step.entry.network)) this.entries.set(step.entry.network, 'ours');
    }
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #remove(spelling: string): void {
    if (this.entries.get(spelling) === 'ours') this.entries.delete(spelling);
  }
}
