import { connect } from 'node:tls';
import type { Clock } from '../../../shared/clock.ts';
import { describeError } from '../../../shared/errors.ts';
import { CommandError, type RunCommand } from '../../../shared/host/command-runner.ts';

/** Who listens at the server's port. */
export type PortFacts =
  | { readonly kind: 'unreadable'; readonly reason: string }
  /** Port 0: any will do, so none is missing. */
  | { readonly kind: 'any' }
  | { readonly kind: 'free'; readonly port: number }
  /** `by` as `nginx (pid 312)`; only root is told. */
  | { readonly kind: 'taken'; readonly port: number; readonly by: string };

export async function readPort(port: number, run: RunCommand): Promise<PortFacts> {
  if (port === 0) return { kind: 'any' };
  try {
    const lines = (await run(['ss', '-Hltnp', `sport = :${port}`])).split('\n').filter((line) => line !== '');
    if (lines.length === 0) return { kind: 'free', port };
    const [, name, pid] = /\("([^"]*)",pid=([0-9]+)/.exec(lines.join(' ')) ?? [];
    return { kind: 'taken', port, by: name === undefined ? 'a program of another user' : `${name} (pid ${pid})` };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { kind: 'unreadable', reason: describeError(error) };
  }
}

const handshakeMaxMs = 3_000;

/**
 * The SHA-256 of the certificate that is shown at a port: 64 hexadecimal digits, lower case; undefined when there is none.
 * Nothing is sent, so who it is does not matter.
 */
export function readServedCertificate(host: string, port: number, clock: Clock): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false });
    const settle = (sha256: string | undefined): void => {
      cancel();
      socket.destroy();
      resolve(sha256);
    };
    const cancel = clock.after(handshakeMaxMs, () => settle(undefined));
    socket.on('error', () => settle(undefined));
    socket.on('secureConnect', () =>
      settle(socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase()),
    );
  });
}
