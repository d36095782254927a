import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where test/fetch-debian.sh unpacks Debian's packages. */
const folder = new URL('../../../node_modules/.debian/usr/bin/', import.meta.url);

/** @throws with the command that fetches it, when it is not there */
export function debianProgram(
  name: 'crowdsec' | 'cscli' | 'crowdsec-firewall-bouncer' | 'crowdsec-custom-bouncer',
): string {
  const path = fileURLToPath(new URL(name, folder));
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw new Error(`${path} is missing: run test/fetch-debian.sh, which fetches it`);
  }
  return path;
}
