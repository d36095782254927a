import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Namespace } from '../client/enforcers/nftables/namespace.ts';
import { RunningProcess } from '../end-to-end/running-process.ts';
import { type Ending, makeFolder } from '../ending.ts';
import { debianProgram } from './debian-program.ts';
import { letInto } from './let-into.ts';

export interface FirewallBouncerOptions {
  /** Where it drops packets. */
  readonly namespace: Namespace;
  /** Of the API outside of the namespace, on 127.0.0.1 and with its port; it is let in under the same. */
  readonly apiUrl: string;
  readonly apiKey: string;
  /** More keys of its configuration, as `ca_cert_path`. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/**
 * Debian's real crowdsec-firewall-bouncer by nftables in a network namespace, asking every second. It ends with the test.
 * Of a CIDR, version 0.0.25 drops the first address only: its sets have no intervals.
 */
export class FirewallBouncer {
  readonly #dir: string;
  readonly #namespace: Namespace;
  #process: RunningProcess | undefined;

  private constructor(dir: string, namespace: Namespace) {
    this.#dir = dir;
    this.#namespace = namespace;
  }

  static async start(ending: Ending, options: FirewallBouncerOptions): Promise<FirewallBouncer> {
    const dir = await makeFolder(ending);
    const bouncer = new FirewallBouncer(dir, options.namespace);
    await letInto(options.namespace, Number(new URL(options.apiUrl).port), ending);
    // JSON is YAML.
    await writeFile(bouncer.#config, JSON.stringify(configurationOf(dir, options)));
    ending.after(() => bouncer.kill());
    await bouncer.start();
    return bouncer;
  }

  /** What it has logged since its last start. */
  get log(): string {
    return this.#process?.output ?? '';
  }

  /** Starts it again after a stop or a kill. Resolves before its first question; `isRunning` tells whether it goes on. */
  async start(): Promise<void> {
    const [program, ...lead] = this.#namespace.enter;
    const bouncer = debianProgram('crowdsec-firewall-bouncer');
    this.#process = new RunningProcess(program, [...lead, bouncer, '-c', this.#config]);
    await this.#process.said(/backend type/i);
  }

  get isRunning(): boolean {
    return this.#process?.hasEnded === false;
  }

  /** Its rules stay. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** The addresses that it drops now, as nft spells them. */
  async blocked(): Promise<string[]> {
    const tables = await this.#namespace.run('nft', 'list', 'tables');
    const found: string[] = [];
    for (const [table, set] of Object.entries(setsByTable)) {
      if (!tables.includes(`${table}\n`)) continue;
      found.push(...elementsOf(await this.#namespace.run('nft', 'list', 'set', ...table.split(' '), set)));
    }
    return found.toSorted();
  }

  get #config(): string {
    return join(this.#dir, 'bouncer.yaml');
  }
}

const setsByTable = { 'ip crowdsec': 'crowdsec-blacklists', 'ip6 crowdsec6': 'crowdsec6-blacklists' } as const;

/** Each element is an address, and then how long it stays. */
function elementsOf(listed: string): string[] {
  const [, elements = ''] = /elements = \{([^}]*)\}/.exec(listed) ?? [];
  return elements
    .split(',')
    .map((element) => element.trim().split(/\s/, 1).join(''))
    .filter((element) => element !== '');
}

function configurationOf(dir: string, { apiUrl, apiKey, more = {} }: FirewallBouncerOptions): object {
  return {
    mode: 'nftables',
    pid_dir: dir,
    update_frequency: '1s',
    daemonize: false,
    log_mode: 'stdout',
    log_level: 'debug',
    api_url: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`,
    api_key: apiKey,
    insecure_skip_verify: false,
    disable_ipv6: false,
    deny_action: 'DROP',
    deny_log: false,
    supported_decisions_types: ['ban'],
    blacklists_ipv4: 'crowdsec-blacklists',
    blacklists_ipv6: 'crowdsec6-blacklists',
    nftables: {
      ipv4: { enabled: true, 'set-only': false, table: 'crowdsec', chain: 'crowdsec-chain' },
      ipv6: { enabled: true, 'set-only': false, table: 'crowdsec6', chain: 'crowdsec6-chain' },
    },
    prometheus: { enabled: false },
    ...more,
  };
}
