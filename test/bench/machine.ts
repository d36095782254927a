import { open, rm } from 'node:fs/promises';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './figure.ts';

/** What the figures depend on. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly node: string;
  readonly kernel: string;
  readonly folder: string;
  /** Median of an appended line and its fdatasync, in milliseconds. */
  readonly syncMs: number;
  /** Over one minute, when the run began. */
  readonly loadAverage: number;
}

const syncs = 200;

export async function describeMachine(): Promise<Machine> {
  const processors = cpus();
  return {
    cores: processors.length,
    processor: processors[0]?.model ?? 'unknown',
    node: process.version,
    kernel: release(),
    folder: tmpdir(),
    syncMs: await measureSync(tmpdir()),
    loadAverage: loadavg()[0] ?? 0,
  };
}

async function measureSync(folder: string): Promise<number> {
  const path = join(folder, `fail2networkban-sync-${process.pid}`);
  const file = await open(path, 'wx');
  try {
    const tookMs: number[] = [];
    for (let count = 0; count < syncs; count += 1) {
      const startedMs = performance.now();
      await file.appendFile(`${'x'.repeat(200)}\n`);
      await file.datasync();
      tookMs.push(performance.now() - startedMs);
    }
    return median(tookMs);
  } finally {
    await file.close();
    await rm(path);
  }
}

/** The machine in words, and what a disk that takes `slowSyncMs` for a sync would change. */
export function formatMachine(
  { cores, processor, node, kernel, folder, syncMs, loadAverage }: Machine,
  slowSyncMs = 10,
): string {
  const perSecond = Math.round(1_000 / slowSyncMs);
  return [
    `${cores} cores of ${processor}, Node ${node}, Linux ${kernel}, load average ${loadAverage.toFixed(2)} at the start`,
    `a line and its sync in ${folder}: ${syncMs.toFixed(2)} ms`,
    `On a disk of ${slowSyncMs} ms a sync, the server makes at most ${perSecond} commits a second. A commit takes all that`,
    `waits: 50 connections with one ban a frame reach at most ${50 * perSecond} a second, 8 with 100 bans a frame ${800 * perSecond}.`,
    `The agent syncs its journal once for a burst of lines and its cursor once a frame of 500. A single ban is synced`,
    `twice on its way, so its ${(2 * syncMs).toFixed(1)} ms of waiting would become ${2 * slowSyncMs}. Nothing else here waits for the disk.`,
  ].join('\n');
}
