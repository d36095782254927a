import { sleep } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import { type Command, CommandError, formatCommand } from '../../shared/host/command-runner.ts';
import { SetupError } from '../../shared/host/setup-error.ts';
import { findSupervisor } from '../../shared/host/supervisor.ts';
import type { AgentSettings } from '../agent-settings.ts';
import type { JailFacts } from '../doctor/read-fail2ban.ts';
import { isOurAction, parseActionNames, parseJailNames } from '../jails.ts';
import { fail2banService } from '../services.ts';
import { agrees, fail2banCommand, type Places, type SetupHost } from './host.ts';

/** systemd does not wait until it answers. */
const startMaxMs = 30_000;
const startPauseMs = 200;
const bothWays =
  'fail2ban is not on this host: apt install fail2ban; or, if the host is only to block what others ban: fail2networkban setup --enroll - --no-fail2ban --nftables';
/** `known/` and `actionprolong` came with it. */
const leastVersion = [0, 11] as const;

/** The host's fail2ban, as its client speaks to it. */
export class Fail2banControl {
  readonly #host: SetupHost;
  readonly #program: string;
  readonly #command: (...words: string[]) => Command;
  /** The jails that may not run as their files said before. */
  readonly #restarted = new Set<string>();
  #isReloaded = false;
  #isServiceRestarted = false;

  constructor(host: SetupHost, places: Places, settings: AgentSettings) {
    this.#host = host;
    this.#program = settings.fail2banClient;
    this.#command = fail2banCommand(places, settings);
  }

  /** @throws SetupError when fail2ban is not there, too old or down, or would not start again as it is configured now */
  async check(): Promise<void> {
    const version = await this.#readVersion();
    const [major, minor] = version.split('.').map(Number);
    const isOld = major === leastVersion[0] && (minor ?? 0) < leastVersion[1];
    if (isOld) throw new SetupError(`fail2ban ${version} is too old: setup needs ${leastVersion.join('.')}`);
    if (!(await this.answers())) {
      const start = findSupervisor(this.#host.root).start(fail2banService);
      throw new SetupError(`fail2ban does not run; start it, then setup again: ${start}`);
    }
    await this.test().catch((cause: unknown) => {
      throw new SetupError('the configuration of fail2ban is wrong before setup changes anything', { cause });
    });
  }

  /** The jails that run, with their actions. */
  async readJails(): Promise<readonly JailFacts[]> {
    const jails: JailFacts[] = [];
    for (const name of parseJailNames(await this.#run('status'))) jails.push(await this.readJail(name));
    return jails;
  }

  async readJail(name: string): Promise<JailFacts> {
    return { name, actions: parseActionNames(await this.#run('get', name, 'actions')) };
  }

  says(...words: string[]): string {
    return formatCommand(this.#command(...words));
  }

  async test(): Promise<void> {
    await this.#run('-t');
  }

  /** Which jails would have our action, had fail2ban another folder; nothing that runs is touched. @throws CommandError */
  async readWired(folder: string): Promise<ReadonlySet<string>> {
    const dump = await this.#host.run([this.#program, '-c', folder, '-d']);
    const added = dump.matchAll(/^\['set', '([^']*)', 'addaction', '([^']*)'/gm);
    return new Set(Array.from(added).flatMap(([, jail = '', action = '']) => (isOurAction(action) ? jail : [])));
  }

  /** @param bereft the jails that lose an action by it, which no reload gives back to them */
  async reload(bereft: readonly string[] = []): Promise<void> {
    this.#isReloaded = true;
    for (const jail of bereft) this.#restarted.add(jail);
    await this.#run('reload');
  }

  /** A plain reload drops an action that is new to a running jail. */
  async restart(jail: string): Promise<void> {
    this.#restarted.add(jail);
    await this.#run('reload', '--restart', jail);
  }

  /** What systemd says of the unit is read anew too. @throws SetupError when fail2ban does not answer afterwards */
  async restartService(): Promise<void> {
    const { clock, run } = this.#host;
    this.#isServiceRestarted = true;
    await run(['systemctl', 'daemon-reload']);
    await run(['systemctl', 'restart', 'fail2ban']);
    const startedMs = clock.elapsed();
    while (!(await this.answers())) {
      if (clock.elapsed() - startedMs > startMaxMs) throw new SetupError('fail2ban does not answer after its restart');
      await sleep(clock, startPauseMs, new AbortController().signal);
    }
  }

  /** One that is not on this host does not. */
  async answers(): Promise<boolean> {
    try {
      return await agrees(this.#host.run, this.#command('ping'));
    } catch (error) {
      if (error instanceof CommandError && error.code === 'absent') return false;
      throw error;
    }
  }

  /** Makes the running fail2ban equal to its files again. @returns what it does not take */
  async settle(): Promise<readonly string[]> {
    const failures: string[] = [];
    const attempt = (done: Promise<void>): Promise<void> =>
      done.catch((error: unknown) => void failures.push(describeError(error)));
    if (this.#isServiceRestarted) await attempt(this.restartService());
    else if (this.#isReloaded) await attempt(this.reload());
    for (const jail of this.#restarted) await attempt(this.restart(jail));
    return failures;
  }

  async #readVersion(): Promise<string> {
    const text = await this.#run('--version').catch((cause: unknown) => {
      if (!(cause instanceof CommandError && cause.code === 'absent')) throw cause;
      throw new SetupError(bothWays, { cause });
    });
    const version = /v?(\d+\.\d+[\w.]*)/.exec(text)?.[1];
    if (version === undefined) throw new SetupError('fail2ban-client does not tell its version');
    return version;
  }

  async #run(...words: string[]): Promise<string> {
    return await this.#host.run(this.#command(...words));
  }
}
