import { type Command, formatCommand } from '../../shared/host/command-runner.ts';
import { callLocalSocket, NotRunningError } from '../../shared/host/local-socket.ts';
import { commandStep, type Plan, type Step } from '../../shared/host/setup-step.ts';
import { findSupervisor, isSystemdRunning, type Service, unitToEnable } from '../../shared/host/supervisor.ts';
import { agentService } from '../services.ts';
import type { Changes } from './changes.ts';
import { agrees, type Places, type SetupHost } from './host.ts';

const unit = 'fail2networkban-agent';
const disableAgent: Command = ['systemctl', 'disable', '--now', unit];

/** Stops the unit and disables it, unless that was done already. */
export async function planStop({ run, root }: SetupHost): Promise<readonly Step[]> {
  if (!isSystemdRunning(root)) return [];
  if (await agrees(run, ['systemctl', 'is-enabled', '--quiet', unit])) return [commandStep(run, disableAgent)];
  const isActive = await agrees(run, ['systemctl', 'is-active', '--quiet', unit]);
  return isActive ? [commandStep(run, ['systemctl', 'stop', unit])] : [];
}

/** Whether an agent has the socket, also one that does not answer. */
export async function agentRuns(socket: string): Promise<boolean> {
  try {
    await callLocalSocket(socket, 'status', {});
    return true;
  } catch (error) {
    return !(error instanceof NotRunningError);
  }
}

/** What setup changes of what the agent runs with. */
export interface News {
  readonly isConfigurationNew: boolean;
  /** Also a drop-in of it. */
  readonly isUnitNew: boolean;
}

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
  async plan(changes: Changes, { isConfigurationNew, isUnitNew }: News): Promise<Plan> {
    const { run, root } = this.#host;
    if (!isSystemdRunning(root)) return { kept: [], steps: [] };
    if (!(await agrees(run, ['systemctl', 'is-enabled', '--quiet', unit]))) {
      return { kept: [], steps: [{ says: formatCommand(this.#enableCommand), act: () => this.#enable(changes) }] };
    }
    const isActive = await agrees(run, ['systemctl', 'is-active', '--quiet', unit]);
    if (isActive && !isConfigurationNew && !isUnitNew) return { kept: [`${unit}, which runs`], steps: [] };
    const restart: Command = ['systemctl', 'restart', unit];
    const { says, act } = commandStep(run, restart);
    const remember = async (): Promise<void> => {
      if (isActive) this.#takeBack = restart;
      await act();
    };
    const reread = isUnitNew ? [commandStep(run, ['systemctl', 'daemon-reload'])] : [];
    return { kept: [], steps: [...reread, { says, act: remember }] };
  }

  /** What the administrator has to do where there is no systemd. */
  hint(): string | undefined {
    const supervisor = findSupervisor(this.#host.root);
    return supervisor.kind === 'systemd' ? undefined : `Start the agent: ${supervisor.start(this.#service)}`;
  }

  /** After a setup that failed, with the files as they were before. */
  async takeBack(): Promise<void> {
    if (this.#takeBack !== undefined) await this.#host.run(this.#takeBack);
  }

  get #service(): Service {
    return agentService(this.#places.config);
  }

  get #enableCommand(): Command {
    return ['systemctl', 'enable', '--now', unitToEnable(this.#host.root, this.#service)];
  }

  async #enable(changes: Changes): Promise<void> {
    await changes.noteAgent();
    this.#takeBack = disableAgent;
    await this.#host.run(this.#enableCommand);
  }
}
