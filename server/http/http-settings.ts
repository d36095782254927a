import type { SectionReader } from '../../shared/section-reader.ts';

/** What is served to those that speak no WebSocket. */
export interface HttpSettings {
  readonly enabled: boolean;
  /** Bans by nothing but a URL, for devices that can do no other. */
  readonly urlBans: boolean;
}

export function readHttpSettings(section: SectionReader): HttpSettings {
  return { enabled: section.flag('enabled', true), urlBans: section.flag('url_bans', false) };
}
