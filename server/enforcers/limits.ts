import type { SectionReader } from '../../shared/section-reader.ts';

/** What an enforcer may hold and how often it is looked at; the same keys in every section of an enforcer. */
export interface EnforcerLimits {
  /** Entries of ours. */
  readonly maxEntries: number;
  /** Whether networks that together are a whole CIDR become one entry. */
  readonly merge: boolean;
  /** A full comparison each so many seconds, whatever happens. */
  readonly resyncSeconds: number;
}

/**
 * What any section of an enforcer may say: `max_entries = 10000`, `merge = yes`, `resync = 5m`.
 *
 * @param maxEntriesMost what its firewall can bear
 */
export function readLimits(section: SectionReader, maxEntriesMost: number): EnforcerLimits {
  return {
    maxEntries: section.integer('max_entries', 10_000, 1, maxEntriesMost),
    merge: section.flag('merge', true),
    resyncSeconds: section.duration('resync', 300, 10),
  };
}
