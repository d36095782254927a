import { readIfPresent } from '../../shared/host/absent-file.ts';
import { ArgumentError } from '../../shared/host/local-socket.ts';
import { type EnrollOptions, hasEnrolment, prepareEnrolment } from '../commands/enroll.ts';
import { loadSettings } from '../settings.ts';
import type { Changes } from './changes.ts';
import { withNftables, withoutFail2ban, withPeers } from './client-ini.ts';
import type { Places } from './host.ts';
import { isThere } from './host-files.ts';
import { type FilePlan, planFiles, type WantedFile } from './plan-files.ts';

export interface EnrolmentWish extends EnrollOptions {
  /** Undefined: the host is enrolled already. */
  readonly line: string | undefined;
}

export interface ConfigurationWish {
  readonly enrolment: EnrolmentWish;
  readonly takesPeers: boolean;
  /** False: client.ini is to say that there is none. */
  readonly hasFail2ban: boolean;
  /** Whether nftables blocks the bans of others. */
  readonly usesNftables: boolean;
}

/** client.ini and the key. @throws ArgumentError, ConfigError */
export async function planConfiguration(
  { config, proxmox }: Pick<Places, 'config' | 'proxmox'>,
  wish: ConfigurationWish,
  changes: Changes,
): Promise<FilePlan> {
  const present = await readIfPresent(config);
  const { text, files } = await enrolled(config, present, wish.enrolment);
  const wanted = { path: config, text: wishedText(text, wish, await isThere(proxmox)), mode: 0o600 };
  const plan = await planFiles([...files, wanted], changes);
  if (plan.changed.size === 0) return plan;
  const check = { says: `check ${config}`, act: async () => void (await loadSettings(config)) };
  return { ...plan, steps: [...plan.steps, check] };
}

function wishedText(enrolledText: string, wish: ConfigurationWish, isProxmox: boolean): string {
  const hosted = wish.hasFail2ban ? enrolledText : withoutFail2ban(enrolledText);
  const peered = wish.takesPeers ? withPeers(hosted) : hosted;
  return wish.usesNftables ? withNftables(peered, isProxmox) : peered;
}

interface Enrolled {
  /** Of client.ini. */
  readonly text: string;
  /** Those that it needs. */
  readonly files: readonly WantedFile[];
}

async function enrolled(config: string, present: string | undefined, wish: EnrolmentWish): Promise<Enrolled> {
  if (wish.line === undefined) return { text: await requireConfiguration(config, present), files: [] };
  const isSame = present !== undefined && hasEnrolment(present, wish.line, wish);
  const made = await prepareEnrolment(config, wish.line, { ...wish, force: wish.force || isSame });
  return {
    text: isSame ? present : made.configText,
    files: [{ path: made.keyFile, text: made.keyText, mode: 0o600 }],
  };
}

async function requireConfiguration(config: string, present: string | undefined): Promise<string> {
  if (present === undefined) {
    throw new ArgumentError(
      `${config} is not there: give --enroll with the line that \`client add\` printed on the server`,
    );
  }
  await loadSettings(config);
  return present;
}
