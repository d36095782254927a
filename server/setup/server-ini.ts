import type { CertificateFiles } from '../settings.ts';

/** How the server reaches the Proxmox that it runs on. */
export interface ProxmoxAccess {
  readonly url: string;
  /** The authority that proves the other end; undefined over plain HTTP, which only loopback has. */
  readonly caFile: string | undefined;
  readonly tokenFile: string;
}

/** The name of the section that setup writes: `[proxmox main]`. */
export const sectionName = 'main';

const sectionPattern = new RegExp(`^\\s*\\[\\s*proxmox\\s+${sectionName}\\s*\\]`, 'm');

const opening = `# Configuration of fail2networkban-server. README.md lists every key with its default.

[server]

[policy]
# Networks that are never banned, separated by commas:
# whitelist = 192.0.2.0/24, 2001:db8::/32

`;

/** server.ini of a server without a Proxmox, which has to name its certificate. */
export function plainConfiguration({ certificate, key }: CertificateFiles): string {
  return opening.replace('[server]\n', `[server]\ncertificate = ${certificate}\ncertificate_key = ${key}\n`);
}

/**
 * server.ini with the section of this Proxmox added at its end.
 *
 * @param existing undefined: there is no file yet
 * @returns undefined when the section is there already
 */
export function withProxmox(existing: string | undefined, access: ProxmoxAccess): string | undefined {
  if (existing === undefined) return opening + sectionOf(access);
  if (sectionPattern.test(existing)) return undefined;
  return `${existing.trimEnd()}\n\n${sectionOf(access)}`;
}

function sectionOf({ url, caFile, tokenFile }: ProxmoxAccess): string {
  const ca = caFile === undefined ? '' : `ca = ${caFile}\n`;
  return `[proxmox ${sectionName}]\nurl = ${url}\n${ca}token_file = ${tokenFile}\n`;
}
