import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificates } from '../certificates.ts';
import { type Finished, RunningProcess } from '../end-to-end/running-process.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import { type Ending, makeFolder } from '../ending.ts';
import { freePort } from '../free-port.ts';
import { debianProgram } from './debian-program.ts';

/** One decision, as `cscli decisions import` takes it. */
export interface ImportedDecision {
  /** As `10m`. */
  readonly duration: string;
  /** The scenario. */
  readonly reason: string;
  readonly scope: string;
  readonly type: string;
  readonly value: string;
}

/** As `cscli decisions list` tells it: an alert with its decisions. */
export interface ListedAlert {
  readonly decisions: readonly { readonly id: number; readonly value: string; readonly scenario: string }[];
}

export interface AddOptions {
  /** As `10m`. */
  readonly duration?: string;
  /** The scenario. */
  readonly reason?: string;
  readonly type?: string;
}

const startMaxMs = 300_000;

/** Debian's real CrowdSec, its local API only, on loopback and with its files in a folder of its own. It ends with the test. */
export class CrowdsecProcess {
  readonly #dir: string;
  /** Of its local API, on loopback. */
  readonly url: string;
  #process: RunningProcess | undefined;

  private constructor(dir: string, url: string) {
    this.#dir = dir;
    this.url = url;
  }

  /** @param tls of its local API; without it plain HTTP */
  static async start(ending: Ending, tls?: Certificates): Promise<CrowdsecProcess> {
    const dir = await makeFolder(ending);
    const crowdsec = new CrowdsecProcess(
      dir,
      `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${await freePort()}`,
    );
    await crowdsec.#prepare(tls);
    ending.after(() => crowdsec.kill());
    await crowdsec.start();
    return crowdsec;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** What it has logged since its last start; a line for each request. */
  get log(): string {
    return this.#process?.output ?? '';
  }

  /** Starts it again after a stop or a kill, on the same port and with the same decisions. */
  async start(): Promise<void> {
    const program = debianProgram('crowdsec');
    const started = new RunningProcess(program, ['-c', this.#config, '-no-cs']);
    this.#process = started;
    const answers = async (): Promise<boolean> => {
      if (started.hasEnded) throw new Error(`crowdsec ended:\n${started.output}`);
      return this.list().then(
        () => true,
        () => false,
      );
    };
    await waitUntil('crowdsec answers', answers, startMaxMs);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** @returns the new bouncer's API key */
  async addBouncer(name: string): Promise<string> {
    const key = randomBytes(16).toString('hex');
    await this.cscli('bouncers', 'add', name, '-k', key);
    return key;
  }

  /** Decides about an address or a CIDR. */
  async add(network: string, { duration = '1h', reason = 'test', type = 'ban' }: AddOptions = {}): Promise<void> {
    await this.cscli('decisions', 'add', scopeOf(network), network, '-d', duration, '-R', reason, '-t', type);
  }

  /** Many decisions at once; their origin is `cscli-import`. */
  async import(decisions: readonly ImportedDecision[]): Promise<void> {
    const file = join(this.#dir, 'decisions.json');
    await writeFile(file, JSON.stringify(decisions));
    await this.cscli('decisions', 'import', '-i', file);
  }

  /** Takes back every decision about an address or a CIDR, and about what covers it. */
  async delete(network: string): Promise<void> {
    await this.cscli('decisions', 'delete', scopeOf(network), network);
  }

  /** Takes back one decision. */
  async deleteId(id: number): Promise<void> {
    await this.cscli('decisions', 'delete', '--id', String(id));
  }

  async list(): Promise<readonly ListedAlert[]> {
    const text = await this.cscli('decisions', 'list', '-l', '0', '-o', 'json');
    const listed: readonly ListedAlert[] | null = JSON.parse(text);
    return listed ?? [];
  }

  /** What `cscli` prints. @throws when it fails */
  async cscli(...args: readonly string[]): Promise<string> {
    const cscli = new RunningProcess(debianProgram('cscli'), ['-c', this.#config, ...args]);
    await cscli.ended;
    const { code, stdout, stderr }: Finished = cscli.finished();
    if (code !== 0) throw new Error(`cscli ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  get #config(): string {
    return join(this.#dir, 'config.yaml');
  }

  async #prepare(tls: Certificates | undefined): Promise<void> {
    const credentials = credentialsIn(this.#dir);
    for (const folder of ['data', 'hub', 'plugins', 'notifications']) await mkdir(join(this.#dir, folder));
    await writeFile(join(this.#dir, 'hub', '.index.json'), '{}');
    await writeFile(join(this.#dir, 'simulation.yaml'), 'simulation: false\n');
    await writeFile(join(this.#dir, 'console.yaml'), 'share_manual_decisions: false\n');
    await writeFile(join(this.#dir, 'profiles.yaml'), profiles);
    await writeFile(credentials, '');
    // JSON is YAML.
    await writeFile(this.#config, JSON.stringify(configurationIn(this.#dir, new URL(this.url).host, tls)));
    await this.cscli('machines', 'add', 'test', '--password', 'test', '-f', credentials, '-u', this.url);
  }
}

/** Decides nothing by itself. */
const profiles = `name: none
filters:
  - "false"
decisions:
  - type: ban
    duration: 4h
on_success: break
`;

function credentialsIn(dir: string): string {
  return join(dir, 'credentials.yaml');
}

function configurationIn(dir: string, listen: string, tls: Certificates | undefined): object {
  return {
    common: { daemonize: false, log_media: 'stdout', log_level: 'info', working_dir: dir },
    config_paths: {
      config_dir: dir,
      data_dir: join(dir, 'data'),
      simulation_path: join(dir, 'simulation.yaml'),
      hub_dir: join(dir, 'hub'),
      index_path: join(dir, 'hub', '.index.json'),
      notification_dir: join(dir, 'notifications'),
      plugin_dir: join(dir, 'plugins'),
    },
    crowdsec_service: { enable: false },
    cscli: { output: 'json', color: 'no' },
    db_config: { type: 'sqlite', use_wal: true, db_path: join(dir, 'data', 'crowdsec.db') },
    api: {
      client: { insecure_skip_verify: true, credentials_path: credentialsIn(dir) },
      server: {
        log_level: 'info',
        listen_uri: listen,
        ...(tls === undefined ? {} : { tls: { cert_file: tls.certFile, key_file: tls.keyFile } }),
        profiles_path: join(dir, 'profiles.yaml'),
        console_path: join(dir, 'console.yaml'),
      },
    },
    prometheus: { enabled: false },
  };
}

function scopeOf(network: string): string {
  return network.includes('/') ? '-r' : '-i';
}
