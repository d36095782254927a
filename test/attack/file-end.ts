import { clusterFileMaxBytes, clusterFileReserveBytes } from '../../server/enforcers/proxmox/cluster-file-size.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { parseNetwork } from '../../shared/network.ts';
import { NetworkIndex } from '../../shared/network-index.ts';
import type { EmulatedProxmox } from '../emulators/proxmox/emulated-proxmox.ts';
import { Fleet } from '../end-to-end/fleet.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import { AdministratorsPart } from './administrators-part.ts';
import type { Attack, Stage } from './attack.ts';
import { blacklistOf } from './blacklist.ts';
import type { Chance } from './chance.ts';
import { EventStream } from './event-stream.ts';

const budgetBytes = clusterFileMaxBytes - clusterFileReserveBytes;
const hosts = 3;
/** Of all hosts together; the first of eight rounds has 28,500, so that there are 32,000 in the end. */
const bansOfLaterRound = 500;
const editsOfRound = 3;
const bansOfFrame = 50;
/** Of four bans two are neighbours, which become one entry. */
const entriesOfBan = 0.75;
const entryBytes = 38;
/** Of all bans there is room for so many, about. */
const shareWithRoom = 0.4;
/** By so much more or less the administrator writes: what he adds between two looks of the server, nobody can know of. */
const swingMaxBytes = 20_000;
/** One entry is not always as long as another. */
const freeMaxBytes = 4_096;
const settleMaxMs = 1_800_000;

/** Many more bans than fit come in beside an administrator's file that grows and shrinks; at last somebody fills it. */
export const fileEnd: Attack = {
  name: 'file-end',
  must: 'cluster.fw stays within its budget, filled with the newest bans and all of the operator, and a file that somebody filled is told',
  rounds: { inTests: 1, byHand: 8 },
  run: async (stage) => {
    const fleet = await Fleet.start(stage.ending, { firewall: ['max_entries = 50000'] });
    const bans = bansOfLaterRound * stage.rounds ** 2;
    const roomBytes = bans * shareWithRoom * entriesOfBan * entryBytes;
    const swing = Math.min(swingMaxBytes, Math.floor(roomBytes / 4));
    const part = new AdministratorsPart(fleet.proxmox, stage.chance);
    part.resize(budgetBytes - roomBytes);
    const all = await Promise.all(Array.from({ length: hosts }, (_, place) => HostBans.start(fleet, stage, place)));
    const operators: string[] = [];
    for (let round = 1; round <= stage.rounds; round += 1) {
      const bansOfRound = round === 1 ? bans - bansOfLaterRound * (stage.rounds - 1) : bansOfLaterRound;
      for (let edit = 0; edit < editsOfRound; edit += 1) {
        await Promise.all(all.map((host) => host.ban(bansOfRound / hosts / editsOfRound)));
        part.resize(budgetBytes - roomBytes + stage.chance.between(-swing, swing));
        operators.push(await operatorBans(fleet, editsOfRound * round + edit));
      }
      for (const host of all) await host.unbanSome(stage.chance);
      await settled(fleet);
      judge(stage, fleet, { all, operators, round });
    }
    const entries = blacklistOf(fleet.proxmox).length;
    stage.note(`${bans} bans, ${entries} entries, at most ${fleet.proxmox.grownTo()} bytes of ${budgetBytes}`);
    await fillToTheEnd(stage, fleet, part);
    judge(stage, fleet, { all, operators, round: stage.rounds });
  },
};

/** One host's bans. */
class HostBans {
  readonly #stream: EventStream;
  readonly #place: number;
  #count = 0;
  /** The newest last. */
  held: string[] = [];

  private constructor(stream: EventStream, place: number) {
    this.#stream = stream;
    this.#place = place;
  }

  static async start(fleet: Fleet, { ending }: Stage, place: number): Promise<HostBans> {
    const enrolment = await fleet.server.enrolmentFor(`host${place}`);
    const stream = new EventStream({ enrolment, caFile: fleet.certificates.caFile });
    ending.after(() => stream.close());
    return new HostBans(stream, place);
  }

  async ban(count: number): Promise<void> {
    for (let left = Math.floor(count); left > 0; left -= bansOfFrame) {
      const networks = Array.from({ length: Math.min(left, bansOfFrame) }, () => this.#next());
      await this.#stream.send(networks.map((network) => ({ verb: 'ban', network })));
      this.held.push(...networks);
    }
  }

  /** A tenth of them, newer and older ones. */
  async unbanSome(chance: Chance): Promise<void> {
    const ended = new Set(this.held.filter(() => chance.happens(0.1)).slice(-bansOfFrame));
    await this.#stream.send([...ended].map((network) => ({ verb: 'unban', network })));
    this.held = this.held.filter((network) => !ended.has(network));
  }

  /** Of 198.18.0.0/15, of which each host has 40,000. */
  #next(): string {
    const at = this.#place * 40_000 + 8 * (this.#count >> 2) + ([0, 1, 4, 6][this.#count & 3] ?? 0);
    this.#count += 1;
    return `198.${18 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`;
  }
}

async function operatorBans({ server }: Fleet, at: number): Promise<string> {
  const network = `203.0.${at >> 7}.${(at & 127) * 2}`;
  await callLocalSocket(server.socket, 'ban', { network, ttl: '1d' });
  return network;
}

interface EnforcerStatus {
  readonly state: { readonly kind: string; readonly reason?: string };
  readonly leftOut: number;
}

async function statusOf({ server }: Fleet): Promise<EnforcerStatus> {
  const { enforcers } = (await callLocalSocket(server.socket, 'status', {})) as { enforcers: EnforcerStatus[] };
  const [enforcer] = enforcers;
  if (enforcer === undefined) throw new Error('status names no enforcer');
  return enforcer;
}

/** Waits until the server, when asked to compare, finds nothing to change. */
async function settled(fleet: Fleet): Promise<void> {
  const isSettled = async (): Promise<boolean> => {
    const { writes } = fleet.proxmox.log;
    await callLocalSocket(fleet.server.socket, 'reconcile', {});
    return (await statusOf(fleet)).state.kind === 'in-sync' && fleet.proxmox.log.writes === writes;
  };
  await waitUntil('nothing is left to be changed', isSettled, settleMaxMs);
}

interface Expected {
  readonly all: readonly HostBans[];
  readonly operators: readonly string[];
  readonly round: number;
}

function judge(stage: Stage, { proxmox }: Fleet, { all, operators, round }: Expected): void {
  const bytes = sizeOf(proxmox);
  const blocked = new NetworkIndex(blacklistOf(proxmox).flatMap((text) => parseNetwork(text) ?? []));
  const isBlocked = (text: string): boolean => {
    const network = parseNetwork(text);
    return network !== undefined && blocked.covering(network) !== undefined;
  };
  stage.tried(operators.length + all.length + 3);
  const fail = (sentence: string): void => stage.failed(`round ${round}: ${sentence}`);
  for (const network of operators) if (!isBlocked(network)) fail(`the operator's ban of ${network} is out`);
  for (const { held } of all) {
    const oldest = held.findIndex(isBlocked);
    const missing = held.slice(oldest).filter((network) => !isBlocked(network));
    if (oldest === -1 || missing.length > 0) fail(`${missing.length} bans are out that are newer than one that is in`);
  }
  if (proxmox.grownTo() > budgetBytes + 2 * swingMaxBytes)
    fail(`the server let cluster.fw grow to ${proxmox.grownTo()}`);
  if (bytes > budgetBytes) fail(`cluster.fw has ${bytes} bytes`);
  const isOneOut = all.some(({ held }) => !held.every(isBlocked));
  if (isOneOut && bytes < budgetBytes - freeMaxBytes)
    fail(`bans are out, though ${budgetBytes - bytes} bytes are free`);
}

/** Somebody edits the file by hand until Proxmox can neither read nor write it, and then does what the state says. */
async function fillToTheEnd(stage: Stage, fleet: Fleet, part: AdministratorsPart): Promise<void> {
  const before = part.bytes;
  part.resize(before + (clusterFileMaxBytes - sizeOf(fleet.proxmox)));
  await callLocalSocket(fleet.server.socket, 'reconcile', {});
  const { state } = await statusOf(fleet);
  stage.tried(1);
  const wayBack = 'the one way back: make /etc/pve/firewall/cluster.fw shorter';
  if (state.reason?.includes(wayBack) !== true) stage.failed(`the state of a full file is ${JSON.stringify(state)}`);
  part.resize(before);
  await settled(fleet);
}

function sizeOf(proxmox: EmulatedProxmox): number {
  return Buffer.byteLength(proxmox.readClusterFw() ?? '');
}
