import { type Command, formatCommand } from '../../shared/host/command-runner.ts';
import { commandStep, type Plan } from '../../shared/host/setup-step.ts';
import type { Changes } from './changes.ts';
import { agrees, type Places, type SetupHost } from './host.ts';
import { isThere } from './host-files.ts';
import { agentUnitFile } from './shipped-files.ts';

const unit = 'fail2networkban-agent';
const enable: Command = ['systemctl', 'enable', '--now', agentUnitFile];
export const disableAgent: Command = ['systemctl', 'disable', '--now', unit];

/** The agent's unit, as setup deals with it. */
export class AgentUnit {
  readonly #host: SetupHost;
  readonly #places: Places;
  #takeBack: Command | undefined;

  constructor(host: SetupHost, places: Places) {
    this.#host = host;
    this.#places = places;
  }

  /** Starts the agent, or has it read a configuration that is new. */
  async plan(changes: Changes, isConfigurationNew: boolean): Promise<Plan> {
    const { run } = this.#host;
    if (!(await isThere(this.#places.systemd))) return { kept: [], steps: [] };
    if (!(await agrees(run, ['systemctl', 'is-enabled', '--quiet', unit]))) {
      return { kept: [], steps: [{ says: formatCommand(enable), act: () => this.#enable(changes) }] };
    }
    const isActive = await agrees(run, ['systemctl', 'is-active', '--quiet', unit]);
    if (isActive && !isConfigurationNew) return { kept: [`${unit}, which runs`], steps: [] };
    const restart: Command = ['systemctl', 'restart', unit];
    const { says, act } = commandStep(run, restart);
    const remember = async (): Promise<void> => {
      if (isActive) this.#takeBack = restart;
      await act();
    };
    return { kept: [], steps: [{ says, act: remember }] };
  }

  /** What the administrator has to do where there is no systemd. */
  async hint(): Promise<string | undefined> {
    if (await isThere(this.#places.systemd)) return undefined;
    return `There is no systemd here. Start the agent: ${formatCommand(['fail2networkban', 'agent', '--config', this.#places.config])}`;
  }

  /** After a setup that failed, with the files as they were before. */
  async takeBack(): Promise<void> {
    if (this.#takeBack !== undefined) await this.#host.run(this.#takeBack);
  }

  async #enable(changes: Changes): Promise<void> {
    await changes.noteAgent();
    this.#takeBack = disableAgent;
    await this.#host.run(enable);
  }
}
