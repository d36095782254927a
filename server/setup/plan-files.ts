import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { type Command, formatCommand, type RunCommand } from '../../shared/host/command-runner.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import { commandStep, type Plan, type Step } from '../../shared/host/setup-step.ts';
import { clusterFileIn, lossesOf, readWrittenByHand } from '../enforcers/proxmox/written-by-hand.ts';
import { findServiceUser, isPresent, requireServiceUser, serviceUser, writeWhole } from './host-files.ts';
import { type ProxmoxAccess, sectionName, withProxmox } from './server-ini.ts';

/** What the host gives to the planning of its files. */
export interface FileHost {
  readonly run: RunCommand;
  /** `/etc/pve` */
  readonly proxmoxFolder: string;
  readonly clock: Clock;
}

/** Where the files are that setup makes. */
export interface Places {
  readonly configFile: string;
  readonly folder: string;
  readonly tokenFile: string;
  /** A copy of the authority's certificate: the service may not read /etc/pve. */
  readonly caFile: string;
  /** A copy of cluster.fw as it was before the first ban. */
  readonly clusterCopy: string;
}

export function placesBeside(configFile: string): Places {
  const folder = dirname(configFile);
  const tokenFile = join(folder, `proxmox-${sectionName}.token`);
  const clusterCopy = join(folder, 'cluster.fw.before');
  return { configFile, folder, tokenFile, caFile: join(folder, 'pve-root-ca.pem'), clusterCopy };
}

/** The service's user and its folder: what must be there before a token is made. */
export async function planGround({ folder }: Places, { run }: FileHost): Promise<Plan> {
  const kept: string[] = [];
  const steps: Step[] = [];
  if ((await findServiceUser(run)) === undefined) steps.push(commandStep(run, addUser));
  else kept.push(`user ${serviceUser} of this host`);
  if (!(await isPresent(folder))) steps.push(folderStep(folder));
  return { kept, steps };
}

const addUser: Command = [
  'useradd',
  '--system',
  '--user-group',
  '--no-create-home',
  '--shell',
  '/usr/sbin/nologin',
  serviceUser,
];

/** A file that is kept by hand is kept once more: what Proxmox does not write itself is gone with the first ban. */
export async function planClusterCopy({ clusterCopy }: Places, { proxmoxFolder }: FileHost): Promise<Plan> {
  const file = await readWrittenByHand(proxmoxFolder);
  const losses = file === undefined ? [] : lossesOf(file);
  if (losses.length === 0) return { kept: [], steps: [] };
  if (await isPresent(clusterCopy)) return { kept: [clusterCopy], steps: [] };
  const source = clusterFileIn(proxmoxFolder);
  const why = `Proxmox drops of it with the next change: ${losses.join(', ')}`;
  const copy: Step = {
    says: `${formatCommand(['install', '-m', '0600', source, clusterCopy])}   (${why})`,
    act: async () => await writeWhole(clusterCopy, (await readIfPresent(source)) ?? '', { mode: 0o600 }),
  };
  return { kept: [], steps: [copy] };
}

/** The authority's certificate and server.ini. */
export async function planConfiguration(places: Places, host: FileHost): Promise<Plan> {
  const { configFile, caFile, tokenFile } = places;
  const hasOwnCertificate = await isPresent(join(host.proxmoxFolder, 'local', 'pveproxy-ssl.pem'));
  const authority = hasOwnCertificate ? { kept: [], steps: [] } : await planAuthority(places, host);
  const existing = await readIfPresent(configFile);
  const text = withProxmox(existing, accessOf(hasOwnCertificate, caFile, tokenFile));
  if (text === undefined) {
    return { ...authority, kept: [...authority.kept, `${configFile}, which has [proxmox ${sectionName}] already`] };
  }
  return { ...authority, steps: [...authority.steps, configStep(configFile, host, { existing, text })] };
}

/**
 * A certificate of the administrator's need not name 127.0.0.1, and its authority is not Proxmox's. Then pvedaemon's
 * loopback port does, which only root can have opened.
 */
function accessOf(hasOwnCertificate: boolean, caFile: string, tokenFile: string): ProxmoxAccess {
  return hasOwnCertificate
    ? { url: 'http://127.0.0.1:85', caFile: undefined, tokenFile }
    : { url: 'https://127.0.0.1:8006', caFile, tokenFile };
}

async function planAuthority({ caFile }: Places, { proxmoxFolder }: FileHost): Promise<Plan> {
  const source = join(proxmoxFolder, 'pve-root-ca.pem');
  const pem = await readIfPresent(source);
  if (pem === undefined) throw new SetupError(`${source} is not there: pvecm updatecerts makes it`);
  if (pem === (await readIfPresent(caFile))) return { kept: [caFile], steps: [] };
  const install: Step = {
    says: formatCommand(['install', '-m', '0644', source, caFile]),
    act: async () => await writeWhole(caFile, pem, { mode: 0o644 }),
  };
  return { kept: [], steps: [install] };
}

function folderStep(folder: string): Step {
  return {
    says: formatCommand(['mkdir', '-p', folder]),
    act: async () => {
      await mkdir(folder, { recursive: true, mode: 0o755 });
    },
  };
}

interface Rewrite {
  /** Undefined: the file is new. */
  readonly existing: string | undefined;
  readonly text: string;
}

function configStep(configFile: string, { run, clock }: FileHost, { existing, text }: Rewrite): Step {
  const stamp = new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-');
  const backup = `${configFile}.${stamp}`;
  const says = `write [proxmox ${sectionName}] to ${configFile}`;
  return {
    says: existing === undefined ? says : `${says}, whose present text is kept in ${backup}`,
    act: async () => {
      const { gid } = await requireServiceUser(run);
      if (existing !== undefined) await copyFile(configFile, backup);
      await writeWhole(configFile, text, { gid, mode: 0o640 });
    },
  };
}
