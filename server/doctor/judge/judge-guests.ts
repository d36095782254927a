import { enumerate } from '../../../shared/enumerate.ts';
import type { Said } from '../../../shared/finding.ts';
import type { GuestFacts } from '../../enforcers/proxmox/guest-facts.ts';
import { isUnreadable } from '../../enforcers/proxmox/readable.ts';
import { guestGrant } from '../../setup/grants.ts';
import { type Answered, unreadable } from './answered.ts';
import { commandsFor } from './judge-permissions.ts';

/** Network cards outside the firewall. Whether the token may see guests at all is the administrator's choice. */
export function judgeGuests({ cluster: { guests, permissions }, token }: Answered): readonly Said[] {
  if (isUnreadable(guests)) {
    const isByChoice = !isUnreadable(permissions) && permissions.vmAudit !== 'below';
    return [isByChoice ? notAllowed(token) : unreadable('the guests', guests)];
  }
  return [...judgeOpenCards(guests), ...guests.flatMap(judgeReadability)];
}

function notAllowed(token: string): Said {
  return {
    level: 'note',
    code: 'guests-unreadable',
    fact: `the network cards of guests cannot be read: needs VM.Audit on ${guestGrant.path}`,
    consequence: 'whether each has firewall=1 is not known; banned addresses reach those without',
    command: commandsFor(guestGrant, token),
  };
}

function judgeOpenCards(guests: readonly GuestFacts[]): readonly Said[] {
  const open = guests.flatMap(({ vmid, name, openCards }) =>
    isUnreadable(openCards) || openCards.length === 0 ? [] : [`${vmid} ${name} (${openCards.join(', ')})`],
  );
  if (open.length === 0) return [];
  return [
    {
      level: 'warning',
      code: 'guest-without-firewall',
      fact: `network cards without firewall=1: ${enumerate(open)}`,
      consequence: 'banned addresses reach these guests',
      command:
        'for each: qm config ID | grep ^net, then qm set ID --netN "…,firewall=1" with all that was there; for containers pct',
    },
  ];
}

function judgeReadability({ vmid, name, openCards }: GuestFacts): readonly Said[] {
  return isUnreadable(openCards) ? [unreadable(`guest ${vmid} ${name}`, openCards)] : [];
}
