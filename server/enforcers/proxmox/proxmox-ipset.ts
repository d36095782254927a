import type { Proxmox } from 'proxmox-api';
import type { Clock } from '../../../shared/clock.ts';
import type { DesiredEntry, Enforcer, HeldEntry, SharedPlace, Step } from '../../../shared/enforcer.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import type { Network } from '../../../shared/network.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import type { Soon } from '../../in-turns.ts';
import { isAnswer } from '../answer-error.ts';
import { type Mark, markIn, markText, type OwnMarks } from '../ownership/ledger-mark.ts';
import type { ClusterFileRoom } from './cluster-file-room.ts';
import { commentFor, exceptionsIn, heldEntries, type IpsetEntry, readEntry } from './ipset-entries.ts';
import { openApi } from './open-api.ts';
import type { ProxmoxTransport } from './proxmox-transport.ts';
import { listTurns, readIpsetEntries } from './read-set.ts';

export interface ProxmoxIpsetOptions {
  /** As in `[proxmox NAME]`. */
  readonly name: string;
  readonly transport: ProxmoxTransport;
  /** Lower case: Proxmox folds names when it reads them, but not when it writes them. */
  readonly ipset: string;
  readonly clock: Clock;
  readonly soon: Soon;
  /** Whose entries are ours. */
  readonly marks: OwnMarks;
  readonly room: ClusterFileRoom;
}

/** A removal relies on what was seen this long ago at most: DELETE asks nobody whose entry it is. */
const lookMaxAgeMs = 2_000;

/**
 * An ipset of Proxmox VE's cluster firewall. Ours are the entries whose comment carries the mark of this ledger. An entry with
 * another ledger's mark, or an old one, is removed only when somebody who knows better asks for it. The ipset is made when absent
 * and never deleted; nothing else of the firewall is changed.
 */
export class ProxmoxIpset implements Enforcer {
  readonly name: string;
  readonly stepsPerCall = 1;
  readonly shared: SharedPlace;
  readonly #options: ProxmoxIpsetOptions;
  /** The marks of entries by their spelling, as last seen and with what was done since. */
  #marks = new Map<string, string>();
  readonly #ownMark: string;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ProxmoxIpsetOptions) {
    this.name = `proxmox/${options.name}`;
    this.#options = options;
    this.shared = {
      name: `ipset ${options.ipset}`,
      removalOf: (spelling) => `pvesh delete /cluster/firewall/ipset/${options.ipset}/${spelling}`,
    };
    this.#ownMark = markText({ kind: 'ledger', id: options.marks.own });
  }

  async list(signal: AbortSignal): Promise<readonly HeldEntry[]> {
    const lookedAtMs = this.#options.clock.elapsed();
    const held = await this.#look(signal);
    this.#marks = new Map(held.flatMap(({ spelling, mark }) => (mark === undefined ? [] : [[spelling, mark]])));
    this.#lookedAtMs = lookedAtMs;
    return held;
  }

  async apply(steps: readonly Step[], signal: AbortSignal): Promise<void> {
    for (const step of steps) {
      if (step.verb === 'add') await this.#add(step.entry, signal);
      else await this.#remove(step.entry, signal);
    }
  }

  close(): Promise<void> {
    this.#options.transport.close();
    return Promise.resolve();
  }

  async #look(signal: AbortSignal): Promise<readonly HeldEntry[]> {
    const { ipset, transport, soon } = this.#options;
    try {
      const api = await openApi(transport, signal);
      const reading = { turns: listTurns(soon) };
      const entries = await readIpsetEntries(api, ipset, reading);
      await this.#options.room.measure(api, entries, reading);
      const isOurs = (mark: Mark): boolean => mark.kind === 'ledger' && this.#options.marks.has(mark.id);
      return [...heldEntries(entries, isOurs), ...exceptionsIn(entries)];
    } catch (error) {
      if (!(await this.#isAbsent(error, signal))) throw error;
      await this.#create(signal);
      await this.#options.room.measure(await openApi(this.#options.transport, signal), []);
      return [];
    }
  }

  /** Proxmox answers 500 for a missing ipset as for any trouble of its own, so the list of ipsets decides. */
  async #isAbsent(error: unknown, signal: AbortSignal): Promise<boolean> {
    if (!isAnswer(error, 500)) return false;
    const ipsets: unknown = await (await this.#ipsets(signal)).$get();
    if (!Array.isArray(ipsets)) return false;
    return !ipsets.some((item: unknown) => isObject(item) && item['name'] === this.#options.ipset);
  }

  async #create(signal: AbortSignal): Promise<void> {
    const { ipset } = this.#options;
    try {
      await (await this.#ipsets(signal)).$post({ name: ipset, comment: 'fail2networkban' });
    } catch (cause) {
      if (!isRejection(cause)) throw cause;
      throw new EnforcerError('retry', `ipset ${ipset} was neither there nor could it be made`, { cause });
    }
  }

  async #add(entry: DesiredEntry, signal: AbortSignal): Promise<void> {
    const { network, note } = entry;
    this.#options.room.mustHaveRoom();
    const ipsets = await this.#ipsets(signal);
    try {
      const { ipset, marks, room } = this.#options;
      await ipsets.$(ipset).$post({ cidr: network, comment: commentFor(marks.own, note) });
      this.#marks.set(network, this.#ownMark);
      room.added(entry);
    } catch (error) {
      // 400 is a duplicate, which is what was wanted, or a network that Proxmox does not take.
      const present = isRejection(error) ? await this.#entryOf(network, signal) : undefined;
      if (present === undefined) throw error;
      if (!this.#isOwn(present)) this.#options.room.doubt();
    }
  }

  /** The entry of a network, if there is one. @throws EnforcerError `rejected` when the administrator has excepted the network */
  async #entryOf(network: Network, signal: AbortSignal): Promise<IpsetEntry | undefined> {
    const { ipset } = this.#options;
    const ipsets = await this.#ipsets(signal);
    try {
      const entry = readEntry(await ipsets.$(ipset).$(network).$get());
      if (entry?.isNomatch) throw new EnforcerError('rejected', `ipset ${ipset} has the exception !${network}`);
      return entry;
    } catch (error) {
      if (isAnswer(error, 400)) return undefined;
      throw error;
    }
  }

  #isOwn({ comment }: IpsetEntry): boolean {
    const mark = markIn(comment);
    return mark !== undefined && markText(mark) === this.#ownMark;
  }

  /** Only as long as the entry carries the mark that it was seen with. */
  async #remove({ spelling, mark = this.#ownMark }: HeldEntry, signal: AbortSignal): Promise<void> {
    if (!this.#saw(spelling, mark)) await this.list(signal);
    // Gone, or somebody else's by now.
    if (this.#marks.get(spelling) !== mark) {
      this.#options.room.doubt();
      return;
    }
    const ipsets = await this.#ipsets(signal);
    await ipsets.$(this.#options.ipset).$(spelling).$delete();
    this.#marks.delete(spelling);
    this.#options.room.removed(spelling);
  }

  #saw(spelling: string, mark: string): boolean {
    return this.#options.clock.elapsed() - this.#lookedAtMs <= lookMaxAgeMs && this.#marks.get(spelling) === mark;
  }

  async #ipsets(signal: AbortSignal): Promise<Proxmox.Api['cluster']['firewall']['ipset']> {
    return (await openApi(this.#options.transport, signal)).cluster.firewall.ipset;
  }
}

function isRejection(error: unknown): boolean {
  return error instanceof EnforcerError && error.code === 'rejected';
}
