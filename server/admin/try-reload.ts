import { describeError } from '../../shared/errors.ts';
import type { Log } from '../../shared/host/log.ts';

export interface ReloadOptions {
  /** @throws Error when the configuration cannot be used; all stays as it was */
  readonly reload: () => void;
  readonly log: Log;
}

/** What came of a reload. */
export type Reloaded =
  | { readonly outcome: 'done'; readonly parts: readonly string[] }
  | { readonly outcome: 'failed'; readonly reason: string };

/** What a reload takes over; all else needs a restart. */
const parts = ['whitelist', 'policy', 'escalation', 'HTTP', 'certificate'];

/** Tries to, logs what came of it, and returns it for whoever waits. */
export function tryReload({ reload, log }: ReloadOptions): Reloaded {
  try {
    reload();
  } catch (error) {
    const reason = describeError(error);
    log.error({ error: reason }, 'the configuration stays as it was');
    return { outcome: 'failed', reason };
  }
  log.info(`configuration read again: ${parts.join(', ')}`);
  return { outcome: 'done', parts };
}
