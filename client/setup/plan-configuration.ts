import { readIfPresent } from '../../shared/host/absent-file.ts';
import { ArgumentError } from '../../shared/host/local-socket.ts';
import { type EnrollOptions, hasEnrolment, prepareEnrolment } from '../commands/enroll.ts';
import { loadSettings } from '../settings.ts';
import type { Changes } from './changes.ts';
import { type FilePlan, planFiles, type WantedFile } from './plan-files.ts';
import { peerJail } from './shipped-files.ts';

export interface EnrolmentWish extends EnrollOptions {
  /** Undefined: the host is enrolled already. */
  readonly line: string | undefined;
}

export interface ConfigurationWish {
  readonly enrolment: EnrolmentWish;
  readonly takesPeers: boolean;
}

/** client.ini and the key. @throws ArgumentError, ConfigError */
export async function planConfiguration(config: string, wish: ConfigurationWish, changes: Changes): Promise<FilePlan> {
  const present = await readIfPresent(config);
  const { text, files } = await enrolled(config, present, wish.enrolment);
  const wanted = { path: config, text: wish.takesPeers ? withPeers(text) : text, mode: 0o600 };
  const plan = await planFiles([...files, wanted], changes);
  if (plan.changed.size === 0) return plan;
  const check = { says: `check ${config}`, act: async () => void (await loadSettings(config)) };
  return { ...plan, steps: [...plan.steps, check] };
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

/** With all bans of others in our peer jail, unless it has a subscription to that jail already. */
function withPeers(text: string): string {
  const isSubscribed = new RegExp(`^[^#;]*=\\s*(?:jail:)?${peerJail}\\s*$`, 'm').test(text);
  return isSubscribed ? text : `${text.trimEnd()}\n\n[peers]\n* = ${peerJail}\n`;
}
