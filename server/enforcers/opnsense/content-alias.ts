import type { Enforcer, HeldEntry, Step } from '../../../shared/enforcer.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import { familyOf, type Network } from '../../../shared/network.ts';
import { isAnswer } from '../answer-error.ts';
import type { AliasEnforcerOptions } from './external-alias.ts';
import { findOwnAlias } from './find-alias.ts';
import { networksOf, readHeld } from './held-networks.ts';
import type { Alias } from './opnsense-answers.ts';

export interface ContentAliasOptions extends AliasEnforcerOptions {
  /** With more steps than this the whole content is written at once. */
  readonly bulkAbove: number;
}

/**
 * An alias of type `host` or `network`: its content stands in OPNsense's configuration, so it outlives a reboot, and pf holds a
 * copy. A call for one address writes the whole configuration file and a backup of it; many changes go as one new content and
 * a reload. All of it is ours.
 */
export class ContentAlias implements Enforcer {
  readonly name: string;
  readonly stepsPerCall = 1;
  readonly bulkFrom: number;
  readonly #options: ContentAliasOptions;
  /** In the configuration and in pf, as last seen and with what was done since. */
  #known = new Set<Network>();

  constructor(options: ContentAliasOptions) {
    this.name = options.name;
    this.bulkFrom = options.bulkAbove + 1;
    this.#options = options;
  }

  /** Content and pf are made equal first: each lacks what got lost on the way to it, and a restart would bring it back. */
  async list(signal: AbortSignal): Promise<readonly HeldEntry[]> {
    const { api, alias, secondLook, soon } = this.#options;
    const configured = await this.#configured(signal);
    const content = await readHeld(configured.content, soon);
    const wanted = networksOf(content);
    const isTidy = content.length === configured.content.length && content.every(isCanonical);
    let held = await readHeld(await api.list(alias.name, signal), soon);
    if (!isTidy) await this.#write(configured, wanted, signal).catch(retryLater);
    if (!isTidy || !isSame(wanted, networksOf(held))) {
      await api.reconfigure(signal).catch(goOnWhenRefused);
      held = await readHeld(await api.list(alias.name, signal), soon);
    }
    // What is configured and still not in pf counts as missing.
    this.#known = new Set([...networksOf(held)].filter((network) => wanted.has(network)));
    secondLook.compare(this.#known);
    return held;
  }

  async apply(steps: readonly Step[], signal: AbortSignal): Promise<void> {
    this.#refuseWhatDoesNotFit(steps);
    if (steps.length >= this.bulkFrom) await this.#applyAll(steps, signal);
    else for (const step of steps) await this.#applyOne(step, signal);
    this.#options.secondLook.changed(steps);
  }

  close(): Promise<void> {
    this.#options.secondLook.close();
    this.#options.api.close();
    return Promise.resolve();
  }

  async #configured(signal: AbortSignal): Promise<Alias> {
    const { api, alias } = this.#options;
    const configured = await findOwnAlias(api, alias, signal);
    if (configured !== undefined) return configured;
    throw new EnforcerError('retry', `the content of ${alias.name} cannot be read`);
  }

  /** OPNsense would refuse the whole content, or with a single call write what it cannot load. */
  #refuseWhatDoesNotFit(steps: readonly Step[]): void {
    const { type, name } = this.#options.alias;
    if (type !== 'host') return;
    const wide = steps.find(({ verb, entry }) => verb === 'add' && entry.network.includes('/'));
    if (wide === undefined) return;
    throw new EnforcerError('rejected', `the alias ${name} is of type host, which takes no ${wide.entry.network}`);
  }

  async #applyOne({ verb, entry }: Step, signal: AbortSignal): Promise<void> {
    const { api, alias } = this.#options;
    if (verb === 'remove') {
      await api.remove(alias.name, entry.spelling, signal);
      this.#known.delete(entry.network);
      return;
    }
    // A second addition of what stands first in the content would stand there twice (array_search, whose 0 counts as nothing).
    if (this.#known.has(entry.network)) return;
    await api.add(alias.name, entry.network, signal);
    this.#known.add(entry.network);
  }

  async #applyAll(steps: readonly Step[], signal: AbortSignal): Promise<void> {
    const configured = await this.#configured(signal);
    const networks = networksOf(await readHeld(configured.content, this.#options.soon));
    for (const { verb, entry } of steps) {
      if (verb === 'add') networks.add(entry.network);
      else networks.delete(entry.network);
    }
    await this.#write(configured, networks, signal);
    await this.#options.api.reconfigure(signal);
    this.#known = networks;
  }

  #write(alias: Alias, networks: ReadonlySet<Network>, signal: AbortSignal): Promise<void> {
    const lines = Array.from(networks, alias.type === 'network' ? withPrefix : String);
    return this.#options.api.setContent(alias, lines, signal);
  }
}

/** As OPNsense's own additions to an alias of networks are spelled. */
function withPrefix(network: Network): string {
  if (network.includes('/')) return network;
  return `${network}/${familyOf(network) === 4 ? 32 : 128}`;
}

/** Whether a line is spelled so that a single removal finds it. */
function isCanonical({ network, spelling }: HeldEntry): boolean {
  return spelling === network || spelling === withPrefix(network);
}

function isSame(one: ReadonlySet<Network>, other: ReadonlySet<Network>): boolean {
  return one.size === other.size && [...one].every((network) => other.has(network));
}

/** A list must not be rejected: there is no entry that could be left out. */
function retryLater(cause: unknown): never {
  if (!(cause instanceof EnforcerError && cause.code === 'rejected')) throw cause;
  throw new EnforcerError('retry', cause.message, { cause });
}

/** pf has no room for all of it: what it holds now still can be told, and removals make room. */
function goOnWhenRefused(cause: unknown): void {
  if (!isAnswer(cause, 500)) throw cause;
}
