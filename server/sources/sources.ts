import { sleep } from '../../shared/clock.ts';
import { isCrowdsec, ownClient } from '../own-clients.ts';
import type { CrowdsecSettings } from './crowdsec/crowdsec-settings.ts';
import { batchMax, type CrowdsecParts, CrowdsecSource } from './crowdsec/crowdsec-source.ts';
import { unban } from './crowdsec/plan-events.ts';

/** After a withdrawal that could not be written. */
const againMs = 10_000;

/** Other programs whose bans are taken over. */
export class Sources {
  readonly list: readonly CrowdsecSource[];
  readonly #parts: CrowdsecParts;

  constructor(settings: readonly CrowdsecSettings[], parts: CrowdsecParts) {
    this.#parts = parts;
    this.list = settings.map((each) => new CrowdsecSource(each, parts));
  }

  /** Follows each until aborted, and withdraws the reports of those that are no longer configured. */
  async run(signal: AbortSignal): Promise<void> {
    const known = new Set(this.list.map(({ name }) => name));
    const forgotten = this.#parts.standing.clients().filter((name) => isCrowdsec(name) && !known.has(name));
    await Promise.all([
      ...this.list.map((source) => source.run(signal)),
      ...forgotten.map((name) => this.#withdrawAll(name, signal)),
    ]);
  }

  /** A batch at a time, so that others get their turn; again and again while the record cannot be written. */
  async #withdrawAll(name: string, signal: AbortSignal): Promise<void> {
    const { standing, intake, clock, log } = this.#parts;
    const client = ownClient(name);
    log.info({ source: name, count: standing.countOfClient(name) }, 'no longer configured: its reports are withdrawn');
    while (!signal.aborted && standing.countOfClient(name) > 0) {
      const events = standing.ofClient(name).slice(0, batchMax).map(unban);
      const results = await intake.takeEach(client, events);
      if (results.some(({ outcome }) => outcome === 'refused')) await sleep(clock, againMs, signal);
    }
  }
}
