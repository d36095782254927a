import { quote } from '../../../shared/refusal.ts';
import type { SectionReader } from '../../../shared/section-reader.ts';

/** Where packets are looked at: those that come to this host, and those that its bridges carry for guests. */
export type Hook = 'host' | 'bridge';
export const hooks: readonly Hook[] = ['host', 'bridge'];

/** What `[nftables]` says. */
export interface NftablesSettings {
  /** At least one, none twice. */
  readonly hooks: readonly Hook[];
}

/** Reads `hooks = host, bridge`; without it, `host`. What is wrong is reported to the section. */
export function readNftablesSettings(section: SectionReader): NftablesSettings {
  const words = section
    .text('hooks', 'host')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  for (const word of words) {
    if (!isHook(word)) section.problem('hooks', `${quote(word)}: allowed are ${hooks.join(', ')}, or both`);
  }
  if (words.length === 0) section.problem('hooks', `names none: allowed are ${hooks.join(', ')}, or both`);
  return { hooks: hooks.filter((hook) => words.includes(hook)) };
}

function isHook(word: string): word is Hook {
  return hooks.some((hook) => hook === word);
}
