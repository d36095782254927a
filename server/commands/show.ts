import { formatDuration } from '../../shared/duration.ts';
import { isObject } from '../../shared/sealed-channel.ts';
import { formatTable } from '../../shared/table.ts';
import type { Answer } from './ask.ts';

/** How answers of the server look to a person. `now` is milliseconds since the epoch. */
export function makeShow(now: number) {
  const remaining = (endsAt: unknown): string =>
    endsAt === null ? 'permanent' : formatDuration((Number(endsAt) - now) / 1_000);
  const when = (at: unknown): string =>
    typeof at === 'number' ? new Date(at).toISOString().slice(0, 19).replace('T', ' ') : '-';

  return {
    ban: (answer: Answer): string =>
      answer['outcome'] === 'refused'
        ? `${text(answer['network'])}: refused, ${text(answer['code'])}: ${text(answer['detail'])}`
        : `${text(answer['network'])}: recorded; see fail2networkban-server bans for the firewalls`,

    unban: (answer: Answer): string => {
      const line = `${text(answer['network'])}: ${items(answer['lifted']).length} report(s) lifted`;
      if (answer['allowedForSeconds'] === undefined) return `${line}; banned again only when a host bans it anew`;
      return `${line}, whitelisted (${formatDuration(nullable(answer['allowedForSeconds']))})`;
    },

    bans: (answer: Answer): string =>
      formatTable(
        ['NETWORK', 'ENDS IN', 'REPORTED BY', 'FIREWALLS'],
        items(answer['bans']).map((ban) => [
          text(ban['network']),
          remaining(ban['endsAt']),
          items(ban['reports'])
            .map(({ jail, client }) => `${text(jail)}@${text(client)}`)
            .join(', '),
          enforcement(ban['enforcement']),
        ]),
        'no bans',
      ),

    lookup: (answer: Answer): string =>
      [
        ...items(answer['bans']).map(
          (ban) =>
            `banned by ${text(ban['network'])}, ends in ${remaining(ban['endsAt'])}: ${items(ban['reports'])
              .map(({ jail, client }) => `${text(jail)}@${text(client)}`)
              .join(', ')}`,
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

    allow: (answer: Answer): string =>
      `${text(answer['network'])}: whitelisted, ${items(answer['lifted']).length} report(s) lifted`,

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

    enrolment: (answer: Answer): string =>
      [
        `${text(answer['name'])} is enrolled. This line is shown once; on the host run:`,
        '',
        `  fail2networkban enroll '${text(answer['enrolment'])}'`,
        ...(answer['oldKeyEndsAt'] === undefined
          ? []
          : ['', `The old key goes on for ${remaining(answer['oldKeyEndsAt'])}.`]),
      ].join('\n'),

    revoked: (answer: Answer): string => `${text(answer['name'])}: revoked, ${text(answer['lifted'])} report(s) lifted`,

    clients: (answer: Answer): string =>
      formatTable(
        ['CLIENT', 'MAY', 'JAILS', 'REPORTS', 'CONNECTIONS', 'LAST SEEN (UTC)', 'DESCRIPTION'],
        items(answer['clients']).map((client) => [
          text(client['name']),
          strings(client['may']).join(','),
          strings(client['jails']).join(','),
          text(client['reports']),
          String(items(client['connections']).length),
          when(client['lastSeen']),
          text(client['description']),
        ]),
        'no clients; enroll one with: fail2networkban-server client add NAME',
      ),

    status: (answer: Answer): string =>
      [
        `version ${text(answer['version'])}, up ${formatDuration(Number(answer['uptimeSeconds']))}, ${Math.round(Number(answer['memoryBytes']) / 1_048_576)} MiB`,
        `${text(answer['bans'])} bans, ${items(answer['connected']).length} connections of ${text(answer['clients'])} clients${answer['paused'] === true ? ', PAUSED (panic): nothing is enforced until resume' : ''}`,
        reach(answer['reach']),
        '',
        enforcers(answer),
        '',
        `counters: ${
          Object.entries(isObject(answer['counters']) ? answer['counters'] : {})
            .map(([name, count]) => `${name} ${text(count)}`)
            .join(', ') || 'none'
        }`,
      ].join('\n'),

    enforcers,
  };
}

function reach(value: unknown): string {
  if (!isObject(value)) return '';
  const trust = value['pin'] === undefined ? 'without TLS' : `pin ${text(value['pin'])}`;
  return `hosts reach it at ${text(value['host'])}:${text(value['port'])}, ${trust}`;
}

function enforcers(answer: Answer): string {
  return formatTable(
    ['FIREWALL', 'STATE', 'OURS', 'THEIRS', 'LEFT OUT', 'REASON'],
    items(answer['enforcers']).map((each) => {
      const state = isObject(each['state']) ? each['state'] : {};
      return [
        text(each['name']),
        text(state['kind']),
        text(each['ours']),
        text(each['theirs']),
        text(each['leftOut']),
        text(state['reason']),
      ];
    }),
    'no firewall is configured',
  );
}

function enforcement(value: unknown): string {
  return items(value)
    .map(({ enforcer, state }) => `${text(enforcer)} ${text(state)}`)
    .join(', ');
}

function items(value: unknown): Answer[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

function nullable(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
