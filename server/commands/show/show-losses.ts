import type { Answer } from '../ask.ts';
import { items, text } from './answer-text.ts';

/** In the answer of `status`; nothing as long as the ledger is whole. */
export function lossLines(losses: unknown): string[] {
  return items(losses).map((loss) => {
    const wait = loss['holdsBack'] === true ? '; NO NEW BAN IS PUT INTO FORCE until then' : '';
    return `ledger: LOST, until accept-loss: ${text(loss['text'])}${wait}`;
  });
}

export function showAccepted(answer: Answer): string {
  const accepted = items(answer['accepted']);
  if (accepted.length === 0) return 'nothing is lost';
  return accepted.map((loss) => `accepted: ${text(loss['text'])}`).join('\n');
}
