import type { EmulatedProxmox } from '../emulated-proxmox.ts';

/** What was wrong with the real cluster while a request was recorded, which the record itself cannot say. */
export type RecordingCondition =
  | 'lock-held'
  | 'lock-released-in-time'
  | 'daemon-hangs'
  | 'daemon-stopped'
  | 'no-quorum'
  | 'pmxcfs-stopped';

/** By the name of the record. All others were taken with everything in order. */
export const RECORDING_CONDITIONS: ReadonlyMap<string, RecordingCondition> = new Map([
  ['trouble: lock held by somebody else', 'lock-held'],
  ['trouble2: lock released after 4 s', 'lock-released-in-time'],
  ['trouble2: pvedaemon hangs (workers stopped), write', 'daemon-hangs'],
  ['trouble2: pvedaemon hangs, a read of the list needs pveproxy only', 'daemon-hangs'],
  ['trouble2: pvedaemon not running, write', 'daemon-stopped'],
  ['trouble2: pvedaemon not running, read', 'daemon-stopped'],
  ['trouble2: cluster without quorum, write', 'no-quorum'],
  ['trouble2: cluster without quorum, delete', 'no-quorum'],
  ['trouble2: cluster without quorum, read', 'no-quorum'],
  ['trouble2: pmxcfs not running, read', 'pmxcfs-stopped'],
  ['trouble2: pmxcfs not running, write', 'pmxcfs-stopped'],
]);

/** Milliseconds after which the lock comes free, well within the shortened time limit of a replay. */
const RELEASED_AFTER_MS = 50;

/** Sets the emulator as the recorded cluster was; undefined puts everything in order. */
export function applyCondition({ conditions }: EmulatedProxmox, condition: RecordingCondition | undefined): void {
  conditions.quorate = condition !== 'no-quorum';
  conditions.clusterFilesystemRunning = condition !== 'pmxcfs-stopped';
  conditions.lockHeldUntil = lockHeldUntil(condition);
  // What a blocked daemon was asked is dropped between two records, each of which begins with its own file.
  conditions.daemon = 'stopped';
  if (condition === 'daemon-hangs') conditions.daemon = 'hanging';
  else if (condition !== 'daemon-stopped') conditions.daemon = 'running';
}

function lockHeldUntil(condition: RecordingCondition | undefined): number {
  if (condition === 'lock-held') return Number.POSITIVE_INFINITY;
  return condition === 'lock-released-in-time' ? Date.now() + RELEASED_AFTER_MS : 0;
}
