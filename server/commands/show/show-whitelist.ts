import { formatTable } from '../../../shared/table.ts';
import type { Answer } from '../ask.ts';
import { items, strings, text } from './answer-text.ts';
import { liftedLines } from './show-bans.ts';
import type { Times } from './times.ts';

/** How the answers about the whitelist look. */
export function showWhitelist({ remaining }: Times) {
  return {
    allow: (answer: Answer): string =>
      [`${text(answer['network'])}: whitelisted`, ...liftedLines(answer['lifted'])].join('\n'),

    disallow: (answer: Answer): string => {
      if (answer['isConfigured'] === true)
        return `${text(answer['network'])}: stands in server.ini; take it out there and reload`;
      return `${text(answer['network'])}: ${answer['removed'] === true ? 'no longer whitelisted' : 'was not whitelisted'}`;
    },

    allowed: (answer: Answer): string =>
      formatTable(
        ['NETWORK', 'ENDS IN', 'NOTE'],
        [
          ...strings(answer['configured']).map((network) => [network, 'permanent', 'server.ini']),
          ...items(answer['timed']).map((entry) => [
            text(entry['network']),
            remaining(entry['endsAt']),
            text(entry['note']),
          ]),
        ],
        'the whitelist is empty',
      ),
  };
}
