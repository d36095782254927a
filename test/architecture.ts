/** A source file, its path from the top of the repository. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Who may use an outside thing: files, or folders ending in `/`. */
export type Owners = Readonly<Record<string, readonly string[]>>;

/** Each outside package and each part of Node that reaches out of the program has its owners: one, or one a side. */
export const importOwners: Owners = {
  ws: ['client/uplink.ts', 'server/web-sockets.ts'],
  'libsql/promise': ['server/ledger/database.ts', 'client/jails/bans-database.ts'],
  'proxmox-api': ['server/enforcers/proxmox/'],
  commander: ['client/main.ts', 'server/main.ts', 'shared/host/exit-code-of.ts', 'shared/host/failure.ts'],
  pino: ['shared/host/log.ts'],
  ini: ['shared/settings-reader.ts'],
  'ipaddr.js': ['shared/network.ts'],
  'node:child_process': [
    'client/fail2ban-client.ts',
    'client/ssh-stream.ts',
    'client/doctor/read-queue.ts',
    'client/enforcers/nftables/run-nft.ts',
    'shared/host/command-runner.ts',
    'shared/host/run-program.ts',
    'shared/host/service-manager.ts',
  ],
  'node:http': [
    'server/listener.ts',
    'server/outgoing/',
    'server/enforcers/proxmox/proxmox-errors.ts',
    'shared/host/local-socket.ts',
  ],
  'node:https': ['server/listener.ts'],
  'node:net': [
    'client/doctor/read-server.ts',
    'server/listener.ts',
    'server/outgoing/endpoint.ts',
    'shared/host/local-socket.ts',
  ],
  'node:tls': ['client/uplink.ts', 'client/socket-options.ts', 'server/doctor/facts/', 'server/outgoing/endpoint.ts'],
  'node:os': ['shared/host/boot.ts', 'shared/host/own-addresses.ts', 'server/commands/load-settings.ts'],
  'node:dns/promises': ['client/doctor/read-server.ts', 'shared/host/resolve-host.ts', 'shared/dns/resolve-name.ts'],
  'node:fs': ['client/queue.ts', 'client/spool.ts', 'server/ledger/', 'server/commands/', 'shared/host/'],
  'node:fs/promises': ['client/', 'server/doctor/facts/', 'server/setup/', 'shared/host/'],
};

/** The process, real time and chance, by the words that reach them; and new reports, which one file makes. */
export const wordOwners: Owners = {
  'process.': [
    'client/main.ts',
    'server/main.ts',
    'server/setup/setup-command.ts',
    'server/admin/server-verbs.ts',
    'shared/host/local-socket.ts',
    'shared/host/run-program.ts',
  ],
  'Date.now': ['shared/clock.ts'],
  'new Date()': [],
  'performance.now': ['shared/clock.ts'],
  setTimeout: ['shared/clock.ts'],
  setInterval: [],
  setImmediate: ['server/commands/run.ts'],
  'Math.random': ['client/commands/agent.ts', 'server/commands/run.ts'],
  'fetch(': [],
  'draft.report(': ['server/report-writer.ts'],
};

/** Types reach nothing, and `isIP` only looks at a text. */
const pureImport = /^import (?:type .*|\{ isIP \} from 'node:net';)$/;

/** What breaks the rules of the layout, one sentence each. */
export function findViolations(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => [
    ...crossings(source),
    ...foreignImports(source),
    ...foreignWords(source),
    ...moduleState(source),
  ]);
}

function crossings({ path, text }: Source): string[] {
  const [side = ''] = path.split('/');
  const forbidden = { shared: ['client', 'server'], client: ['server'], server: ['client'] }[side] ?? [];
  return forbidden
    .filter((other) => importsOf(text).some((name) => name.startsWith('.') && name.includes(`../${other}/`)))
    .map((other) => `${path} imports ${other}/`);
}

function foreignImports({ path, text }: Source): string[] {
  return importsOf(text)
    .filter((name) => !name.startsWith('.') && !isPure(name))
    .filter((name) => !isOwner(importOwners[name] ?? [], path))
    .map((name) => `${path} imports ${name}, which is for ${(importOwners[name] ?? ['nobody']).join(', ')}`);
}

function foreignWords({ path, text }: Source): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  return Object.entries(wordOwners)
    .filter(([word, owners]) => hasWord(code, word) && !isOwner(owners, path))
    .map(([word]) => `${path} uses ${word}…`);
}

/** State lives in objects that the main files make. */
function moduleState({ path, text }: Source): string[] {
  return /^(?:export )?(?:let|var) /m.test(text) ? [`${path} keeps state of its module`] : [];
}

function importsOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => line.includes("'.") || !pureImport.test(line));
  return [...lines.join('\n').matchAll(/(?:\bfrom |\bimport\(|^import )'([^']+)'/gm)].map(([, name = '']) => name);
}

/** Parts of Node that compute and reach nothing. */
function isPure(name: string): boolean {
  return ['node:crypto', 'node:events', 'node:path', 'node:stream', 'node:url', 'node:util', 'node:zlib'].includes(
    name,
  );
}

function isOwner(owners: readonly string[], path: string): boolean {
  return owners.some((owner) => (owner.endsWith('/') ? path.startsWith(owner) : path === owner));
}

function hasWord(code: string, word: string): boolean {
  return new RegExp(`(?<![\\w.#$])${word.replace(/[.()]/g, '\\$&')}`).test(code);
}
