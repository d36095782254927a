import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { formatAuthority } from '../shared/authority.ts';
import type { Endpoint } from './server-address.ts';

/** The way to a server through ssh: `via = ssh …` in `[server NAME]`. */
export interface Via {
  readonly user: string;
  /** DNS name or address of the ssh server, an IPv6 one without brackets. */
  readonly host: string;
  readonly port: number;
  /** The private key, of mode 0600 and without a passphrase: nobody is there to type one. */
  readonly identityFile: string;
  /** Host keys besides those of /etc/ssh/ssh_known_hosts; it need not be there. */
  readonly knownHostsFile: string;
}

export const viaAllowed =
  'ssh [-p PORT] [-i FILE] [-o UserKnownHostsFile=FILE] USER@HOST, without quotes and other options of ssh';

const sshPort = 22;
/** Neither may begin with a dash: ssh would take it for an option. */
const userPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;
const hostPattern = /^(?=.{1,253}$)[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*$/;
const pathPattern = /^[\w./+@-]{1,255}$/;
const knownHostsOption = 'UserKnownHostsFile=';

/**
 * Reads `via`, a command as ssh itself takes it, with few of its words. Files are beside `client.ini` unless they say
 * otherwise: the agent's unit hides the home folders, where ssh looks by itself.
 *
 * @param folder of `client.ini`
 * @returns undefined when it is something else
 */
export function parseVia(text: string, folder: string): Via | undefined {
  const [program, ...words] = text.trim().split(/[ \t]+/);
  const destination = parseDestination(words.pop() ?? '');
  const options = parseOptions(words);
  if (program !== 'ssh' || destination === undefined || options === undefined) return undefined;
  return {
    ...destination,
    port: options.port ?? sshPort,
    identityFile: resolve(folder, options.identityFile ?? 'ssh_key'),
    knownHostsFile: resolve(folder, options.knownHostsFile ?? 'known_hosts'),
  };
}

/** As it is typed into a shell: no word needs quotes. */
export function formatVia({ user, host, port, identityFile, knownHostsFile }: Via): string {
  return `ssh -p ${port} -i ${identityFile} -o ${knownHostsOption}${knownHostsFile} ${user}@${host}`;
}

/**
 * Arguments of ssh for a stream to `target`, as the ssh server sees it. No file of settings counts, so that it
 * is the same for the agent and for whoever runs the doctor, and nothing is ever asked or learned.
 */
export function sshArguments({ user, host, port, identityFile, knownHostsFile }: Via, target: Endpoint): string[] {
  const settings = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    `${knownHostsOption}${knownHostsFile}`,
    'UpdateHostKeys=no',
    'PreferredAuthentications=publickey',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'ForwardAgent=no',
    'ExitOnForwardFailure=yes',
    'ConnectTimeout=15',
    'ServerAliveInterval=15',
    'ServerAliveCountMax=3',
    'LogLevel=INFO',
  ];
  const options = settings.flatMap((setting) => ['-o', setting]);
  return [
    '-F',
    'none',
    ...options,
    '-i',
    identityFile,
    '-p',
    String(port),
    '-l',
    user,
    '-W',
    formatAuthority(target.host, target.port),
    '--',
    host,
  ];
}

function parseDestination(word: string): Pick<Via, 'user' | 'host'> | undefined {
  const [user = '', host = '', ...more] = word.split('@');
  if (more.length > 0) return undefined;
  return userPattern.test(user) && (isIP(host) !== 0 || hostPattern.test(host)) ? { user, host } : undefined;
}

interface Options {
  readonly port?: number;
  readonly identityFile?: string;
  readonly knownHostsFile?: string;
}

/** Each option once, each with its value as the next word. */
function parseOptions(words: readonly string[]): Options | undefined {
  let options: Options = {};
  for (let index = 0; index < words.length; index += 2) {
    const read = parseOption(words[index] ?? '', words[index + 1] ?? '');
    if (read === undefined || Object.keys(read).some((key) => key in options)) return undefined;
    options = { ...options, ...read };
  }
  return options;
}

function parseOption(name: string, value: string): Options | undefined {
  if (name === '-p') return parsePort(value);
  if (name === '-i') return pathPattern.test(value) ? { identityFile: value } : undefined;
  const path = value.startsWith(knownHostsOption) ? value.slice(knownHostsOption.length) : '';
  return name === '-o' && pathPattern.test(path) ? { knownHostsFile: path } : undefined;
}

function parsePort(text: string): Options | undefined {
  const port = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
  return port > 0 && port <= 65_535 ? { port } : undefined;
}
