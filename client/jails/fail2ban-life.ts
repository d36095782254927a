import { stat } from 'node:fs/promises';

/** Where fail2ban's socket is, unless its own configuration or `fail2ban_socket` says otherwise. */
export const defaultFail2banSocket = '/var/run/fail2ban/fail2ban.sock';

/**
 * Tells one process of fail2ban from the next: it makes its socket anew when it starts.
 *
 * @returns undefined where the socket is not to be seen, as in another container
 */
export async function readLife(socket: string): Promise<string | undefined> {
  try {
    const { dev, ino, ctimeNs } = await stat(socket, { bigint: true });
    return `${dev} ${ino} ${ctimeNs}`;
  } catch {
    return undefined;
  }
}
