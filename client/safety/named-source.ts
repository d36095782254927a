import { type Clock, sleep } from '../../shared/clock.ts';
import { parseDnsName } from '../../shared/dns/dns-name.ts';
import { KnownNames } from '../../shared/dns/known-names.ts';
import type { ResolveName } from '../../shared/dns/resolve-name.ts';
import type { Log } from '../../shared/host/log.ts';
import { parseNetwork } from '../../shared/network.ts';
import type { NameFile } from './name-file.ts';
import type { SafetySource } from './safety.ts';

/** Longer than this one reading waits for no name; what the others mean counts at once. */
const lookMaxMs = 3_000;

export interface NamedSourceParts {
  readonly resolve: ResolveName;
  readonly clock: Clock;
  readonly log: Log;
  /** Keeps what the names mean over a restart. */
  readonly file: NameFile;
}

/**
 * Makes a source of addresses and DNS names, which are looked up again at their TTL, and mean until then what they meant last.
 *
 * @param words what stands in the configuration now
 */
export function namedSource(
  reason: string,
  words: () => Promise<readonly string[]>,
  { resolve, clock, log, file }: NamedSourceParts,
): SafetySource {
  const known = new KnownNames({ resolve, clock, log, onChange: () => undefined, kept: file.kept });
  return {
    reason,
    read: async (signal) => {
      const found = await words();
      known.follow(found.flatMap((word) => (parseNetwork(word) === undefined ? (parseDnsName(word) ?? []) : [])));
      const waiting = new AbortController();
      await Promise.race([known.look(signal), sleep(clock, lookMaxMs, AbortSignal.any([signal, waiting.signal]))]);
      waiting.abort();
      void file.save(known.list());
      return [
        ...found.flatMap((word) => parseNetwork(word) ?? []),
        ...known.list().flatMap(({ networks }) => networks),
      ];
    },
  };
}
