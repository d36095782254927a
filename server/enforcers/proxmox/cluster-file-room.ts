import type { Proxmox } from 'proxmox-api';
import type { Clock } from '../../../shared/clock.ts';
import type { DesiredEntry, HeldEntry } from '../../../shared/enforcer.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import { fileSize } from '../../../shared/host/file-size.ts';
import type { ByteRoom, ByteUsage } from '../byte-room.ts';
import { clusterFileMaxBytes, clusterFileReserveBytes, readBytesElsewhere } from './cluster-file-size.ts';
import { commentFor, type IpsetEntry } from './ipset-entries.ts';
import { bytesOf } from './ipset-facts.ts';
import type { SetReading } from './read-set.ts';

export interface ClusterFileRoomOptions {
  /** The id in the comments of our entries. */
  readonly mark: string;
  readonly ipset: string;
  readonly clock: Clock;
  /** The file itself, where this machine is a node of the cluster. Undefined: the API tells what stands in it. */
  readonly file: string | undefined;
}

/** The rest of the file is asked for through the API no more often while the file is far from its end. */
const elsewhereMaxAgeMs = 900_000;
/** Nearer to it, asking takes a tenth of the time at the most: each of the calls reads and parses the whole file. */
const pauseForAsking = 9;
const budgetBytes = clusterFileMaxBytes - clusterFileReserveBytes;
/** From here on somebody else's change may be what brings the file to its end. */
const nearBytes = budgetBytes / 2;
/** So much is added at the most without having seen what others wrote meanwhile. */
const blindMaxBytes = clusterFileReserveBytes / 8;
/** Past this nothing is added, whatever was planned: half of the reserve is gone. */
const hardBytes = clusterFileMaxBytes - clusterFileReserveBytes / 2;
/** The longest line of ours. */
const lineMaxBytes = 96;
/** For entries that stand beside those which they take the place of: the parts of a network that is split, mostly. */
const betweenBytes = 8 * lineMaxBytes;

/** The rest of the file, as the API told it. */
interface Elsewhere {
  readonly bytes: number;
  readonly atMs: number;
  readonly tookMs: number;
  /** The whole file then. */
  readonly fileBytes: number;
}

/**
 * The room that cluster.fw has left for our entries. All of it counts, whoever wrote it: a byte too many is the end of the whole
 * firewall, since Proxmox can then neither read nor write the file.
 */
export class ClusterFileRoom implements ByteRoom {
  readonly #options: ClusterFileRoomOptions;
  /** Of the entries of the set, by their spelling. */
  #lines = new Map<string, number>();
  #fileBytes = 0;
  #ourBytes = 0;
  #elsewhere: Elsewhere | undefined;
  #doubt: () => void = () => undefined;

  constructor(options: ClusterFileRoomOptions) {
    this.#options = options;
  }

  get usage(): ByteUsage {
    return { bytes: this.#fileBytes, budgetBytes, mostBytes: clusterFileMaxBytes };
  }

  /** What all entries of ours together may take, in bytes. */
  get availableBytes(): number {
    return Math.max(0, budgetBytes - betweenBytes - (this.#fileBytes - this.#ourBytes));
  }

  get isFull(): boolean {
    return this.#fileBytes + lineMaxBytes > budgetBytes - betweenBytes;
  }

  fits(additions: readonly DesiredEntry[]): boolean {
    const bytes = additions.reduce((sum, entry) => sum + this.costOf(entry), 0);
    return this.#fileBytes + bytes + lineMaxBytes <= budgetBytes - betweenBytes;
  }

  /** Has this called when what others wrote must be looked at before more is added. */
  onDoubt(then: () => void): void {
    this.#doubt = then;
  }

  /** Something stands there that the last look did not show. */
  doubt(): void {
    this.#doubt();
  }

  costOf({ network, note }: DesiredEntry): number {
    return this.#lines.get(network) ?? network.length + commentFor(this.#options.mark, note).length + 4;
  }

  /** Takes in what the set holds, and measures the rest of the file. @throws EnforcerError */
  async measure(api: Proxmox.Api, entries: readonly IpsetEntry[], reading?: SetReading): Promise<void> {
    this.#lines = new Map(entries.map((entry) => [entry.cidr, bytesOf([entry])]));
    const { file } = this.#options;
    const size = file === undefined ? undefined : fileSize(file);
    const setBytes = bytesOf(entries);
    if (size === undefined && this.#isDue()) this.#elsewhere = await this.#ask(api, setBytes, reading);
    this.#fileBytes = size ?? (this.#elsewhere?.bytes ?? 0) + setBytes;
  }

  async #ask(api: Proxmox.Api, setBytes: number, reading?: SetReading): Promise<Elsewhere> {
    const { ipset, clock } = this.#options;
    const startedAtMs = clock.elapsed();
    const bytes = await readBytesElsewhere(api, ipset, reading);
    const atMs = clock.elapsed();
    return { bytes, atMs, tookMs: atMs - startedAtMs, fileBytes: bytes + setBytes };
  }

  /** Whether it is time to ask for the rest of the file. */
  #isDue(): boolean {
    if (this.#elsewhere === undefined || this.#isBlind()) return true;
    const { atMs, tookMs } = this.#elsewhere;
    const pauseMs = this.#fileBytes > nearBytes ? tookMs * pauseForAsking : elsewhereMaxAgeMs;
    return this.#options.clock.elapsed() - atMs >= pauseMs;
  }

  /** Whether too much was added since the rest of the file was asked for. */
  #isBlind(): boolean {
    if (this.#elsewhere === undefined || this.#fileBytes <= nearBytes) return false;
    return this.#fileBytes - this.#elsewhere.fileBytes >= blindMaxBytes;
  }

  settle(ours: readonly HeldEntry[]): void {
    this.#ourBytes = ours.reduce((sum, { spelling }) => sum + (this.#lines.get(spelling) ?? 0), 0);
  }

  /** @throws EnforcerError when no entry may be added to a file that somebody else has filled meanwhile */
  mustHaveRoom(): void {
    const { file } = this.#options;
    const bytes = (file === undefined ? undefined : fileSize(file)) ?? this.#fileBytes;
    if (bytes + lineMaxBytes <= hardBytes) return;
    throw new EnforcerError(
      'retry',
      `cluster.fw is ${bytes} bytes of the ${clusterFileMaxBytes} that Proxmox can read and write: nothing is added, make it shorter`,
    );
  }

  added(entry: DesiredEntry): void {
    const bytes = this.costOf(entry);
    this.#lines.set(entry.network, bytes);
    this.#fileBytes += bytes;
    this.#ourBytes += bytes;
    if (this.#isBlind()) this.#doubt();
  }

  removed(spelling: string): void {
    const bytes = this.#lines.get(spelling) ?? 0;
    this.#lines.delete(spelling);
    this.#fileBytes -= bytes;
    this.#ourBytes -= bytes;
  }
}
