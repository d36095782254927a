import type { Enforcer, HeldEntry, Step } from '../../../shared/enforcer.ts';
import type { Soon } from '../../in-turns.ts';
import { findOwnAlias, type OwnAlias } from './find-alias.ts';
import { readHeld } from './held-networks.ts';
import type { OpnsenseApi } from './opnsense-api.ts';
import type { SecondLook } from './second-look.ts';

export interface AliasEnforcerOptions {
  /** `opnsense/NAME/ALIAS` */
  readonly name: string;
  readonly api: OpnsenseApi;
  readonly alias: OwnAlias;
  readonly secondLook: SecondLook;
  readonly soon: Soon;
}

/**
 * An alias of type `external`: a table of pf's that nothing but the API fills. One address a call, no write to OPNsense's
 * configuration; empty after a reboot, which the next comparison makes good. All of it is ours.
 */
export class ExternalAlias implements Enforcer {
  readonly name: string;
  readonly stepsPerCall = 1;
  readonly #options: AliasEnforcerOptions;

  constructor(options: AliasEnforcerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async list(signal: AbortSignal): Promise<readonly HeldEntry[]> {
    const { api, alias, secondLook, soon } = this.#options;
    // Of an alias that is not there OPNsense lists nothing, as of an empty one.
    await findOwnAlias(api, alias, signal);
    const held = await readHeld(await api.list(alias.name, signal), soon);
    secondLook.compare(new Set(held.map(({ network }) => network)));
    return held;
  }

  async apply(steps: readonly Step[], signal: AbortSignal): Promise<void> {
    const { api, alias, secondLook } = this.#options;
    for (const step of steps) {
      if (step.verb === 'add') await api.add(alias.name, step.entry.network, signal);
      else await api.remove(alias.name, step.entry.spelling, signal);
      secondLook.changed([step]);
    }
  }

  close(): Promise<void> {
    this.#options.secondLook.close();
    this.#options.api.close();
    return Promise.resolve();
  }
}
