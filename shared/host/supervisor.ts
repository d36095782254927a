import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** A program that runs all the time. */
export interface Service {
  /** Of its unit: `fail2ban`. */
  readonly name: string;
  /** Runs it without a supervisor, as it is typed into a shell. */
  readonly command: string;
  /** The unit's file in our package, for a host whose systemd was not given it yet; undefined: not ours to give. */
  readonly unitFile?: string;
}

/**
 * What starts the services of this host and watches over them, and the words by which an administrator has it do so. All advice
 * about services is made here. Another kind (OpenRC) is another implementation, chosen by `findSupervisor`.
 */
export interface Supervisor {
  readonly kind: 'systemd' | 'none';
  /** Starts the service, now and with each boot. */
  start(service: Service): string;
  restart(service: Service): string;
  /** Has it run with a configuration that is new, whether it was ever started before or not. */
  startOrRestart(service: Service): string;
  /** Has it read its configuration again. */
  reload(service: Service): string;
  /** Says how it is, and what it said last. */
  status(service: Service): string;
}

/** What an administrator does with one service. */
export type ServiceWords = Readonly<Record<'start' | 'restart' | 'status', string>>;

export function wordsFor(supervisor: Supervisor, service: Service): ServiceWords {
  return {
    start: supervisor.start(service),
    restart: supervisor.restart(service),
    status: supervisor.status(service),
  };
}

/** The supervisor of this host. A container has none as a rule; a `systemctl` that is installed there says nothing. @param root of the host's files */
export function findSupervisor(root = '/'): Supervisor {
  return isSystemdRunning(root) ? systemd(root) : noSupervisor;
}

/** As sd_booted(3) finds it out. */
export function isSystemdRunning(root: string): boolean {
  return existsSync(join(root, '/run/systemd/system'));
}

/** Where units are looked for (systemd.unit(5)): those of the administrator and of npm in /etc, those of packages in /usr. */
const unitFolders: readonly string[] = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'];

/** What `systemctl enable` is given: the name of a unit that systemd knows, else our file. */
export function unitToEnable(root: string, service: Service): string {
  return isKnown(root, service) ? service.name : (service.unitFile ?? service.name);
}

function isKnown(root: string, { name }: Service): boolean {
  return unitFolders.some((folder) => existsSync(join(root, folder, 'systemd/system', `${name}.service`)));
}

function systemd(root: string): Supervisor {
  const start = (service: Service): string => `systemctl enable --now ${unitToEnable(root, service)}`;
  const restart = ({ name }: Service): string => `systemctl restart ${name}`;
  return {
    kind: 'systemd',
    start,
    restart,
    startOrRestart: (service) => (isKnown(root, service) ? restart(service) : start(service)),
    reload: ({ name }) => `systemctl reload ${name}`,
    status: ({ name }) => `systemctl status ${name}`,
  };
}

/** Nobody is there to be told: the administrator, or what starts the container, acts on the process itself. */
const noSupervisor: Supervisor = {
  kind: 'none',
  start: ({ command }) => `${command}  # there is no systemd here: whatever starts this container is to run it`,
  restart: ({ command }) => `end the process, or restart its container; by hand: ${command}`,
  startOrRestart: ({ command }) => `end the process if it runs, or restart its container; by hand: ${command}`,
  reload: ({ name, command }) => `send SIGHUP to the process of ${name} (${command})`,
  status: ({ command }) => `look at the output of: ${command}`,
};
