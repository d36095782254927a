import type { Intake } from '../intake.ts';
import { ownClient } from '../own-clients.ts';
import type { StandingBans } from '../standing-bans.ts';
import type { CrowdsecSettings } from './crowdsec/crowdsec-settings.ts';
import { batchMax, CrowdsecSource, type SourceParts } from './crowdsec/crowdsec-source.ts';
import { unban } from './crowdsec/plan-events.ts';

/** What every client begins with that is a source of this kind. */
const crowdsecPrefix = 'crowdsec/';

/** Other programs whose bans are taken over. */
export class Sources {
  readonly list: readonly CrowdsecSource[];
  readonly #parts: SourceParts;

  constructor(settings: readonly CrowdsecSettings[], parts: SourceParts) {
    this.#parts = parts;
    this.list = settings.map((each) => new CrowdsecSource(each, parts));
  }

  /** Follows each until aborted; first withdraws the reports of those that are no longer configured. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#withdrawForgotten(signal);
    await Promise.all(this.list.map((source) => source.run(signal)));
  }

  async #withdrawForgotten(signal: AbortSignal): Promise<void> {
    const { standing, intake, log } = this.#parts;
    const known = new Set(this.list.map(({ name }) => name));
    const forgotten = standing.clients().filter((name) => name.startsWith(crowdsecPrefix) && !known.has(name));
    for (const name of forgotten) {
      if (signal.aborted) return;
      const count = await withdrawAll(name, standing, intake);
      log.info({ source: name, count }, 'no longer configured: its reports are withdrawn');
    }
  }
}

/** A batch at a time, so that others get their turn. @returns how many there were */
async function withdrawAll(name: string, standing: StandingBans, intake: Intake): Promise<number> {
  const reports = standing.ofClient(name);
  const client = ownClient(name);
  for (let at = 0; at < reports.length; at += batchMax) {
    await intake.takeEach(client, reports.slice(at, at + batchMax).map(unban));
  }
  return reports.length;
}
