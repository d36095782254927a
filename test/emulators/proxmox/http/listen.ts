import { constants } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/** Certificate and key of a TLS port, PEM. */
export interface TlsIdentity {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A listening port on the loopback address. */
export interface Listener {
  readonly port: number;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/** The first byte of a TLS handshake record (RFC 8446, 5.1). */
const TLS_HANDSHAKE = 0x16;
const LOOPBACK = '127.0.0.1';

/** Listens for plain connections; port 0 takes a free one. */
export async function listenPlain(port: number, onConnection: (socket: Socket) => void): Promise<Listener> {
  const server = createServer({ noDelay: true }, onConnection);
  return await listen(server, port);
}

/**
 * Listens for TLS connections, and tells those that speak plain HTTP apart by their first byte, as pveproxy does.
 * Connections that say nothing within `idleMs` are ended.
 */
export async function listenTls(
  port: number,
  identity: TlsIdentity,
  handlers: { onTls: (socket: Socket) => void; onPlain: (socket: Socket) => void; idleMs: number },
): Promise<Listener> {
  // Each connection to the real server costs a whole handshake (8.5 ms were measured): no session is taken up again.
  const secureOptions = constants.SSL_OP_NO_TICKET;
  const tls = createTlsServer({ ...identity, secureOptions, handshakeTimeout: handlers.idleMs }, handlers.onTls);
  tls.on('tlsClientError', (_error, socket) => socket.destroy());
  const server = createServer({ noDelay: true }, (socket) => {
    const timer = setTimeout(() => socket.destroy(), handlers.idleMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once('readable', () => {
      const first: unknown = socket.read();
      clearTimeout(timer);
      if (!Buffer.isBuffer(first)) return;
      socket.unshift(first);
      if (first[0] === TLS_HANDSHAKE) tls.emit('connection', socket);
      else handlers.onPlain(socket);
    });
  });
  return await listen(server, port);
}

async function listen(server: Server, port: number): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // A client that resets its connection is nothing that the emulator has to act on.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening port has an address');
  return {
    port: address.port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
