import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Namespace } from '../client/enforcers/nftables/namespace.ts';
import { RunningProcess } from '../end-to-end/running-process.ts';
import { type Ending, makeFolder } from '../ending.ts';
import type { Gate } from './gate-process.ts';
import { joinSockets } from './join-sockets.ts';

const gateScript = new URL('./gate-process.js', import.meta.url).pathname;

/**
 * Makes a port of this machine's 127.0.0.1 reachable in a network namespace, as the same port of 127.0.0.1 there. The
 * bytes pass through a Unix socket, which knows no namespaces. It ends with the test.
 */
export async function letInto(namespace: Namespace, port: number, ending: Ending): Promise<void> {
  const socket = join(await makeFolder(ending), 'gate.sock');
  const open = new Set<Socket>();
  const server = createServer((from) => {
    const to = connect(port, '127.0.0.1');
    for (const each of [from, to]) open.add(each.once('close', () => open.delete(each)));
    joinSockets(from, to);
  }).listen(socket);
  await once(server, 'listening');
  ending.after(async () => {
    for (const each of open) each.destroy();
    server.close();
    await once(server, 'close');
  });
  const gate: Gate = { port, socket };
  const [program, ...lead] = namespace.enter;
  const running = new RunningProcess(program, [...lead, process.execPath, gateScript, JSON.stringify(gate)]);
  ending.after(() => running.kill());
  await running.said(/listening/);
}
