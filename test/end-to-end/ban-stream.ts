import { RawClient } from './raw-client.ts';

export interface BanStreamOptions {
  readonly enrolment: string;
  readonly caFile: string;
  /** Frame by frame. */
  readonly frames: readonly (readonly string[])[];
}

/**
 * A client that sends bans frame by frame, connects again whenever its connection ends, and sends again what was not
 * answered. Remembers what was acknowledged, to be compared with what the server then knows.
 */
export class BanStream {
  readonly acknowledged = new Set<string>();
  readonly #options: BanStreamOptions;
  readonly #stream = `stream-${crypto.randomUUID()}`;
  #frame = 0;

  constructor(options: BanStreamOptions) {
    this.#options = options;
  }

  /** Resolves when all is acknowledged, or when the connection has ended after `signal`. */
  async run(signal: AbortSignal): Promise<void> {
    while (!(signal.aborted || this.#isOver)) await this.#serve().catch(ignoreEndOfConnection);
  }

  get #isOver(): boolean {
    return this.#frame >= this.#options.frames.length;
  }

  async #serve(): Promise<void> {
    const { enrolment, caFile } = this.#options;
    const client = await RawClient.connect(enrolment, caFile);
    while (!this.#isOver) await this.#send(client);
    await client.close();
  }

  async #send(client: RawClient): Promise<void> {
    const networks = this.#options.frames[this.#frame] ?? [];
    const first = this.#options.frames.slice(0, this.#frame).flat().length + 1;
    const events = networks.map((network, index) => ({
      number: first + index,
      verb: 'ban',
      jail: 'sshd',
      network,
      ttlSeconds: 86_400,
      source: 'jail',
    }));
    const { results } = await client.ask({ type: 'events', stream: this.#stream, events });
    for (const [index, { outcome }] of (results as { outcome: string }[]).entries()) {
      if (outcome !== 'recorded' && outcome !== 'repeated') throw new Error(`${networks[index]}: ${outcome}`);
      this.acknowledged.add(networks[index] ?? '');
    }
    this.#frame += 1;
  }
}

const endsOfConnection = /the connection ended|ECONNREFUSED|ECONNRESET|socket hang up|before secure TLS connection/;

function ignoreEndOfConnection(error: unknown): void {
  if (!(error instanceof Error && endsOfConnection.test(error.message))) throw error;
}
