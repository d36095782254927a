import { parseArgs } from 'node:util';
import { startEmulatedProxmox } from './start-emulated-proxmox.ts';

const USAGE = 'usage: emulate-proxmox --port P --dir D [--plain-port P] [--cost-model]';

/** Runs an emulated Proxmox by hand until SIGINT or SIGTERM; prints what a client needs, one thing a line. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'plain-port': { type: 'string' },
      dir: { type: 'string' },
      'cost-model': { type: 'boolean', default: false },
    },
  });
  if (values.dir === undefined) throw new Error(`--dir is missing\n${USAGE}`);
  const plainPort = values['plain-port'];
  const emulated = await startEmulatedProxmox({
    dir: values.dir,
    port: toPort(values.port),
    costModel: values['cost-model'],
    ...(plainPort === undefined ? {} : { plainPort: toPort(plainPort) }),
  });
  const lines = [
    `url ${emulated.url}`,
    ...(emulated.plainUrl === undefined ? [] : [`plain-url ${emulated.plainUrl}`]),
    `ca-file ${emulated.caFile}`,
    `fingerprint ${emulated.fingerprint256}`,
    `cluster-fw ${emulated.clusterFwFile}`,
    ...emulated.tokens.map((token) => `token ${token}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  const stop = (): void => void emulated.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function toPort(text: string): number {
  const port = Number(text);
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) throw new Error(`not a port: ${text}\n${USAGE}`);
  return port;
}

await main();
