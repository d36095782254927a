import { formatDuration } from '../../../shared/duration.ts';
import { plural } from '../../../shared/plural.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { formatTable } from '../../../shared/table.ts';
import type { Answer } from '../ask.ts';
import { items, reporters, text } from './answer-text.ts';
import type { Times } from './times.ts';

/** How the answers about bans look. */
export function showBans({ remaining, stillFor, when }: Times) {
  return {
    ban: (answer: Answer): string =>
      answer['outcome'] === 'refused'
        ? `${text(answer['network'])}: refused, ${text(answer['code'])}: ${text(answer['detail'])}`
        : `${text(answer['network'])}: recorded; see fail2networkban-server bans for the firewalls`,

    unban: (answer: Answer): string => {
      const network = text(answer['network']);
      const allowed = answer['allowedForSeconds'];
      if (allowed !== undefined) {
        const span = typeof allowed === 'number' ? `for ${formatDuration(allowed)}` : 'for ever';
        return [...liftedLines(answer['lifted']), `${network}: whitelisted ${span}`].join('\n');
      }
      return [...liftedLines(answer['lifted']), `${network}: banned again only when a host bans it anew`].join('\n');
    },

    bans: (answer: Answer): string =>
      formatTable(
        ['NETWORK', 'ENDS IN', 'REPORTED BY', 'FIREWALLS'],
        items(answer['bans']).map((ban) => [
          text(ban['network']),
          remaining(ban['endsAt']),
          reporters(ban['reports']),
          enforcement(ban['enforcement']),
        ]),
        'no bans',
      ),

    lookup: (answer: Answer): string =>
      [
        ...items(answer['bans']).map(
          (ban) => `banned by ${text(ban['network'])} ${stillFor(ban['endsAt'])}: ${reporters(ban['reports'])}`,
        ),
        ...(items(answer['bans']).length === 0 ? ['not banned'] : []),
        isObject(answer['refusal'])
          ? `a ban would be refused: ${text(answer['refusal']['code'])}, ${text(answer['refusal']['detail'])}`
          : 'a ban would be accepted',
        `firewalls: ${enforcement(answer['enforcement'])}`,
      ].join('\n'),

    history: (answer: Answer): string =>
      formatTable(
        ['WHEN (UTC)', 'WHAT', 'NETWORK', 'CLIENT', 'JAIL', 'BY', 'WHY'],
        items(answer['history']).map((entry) => [
          when(entry['at']),
          text(entry['kind']),
          text(entry['network']),
          text(entry['client']),
          text(entry['jail']),
          text(entry['actor']),
          text(entry['reason']),
        ]),
        'no history',
      ),
  };
}

/** One line for each network whose reports were lifted. */
export function liftedLines(lifted: unknown): string[] {
  const reports = items(lifted);
  const networks = new Set(reports.map(({ network }) => text(network)));
  return Array.from(networks, (network) => {
    const own = reports.filter((report) => report['network'] === network);
    return `${network}: ${plural(own.length, 'report')} lifted: ${reporters(own)}`;
  });
}

function enforcement(value: unknown): string {
  return items(value)
    .map(({ enforcer, state }) => `${text(enforcer)} ${text(state)}`)
    .join(', ');
}
