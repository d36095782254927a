import { formatDuration } from '../../../shared/duration.ts';
import { describeForeign } from '../../enforcers/foreign-entry.ts';
import type { Answer } from '../ask.ts';
import { items, text } from './answer-text.ts';

/** What each firewall does about one network, in a clause; once where all say the same of the ban itself. */
export function firewallClauses(enforcement: unknown): string {
  const words = items(enforcement);
  const [first, ...others] = words.map((word) => clauseOf(word));
  const isOfBan = words.every(({ state }) => state === 'held-back' || state === 'whitelisted');
  if (first !== undefined && isOfBan && others.every((other) => other === first)) return first;
  return words.map((word) => `${text(word['enforcer'])} ${clauseOf(word)}`).join(', ');
}

function clauseOf({ state, detail, forSeconds, foreign }: Answer): string {
  switch (state) {
    case 'in-force':
      return items(foreign).length > 0 ? 'in force (an entry that is not ours)' : 'in force';
    case 'failing':
      return `failing for ${formatDuration(Number(forSeconds))}: ${text(detail)}`;
    case 'held-back':
      return `held back: ${text(detail)}`;
    case 'no-room':
      return `no room: ${text(detail)}`;
    case 'refused':
    case 'whitelisted':
      return `${text(state)}: ${text(detail)}`;
    default:
      return text(state);
  }
}

/**
 * One line for each entry that is not ours and contains the network.
 *
 * @param isBanned whether a ban of ours stands too
 */
export function foreignLines(enforcement: unknown, isBanned: boolean): string[] {
  const verb = isBanned ? 'also blocked' : 'still blocked';
  return items(enforcement).flatMap(({ foreign }) =>
    items(foreign).map((entry) => {
      const { ledger, command } = entry;
      const toEnd =
        ledger === undefined
          ? `it stays until you take it out, on the Proxmox host: ${text(command)}`
          : `unban it at the server whose ledger that is, or when that is lost: ${text(command)}`;
      return `${verb} by ${describeEntry(entry)}; ${toEnd}`;
    }),
  );
}

function describeEntry({ enforcer, place, network, spelling, comment, ledger, command }: Answer): string {
  const entry = { enforcer: text(enforcer), place: text(place), network: text(network), spelling: text(spelling) };
  const more = {
    ...(comment === undefined ? {} : { comment: text(comment) }),
    ...(ledger === undefined ? {} : { ledger: text(ledger) }),
  };
  return describeForeign({ ...entry, ...more, command: text(command) }, 'your own');
}
