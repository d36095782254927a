import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { addresses } from './networks.ts';

/** A process of its own that asks a server over connections that stay, each as soon as it is answered. Prints an {@link Asked}. */
export interface HttpLoad {
  readonly port: number;
  readonly caFile: string;
  /** One for each client, and what each of them asks, one after the other, on so many connections. */
  readonly tokens: readonly string[];
  readonly connectionsPerClient: number;
  readonly method: 'GET' | 'PUT';
  /** With `NETWORK` for the next address, `NUMBER` for the next number. */
  readonly path: string;
  readonly count: number;
  /** The first address. */
  readonly from: number;
}

export interface Asked {
  readonly seconds: number;
  readonly requests: number;
  /** Of all answers. */
  readonly bytes: number;
  readonly medianMs: number;
}

const load = JSON.parse(process.argv[2] ?? '') as HttpLoad;
const ca = readFileSync(load.caFile);
const tookMs: number[] = [];
let bytes = 0;

const paths = addresses(load.count, load.from).map((network, index) =>
  load.path.replace('NETWORK', network).replace('NUMBER', String(index)),
);
const queues = load.tokens.map((token, client) => ({
  token,
  paths: paths.filter((_, index) => index % load.tokens.length === client),
  agent: new Agent({ keepAlive: true, maxSockets: load.connectionsPerClient, ca }),
}));
type Queue = (typeof queues)[number];

const startedMs = performance.now();
await Promise.all(queues.flatMap((queue) => Array.from({ length: load.connectionsPerClient }, () => askAll(queue))));
const seconds = (performance.now() - startedMs) / 1_000;
const medianMs = tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length / 2)] ?? 0;
const asked: Asked = { seconds, requests: tookMs.length, bytes, medianMs };
process.stdout.write(`${JSON.stringify(asked)}\n`);
for (const { agent } of queues) agent.destroy();

async function askAll(queue: Queue): Promise<void> {
  for (let path = queue.paths.pop(); path !== undefined; path = queue.paths.pop()) {
    const askedMs = performance.now();
    await ask(queue, path);
    tookMs.push(performance.now() - askedMs);
  }
}

function ask({ token, agent }: Queue, path: string): Promise<void> {
  const { port, method } = load;
  const headers = { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host: '127.0.0.1', port, method, path, headers }, (incoming) => {
      if (incoming.statusCode !== 200) reject(new Error(`${method} ${path}: ${incoming.statusCode}`));
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      incoming.on('end', resolve);
    });
    outgoing.on('error', reject).end();
  });
}
