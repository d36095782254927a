import type { SettingsReader } from '../../../shared/settings-reader.ts';
import type { ConfiguredFiles } from '../../configured-files.ts';
import { namedSections } from '../../named-sections.ts';
import type { Endpoint } from '../../outgoing/endpoint.ts';
import { readEndpoint } from '../../outgoing/read-endpoint.ts';
import { readSecret } from '../../outgoing/read-secret.ts';
import { type EnforcerLimits, readLimits } from '../limits.ts';

/** A `[proxmox NAME]` section. */
export interface ProxmoxSettings {
  readonly kind: 'proxmox';
  readonly name: string;
  readonly limits: EnforcerLimits;
  readonly endpoint: Endpoint;
  /**
   * `USER@REALM!TOKENID=SECRET`, read anew each time.
   *
   * @throws OutgoingError `credential`
   */
  readonly readToken: () => string;
  readonly ipset: string;
}

/** With this many a write to Proxmox takes a second, and cluster.fw nears its 1 MiB. */
const maxEntriesMost = 50_000;
const urlRules = {
  fallback: 'https://127.0.0.1:8006',
  ports: { https: 8006, http: 85 },
  plain: 'http://127.0.0.1:85',
};
/** pveum's rules for ids, and what may stand in a header. */
const tokenForm = {
  key: 'token',
  pattern: /^[^\s:/]+@[A-Za-z][\w.-]*![A-Za-z][\w.-]*=[\w-]+$/,
  form: 'USER@REALM!TOKENID=SECRET on one line',
};
/** Proxmox folds names to lower case when it reads them, but not when it writes them (Firewall.pm). */
const ipsetPattern = /^[a-z][a-z0-9_-]{1,63}$/;

export function readProxmoxSettings(reader: SettingsReader, files: ConfiguredFiles): readonly ProxmoxSettings[] {
  return Array.from(namedSections(reader, 'proxmox'), ([name, section]) => {
    return {
      kind: 'proxmox',
      name,
      limits: readLimits(section, maxEntriesMost),
      endpoint: readEndpoint(section, files, urlRules),
      readToken: readSecret(section, files, tokenForm),
      ipset: section.matching('ipset', 'blacklist', ipsetPattern, '2–64 of a-z 0-9 _ -, beginning with a letter'),
    };
  });
}
