import { parseArgs } from 'node:util';
import { startEmulatedProxmox } from './start-emulated-proxmox.ts';

const USAGE = `usage: emulate-proxmox --dir D [--port P] [--plain-port P] [--cost-model]

  --dir D         folder for its certificates and cluster.fw; made when missing
  --port P        HTTPS port on 127.0.0.1; any free one by default
  --plain-port P  also plain HTTP there, as pvedaemon's port 85
  --cost-model    takes the time that a real Proxmox takes
  --help          prints this`;

/** As in shared/exit-codes.ts. */
const usageCode = 64;

/** The command line is wrong; its message is for who wrote it. */
class UsageError extends Error {}

interface Words {
  readonly dir: string;
  readonly port: number;
  readonly costModel: boolean;
  readonly plainPort?: number;
}

/** Runs an emulated Proxmox by hand until SIGINT or SIGTERM; prints what a client needs, one thing a line. */
async function main(): Promise<void> {
  const words = readWords();
  if (words === 'help') process.stdout.write(`${USAGE}\n`);
  else await emulate(words);
}

/** @throws UsageError */
function readWords(): Words | 'help' {
  const values = parseWords();
  if (values.help) return 'help';
  if (values.dir === undefined) throw new UsageError('--dir is missing');
  const plainPort = values['plain-port'];
  return {
    dir: values.dir,
    port: toPort('--port', values.port),
    costModel: values['cost-model'],
    ...(plainPort === undefined ? {} : { plainPort: toPort('--plain-port', plainPort) }),
  };
}

function parseWords() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '0' },
        'plain-port': { type: 'string' },
        dir: { type: 'string' },
        'cost-model': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch (error) {
    // parseArgs throws nothing else, and says what is wrong.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function emulate(words: Words): Promise<void> {
  const emulated = await startEmulatedProxmox(words);
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

function toPort(option: string, text: string): number {
  const port = Number(text);
  if (!(/^[0-9]+$/.test(text) && port <= 65_535)) throw new UsageError(`${option} ${text}: allowed is 0 to 65535`);
  return port;
}

try {
  await main();
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${USAGE}\n`);
    process.exitCode = usageCode;
  } else if (error instanceof Error && 'syscall' in error) {
    // The host's word: a port that is taken, a folder that cannot be written.
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else throw error;
}
