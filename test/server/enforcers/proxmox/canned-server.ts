import { createServer, type RequestListener } from 'node:http';
import { ProxmoxTransport } from '../../../../server/enforcers/proxmox/proxmox-transport.ts';
import { systemClock } from '../../../../shared/clock.ts';

export const cannedToken = 'f2nb@pve!server=11111111-2222-4333-8444-555555555555';

/** Something on a loopback port that is no Proxmox, or one in trouble. */
export async function startCanned(
  answer: RequestListener,
): Promise<{ readonly transport: ProxmoxTransport; readonly close: () => void }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const endpoint = { scheme: 'http', host: '127.0.0.1', port } as const;
  const transport = new ProxmoxTransport({ endpoint, readToken: () => cannedToken, clock: systemClock });
  return {
    transport,
    close: () => {
      transport.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
