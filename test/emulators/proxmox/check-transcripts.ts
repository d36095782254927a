import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_USERS, type EmulatedUser } from './access/accounts.ts';
import { startEmulatedProxmox } from './start-emulated-proxmox.ts';
import { KNOWN_DIFFERENCES } from './transcripts/known-differences.ts';
import { replay } from './transcripts/replay.ts';
import { readTranscripts, type Transcript } from './transcripts/transcript.ts';

/** Fewer identical answers than this make the check fail whatever the reasons. */
const MIN_IDENTICAL = 200;

/** Waits are not compared, and seconds add up. */
const SHORT_DELAYS = {
  unauthorizedMs: 1,
  lockTimeoutMs: 400,
  lockPollMs: 20,
  daemonTimeoutMs: 20,
  clusterFilesystemMs: 1,
};

/** The secret of the recorded tokens; one record carries it within a header. */
const RECORDED_SECRET = '00000001-0000-4000-8000-000000000000';

/** What a replay of all records found. */
interface Outcome {
  readonly identical: number;
  /** By name: what differs. */
  readonly different: ReadonlyMap<string, readonly string[]>;
}

/**
 * Replays a file of recorded answers against the emulator and prints how many came out identical, then every other one
 * by name with the reason. Exit code 1 when too few are identical or one differs without a known reason.
 */
async function main(): Promise<void> {
  const file = process.argv[2];
  if (file === undefined) throw new Error('usage: check-transcripts FILE');
  const transcripts = await readTranscripts(file);
  const { identical, different } = await replayAll(transcripts);
  const lines = [`identical ${identical} of ${transcripts.length}`];
  let unexplained = 0;
  for (const [name, differences] of different) {
    const reason = KNOWN_DIFFERENCES.get(name);
    if (reason === undefined) unexplained += 1;
    lines.push(`${name}: ${reason ?? 'NOT EXPLAINED'}`, ...differences.map((difference) => `  ${difference}`));
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  if (unexplained > 0 || identical < MIN_IDENTICAL) process.exitCode = 1;
}

async function replayAll(transcripts: readonly Transcript[]): Promise<Outcome> {
  const dir = await mkdtemp(join(tmpdir(), 'check-transcripts-'));
  const emulated = await startEmulatedProxmox({ dir, users: recordedUsers(), delays: SHORT_DELAYS });
  const different = new Map<string, readonly string[]>();
  try {
    for (const transcript of transcripts) {
      const differences = await replay(transcript, emulated);
      if (differences.length > 0) different.set(transcript.name, differences);
    }
  } finally {
    await emulated.close();
    await rm(dir, { recursive: true });
  }
  return { identical: transcripts.length - different.size, different };
}

function recordedUsers(): EmulatedUser[] {
  return DEFAULT_USERS.map((user) => ({
    ...user,
    tokens: user.tokens.map((token) => ({ ...token, secret: RECORDED_SECRET })),
  }));
}

await main();
