import { formatDuration } from '../../../shared/duration.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { formatTable } from '../../../shared/table.ts';
import type { Answer } from '../ask.ts';
import { items, text } from './answer-text.ts';

const reasonMaxCharacters = 200;

/** How each channel stands; nothing where there is none. */
export function notificationLines(value: unknown): string[] {
  const rows = items(value).map(({ name, state, waiting, delivered, dropped }) => [
    text(name),
    describe(state),
    text(waiting),
    text(delivered),
    text(dropped),
  ]);
  return rows.length === 0 ? [] : ['', formatTable(['NOTIFIES', 'STATE', 'WAITING', 'TOLD', 'DROPPED'], rows, '')];
}

/** How `notify test` says what came of it. */
export function showTest(answer: Answer): string {
  return items(answer['channels'])
    .map(({ name, outcome, detail, tookMs }) => {
      if (outcome === 'done') return `${text(name)}: took the test in ${text(tookMs)} ms`;
      return `${text(name)}: did not take the test: ${text(detail)}`;
    })
    .join('\n');
}

function describe(state: unknown): string {
  if (!isObject(state) || state['kind'] !== 'failing') return 'good';
  // A program may have printed a page; the log has it.
  const reason = text(state['reason']).slice(0, reasonMaxCharacters);
  return `failing for ${formatDuration(Number(state['forSeconds']))}: ${reason}`;
}
