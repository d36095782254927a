import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { isAbsent, readIfPresent } from '../../shared/host/absent-file.ts';
import type { RunCommand } from '../../shared/host/command-runner.ts';
import { kernelTables, readGateways } from '../../shared/host/gateways.ts';
import { readOwnAddresses } from '../../shared/host/own-addresses.ts';
import { readResolvers } from '../../shared/host/resolvers.ts';
import { readTimeServers } from '../../shared/host/time-servers.ts';
import type { Network } from '../../shared/network.ts';
import { parseLogin } from './logins.ts';
import { type NamedSourceParts, namedSource } from './named-source.ts';
import type { SafetySource } from './safety.ts';
import { parseTcpConnections, SshSessions } from './ssh-sessions.ts';
import { parseSshdPorts } from './sshd-ports.ts';

/** Folders of the host. */
export interface HostPlaces {
  /** The kernel's tables of the network. */
  readonly network: string;
  /** sshd's configuration. */
  readonly ssh: string;
  /** systemd-logind's sessions. */
  readonly logins: string;
}

export const hostPlaces: HostPlaces = {
  network: kernelTables,
  ssh: '/etc/ssh',
  logins: '/run/systemd/sessions',
};

export interface HostSourceParts extends NamedSourceParts {
  /** Runs `ip`, which knows every routing table. */
  readonly run: RunCommand;
}

/** What an agent finds out about its own host. */
export function hostSources(parts: HostSourceParts, places: HostPlaces = hostPlaces): readonly SafetySource[] {
  const { clock, run } = parts;
  const sessions = new SshSessions();
  return [
    { reason: 'an address of this host', read: () => Promise.resolve(readOwnAddresses()) },
    { reason: 'a default gateway of this host', read: () => readGateways(places.network, run) },
    { reason: 'a resolver of this host', read: () => readResolvers() },
    namedSource('a time server of this host', () => readTimeServers(), parts),
    {
      reason: 'the other end of an SSH session on this host',
      read: () => readSessions(sessions, clock, places),
      warns: true,
    },
  ];
}

async function readSessions(sessions: SshSessions, clock: Clock, places: HostPlaces): Promise<Network[]> {
  const ipv4 = await readFile(join(places.network, 'tcp'), 'utf8');
  const ipv6 = (await readIfPresent(join(places.network, 'tcp6'))) ?? '';
  return sessions.take({
    connections: [...parseTcpConnections(ipv4), ...parseTcpConnections(ipv6)],
    ports: await readSshdPorts(places),
    logins: await readLogins(places),
    atMs: clock.elapsed(),
  });
}

async function readSshdPorts({ ssh }: HostPlaces): Promise<ReadonlySet<number>> {
  const more = (await namesIn(join(ssh, 'sshd_config.d'))).filter((name) => name.endsWith('.conf'));
  const files = ['sshd_config', ...more.map((name) => join('sshd_config.d', name))];
  return parseSshdPorts(await readAll(files.map((file) => join(ssh, file))));
}

async function readLogins({ logins }: HostPlaces): Promise<ReadonlySet<Network>> {
  // Beside each session's file logind keeps a pipe, `3.ref`, whose reading would not end.
  const names = (await namesIn(logins)).filter((name) => /^c?[0-9]+$/.test(name));
  const texts = await readAll(names.map((name) => join(logins, name)));
  return new Set(texts.map(parseLogin).filter((network) => network !== undefined));
}

/** None of them need be there, and sessions end while they are read. */
async function readAll(paths: readonly string[]): Promise<string[]> {
  return (await Promise.all(paths.map(readIfPresent))).filter((text) => text !== undefined);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
