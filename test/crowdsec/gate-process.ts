import { connect, createServer } from 'node:net';
import { joinSockets } from './join-sockets.ts';

/** What this script does, its only argument as JSON: it listens to a port and passes each connection to a Unix socket. */
export interface Gate {
  readonly port: number;
  readonly socket: string;
}

const { port, socket } = JSON.parse(process.argv[2] ?? '') as Gate;
createServer((from) => joinSockets(from, connect(socket))).listen(port, '127.0.0.1', () => {
  process.stdout.write('listening\n');
});
