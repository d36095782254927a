import type { LocalVerb } from '../../shared/host/local-socket.ts';
import type { Log } from '../../shared/host/log.ts';
import type { Losses } from '../ledger/losses.ts';

export interface LossVerbsOptions {
  readonly actor: string;
  readonly losses: Losses;
  readonly log: Log;
}

/** `accept-loss`. */
export function lossVerbs({ actor, losses, log }: LossVerbsOptions): [string, LocalVerb][] {
  const accept = async () => {
    const accepted = await losses.accept();
    for (const { text } of accepted) log.warn({ actor, loss: text }, 'loss accepted');
    return { accepted };
  };
  return [['accept-loss', accept]];
}
