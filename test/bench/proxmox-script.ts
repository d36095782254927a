import { serveLocalSocket } from '../../shared/host/local-socket.ts';
import { startEmulatedProxmox } from '../emulators/proxmox/start-emulated-proxmox.ts';

/**
 * An emulated Proxmox in a process of its own. Prints a {@link ProxmoxAddress}, then answers `log`, `forget` and `count` at
 * its socket.
 */
export interface ProxmoxTask {
  /** Holds the cluster.fw to begin with. */
  readonly dir: string;
  readonly socket: string;
  readonly costModel: boolean;
}

export interface ProxmoxAddress {
  readonly host: string;
  readonly port: number;
  readonly caFile: string;
  readonly token: string;
}

const { socket, ...options } = JSON.parse(process.argv[2] ?? '') as ProxmoxTask;
const { host, port, caFile, token, log, entriesOf } = await startEmulatedProxmox(options);
await serveLocalSocket(
  socket,
  new Map([
    ['log', () => ({ requests: log.entries })],
    ['count', () => ({ entries: entriesOf('blacklist').length })],
    [
      'forget',
      () => {
        log.clear();
        return {};
      },
    ],
  ]),
);
const address: ProxmoxAddress = { host, port, caFile, token };
process.stdout.write(`${JSON.stringify(address)}\n`);
