import { isObject } from '../../../shared/sealed-channel.ts';
import { formatTable } from '../../../shared/table.ts';
import type { Answer } from '../ask.ts';
import { items, strings, text } from './answer-text.ts';
import { liftedLines, refused } from './show-bans.ts';
import type { Times } from './times.ts';

/** How the answers about the whitelist look. */
export function showWhitelist({ remaining, stillFor }: Times) {
  return {
    allow: (answer: Answer): string => {
      if (answer['outcome'] === 'refused') return refused(answer);
      const line = `${text(answer['network'])}: whitelisted ${stillFor(answer['endsAt'])}`;
      return [line, ...liftedLines(answer['lifted'])].join('\n');
    },

    disallow: (answer: Answer): string => {
      const network = text(answer['network']);
      const line = `${network}: ${answer['removed'] === true ? 'taken off the whitelist' : 'not whitelisted by a command'}`;
      const { still } = answer;
      if (!isObject(still)) return line;
      const where = text(still['where']);
      const next = where.includes('server.ini')
        ? '; take it out there, then: systemctl reload fail2networkban-server'
        : '';
      return `${line}\n${network} stays whitelisted: ${text(still['network'])} is, ${where}${next}`;
    },

    allowed: (answer: Answer): string => {
      const configured = strings(answer['configured']);
      const fromFile = strings(answer['fromFile']);
      const keyOf = (network: string): string => (fromFile.includes(network) ? 'whitelist_file' : 'whitelist');
      return formatTable(
        ['NETWORK', 'ENDS IN', 'NOTE'],
        [
          ...configured.map((network) => [network, 'permanent', `[policy] ${keyOf(network)} of server.ini`]),
          ...items(answer['timed']).map((entry) => [
            text(entry['network']),
            remaining(entry['endsAt']),
            text(entry['note']),
          ]),
        ],
        'the whitelist is empty',
      );
    },
  };
}
