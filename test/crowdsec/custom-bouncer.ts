import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunningProcess } from '../end-to-end/running-process.ts';
import { type Ending, makeFolder } from '../ending.ts';
import { debianProgram } from './debian-program.ts';

/** How it hands over what it was told: a process each, or lines of JSON to one process. */
export type HandOver = 'a process each' | 'one process';

export interface CustomBouncerOptions {
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly caFile: string;
  readonly handOver: HandOver;
}

/** Debian's real crowdsec-custom-bouncer, asking every second, with a program that notes what it is called with. It ends with the test. */
export class CustomBouncer {
  readonly #dir: string;
  #process: RunningProcess | undefined;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async start(ending: Ending, options: CustomBouncerOptions): Promise<CustomBouncer> {
    const dir = await makeFolder(ending);
    const bouncer = new CustomBouncer(dir);
    const note = options.handOver === 'one process' ? 'exec cat' : 'echo "$1" "$2" "$3"';
    await writeFile(join(dir, 'program'), `#!/bin/sh\n${note} >> '${dir}/notes'\n`);
    await chmod(join(dir, 'program'), 0o755);
    await writeFile(join(dir, 'notes'), '');
    // JSON is YAML.
    await writeFile(join(dir, 'bouncer.yaml'), JSON.stringify(configurationOf(dir, options)));
    ending.after(() => bouncer.kill());
    bouncer.start();
    return bouncer;
  }

  /** What it has logged since its last start. */
  get log(): string {
    return this.#process?.output ?? '';
  }

  /** Starts it again after a kill; its program remembers what it was told before. */
  start(): void {
    const config = join(this.#dir, 'bouncer.yaml');
    this.#process = new RunningProcess(debianProgram('crowdsec-custom-bouncer'), ['-c', config]);
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** What its program would block: the last word on each value counts. */
  async blocked(): Promise<string[]> {
    const blocked = new Set<string>();
    for (const line of (await readFile(join(this.#dir, 'notes'), 'utf8')).split('\n')) {
      const [verb, value = ''] = wordsOf(line);
      if (verb === 'add') blocked.add(value);
      else if (verb === 'del') blocked.delete(value);
    }
    return [...blocked].sort();
  }
}

function wordsOf(line: string): readonly string[] {
  if (!line.startsWith('{')) return line.split(' ');
  const { action, value }: { readonly action: string; readonly value: string } = JSON.parse(line);
  return [action, value];
}

function configurationOf(dir: string, { apiUrl, apiKey, caFile, handOver }: CustomBouncerOptions): object {
  return {
    bin_path: join(dir, 'program'),
    feed_via_stdin: handOver === 'one process',
    total_retries: 0,
    scenarios_containing: [],
    scenarios_not_containing: [],
    origins: [],
    piddir: dir,
    update_frequency: '1s',
    cache_retention_duration: '1s',
    daemonize: false,
    log_mode: 'stdout',
    log_level: 'debug',
    api_url: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`,
    api_key: apiKey,
    ca_cert_path: caFile,
    prometheus: { enabled: false },
  };
}
