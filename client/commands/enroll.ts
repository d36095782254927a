import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatAuthority } from '../../shared/authority.ts';
import { type Enrolment, parseEnrolment } from '../../shared/enrolment.ts';
import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { replaceFile } from '../../shared/host/durable-file.ts';
import { ArgumentError } from '../../shared/host/local-socket.ts';
import { findSupervisor } from '../../shared/host/supervisor.ts';
import { quote } from '../../shared/refusal.ts';
import { serverNameAllowed, serverNamePattern } from '../server-settings.ts';
import { agentService } from '../services.ts';
import { parseVia, viaAllowed } from '../via.ts';
import { type CommandContext, show } from './command-context.ts';

export interface EnrollOptions {
  readonly name: string;
  /** Replaces a section of this name. */
  readonly force: boolean;
  /** As `via` in client.ini. */
  readonly via?: string | undefined;
}

/** What an enrolment makes of the files. */
interface EnrolledFiles {
  readonly configText: string;
  readonly keyFile: string;
  readonly keyText: string;
}

/**
 * `enroll LINE`: writes the key beside `client.ini`, mode 0600, and a `[server NAME]` section that names it.
 *
 * @throws ArgumentError
 */
export async function enroll(context: CommandContext, line: string, options: EnrollOptions): Promise<ExitCode> {
  const { config } = context;
  const { name } = options;
  const { configText, keyFile, keyText } = await prepareEnrolment(config, line, options);
  await mkdir(dirname(config), { recursive: true });
  await replaceFile(keyFile, keyText);
  await replaceFile(config, configText);
  show(context, { config, keyFile, server: name }, [
    `${config}: [server ${name}] written, key in ${keyFile}`,
    `Next: fail2networkban doctor, then ${findSupervisor().startOrRestart(agentService(config))}`,
  ]);
  return exitCodes.done;
}

/**
 * What `enroll` writes.
 *
 * @throws ArgumentError
 */
export async function prepareEnrolment(config: string, line: string, options: EnrollOptions): Promise<EnrolledFiles> {
  const { name, force, via } = options;
  if (!serverNamePattern.test(name)) throw new ArgumentError(`--name ${quote(name)}: allowed is ${serverNameAllowed}`);
  const enrolment = parseEnrolment(line);
  if (typeof enrolment === 'string') throw new ArgumentError(enrolment);
  if (via !== undefined && parseVia(via, dirname(config)) === undefined) {
    throw new ArgumentError(`--via ${quote(via)}: allowed is ${viaAllowed}`);
  }
  const before = (await readIfPresent(config)) ?? '';
  if (hasSection(before, name) && !force) {
    throw new ArgumentError(`${config} has a [server ${name}] already: give another --name, or --force to replace it`);
  }
  const section = formatSection(name, enrolment, via);
  return {
    configText: joinSections(withoutSection(before, name), section),
    keyFile: join(dirname(config), `${name}.key`),
    keyText: `${enrolment.key}\n`,
  };
}

/** The section as a person would write it. */
function formatSection(name: string, { client, host, port, pin, plaintext }: Enrolment, via?: string): string {
  const lines = [
    `[server ${name}]`,
    `url = ${plaintext === true ? 'ws' : 'wss'}://${formatAuthority(host, port)}`,
    `client = ${client}`,
    `key_file = ${name}.key`,
  ];
  if (pin !== undefined) lines.push(`pin = ${pin}`);
  if (plaintext === true) lines.push('plaintext = yes');
  if (via !== undefined) lines.push(`via = ${via.trim()}`);
  return `${lines.join('\n')}\n`;
}

/** A configuration without one of its server sections; everything else stays as it was written. */
export function withoutSection(text: string, name: string): string {
  return splitSection(text, name).rest;
}

/** Whether a configuration has the very section that a line makes. */
export function hasEnrolment(text: string, line: string, { name, via }: EnrollOptions): boolean {
  const enrolment = parseEnrolment(line);
  return (
    typeof enrolment !== 'string' &&
    splitSection(text, name).section.trim() === formatSection(name, enrolment, via).trim()
  );
}

function splitSection(text: string, name: string): { readonly section: string; readonly rest: string } {
  let isInside = false;
  const [section, rest]: [string[], string[]] = [[], []];
  for (const line of text.split('\n')) {
    const header = /^\s*\[\s*([^\]]*?)\s*\]\s*$/.exec(line)?.[1];
    if (header !== undefined) isInside = isServerHeader(header, name);
    (isInside ? section : rest).push(line);
  }
  return { section: section.join('\n'), rest: rest.join('\n') };
}

function hasSection(text: string, name: string): boolean {
  return splitSection(text, name).section !== '';
}

function isServerHeader(header: string, name: string): boolean {
  return header.startsWith('server ') && header.slice('server '.length).trim() === name;
}

function joinSections(before: string, section: string): string {
  return before.trim() === '' ? section : `${before.trimEnd()}\n\n${section}`;
}
