import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What this script does, its only argument as JSON. It runs in a network namespace. */
export type PeerTask =
  /** Says `listening`, and sends back whatever comes. */
  | { readonly task: 'listen'; readonly port: number }
  /** Says `open` when a connection stands within the time, else `blocked`. */
  | { readonly task: 'probe'; readonly port: number; readonly host: string; readonly localAddress: string }
  /** Opens a connection and sends a number every few milliseconds: says `sent N`, and `heard N` when it has come back. */
  | { readonly task: 'talk'; readonly port: number; readonly host: string; readonly localAddress: string };

const probeMaxMs = 500;
const talkEveryMs = 20;

const task = JSON.parse(process.argv[2] ?? '') as PeerTask;
if (task.task === 'listen') listen(task.port);
else if (task.task === 'probe') probe(task);
else await talk(task);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function listen(port: number): void {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(port, '::', () => say('listening'));
}

function probe({ task: _, ...target }: Extract<PeerTask, { task: 'probe' }>): void {
  const socket = connect(target);
  const end = (said: string): void => {
    say(said);
    process.exit();
  };
  socket.once('connect', () => end('open'));
  socket.once('error', (error) => end(`failed: ${error.message}`));
  // A process that had to wait for its turn looks at the socket once more before it gives up.
  setTimeout(() => setImmediate(() => end('blocked')), probeMaxMs);
}

async function talk({ task: _, ...target }: Extract<PeerTask, { task: 'talk' }>): Promise<void> {
  const socket = connect(target);
  let heard = '';
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
    const lines = heard.split('\n');
    heard = lines.pop() ?? '';
    for (const line of lines) say(`heard ${line}`);
  });
  for (let number = 1; ; number += 1) {
    socket.write(`${number}\n`);
    say(`sent ${number}`);
    await delay(talkEveryMs);
  }
}
