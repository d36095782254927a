import { formatDuration } from '../../../shared/duration.ts';
import { enumerate } from '../../../shared/enumerate.ts';
import type { Said } from '../../../shared/finding.ts';
import type { ClientState, RunningServer } from '../facts/read-running-server.ts';

const dayMs = 86_400_000;

/**
 * Who has been silent for a day. The server remembers since its own start, so in its first day there is nothing to say of
 * those that it has not seen.
 *
 * | seen since the start | server's uptime | |
 * | --- | --- | --- |
 * | within a day | any | good |
 * | longer ago | any | silent |
 * | never | under a day | not known yet |
 * | never | a day or more | silent |
 */
export function judgeClients({ clients, uptimeSeconds }: RunningServer, nowMs: number): readonly Said[] {
  if (clients.length === 0) return [none];
  const startedAtMs = nowMs - uptimeSeconds * 1_000;
  const silent = clients.filter(({ lastSeenMs, addedAtMs }) => {
    return nowMs - (lastSeenMs ?? Math.max(startedAtMs, addedAtMs)) >= dayMs;
  });
  const say = (hasToken: boolean, said: typeof silentHosts): readonly Said[] => {
    const names = silent.filter((client) => client.hasToken === hasToken);
    if (names.length === 0) return [];
    const fact = `${said.fact}: ${enumerate(names.map((client) => describe(client, nowMs, startedAtMs)))}`;
    return [{ ...said, fact }];
  };
  return [...say(false, silentHosts), ...say(true, silentTokens)];
}

const silentHosts: Said = {
  level: 'warning',
  code: 'silent-clients',
  fact: 'silent for more than a day',
  consequence: 'their bans do not arrive; those already made go on until they end',
  command: 'on each: fail2networkban doctor; for one that is gone: fail2networkban-server client revoke NAME',
};

/** A note: a device that only ever bans is silent for as long as nobody attacks it. */
const silentTokens: Said = {
  level: 'note',
  code: 'silent-tokens',
  fact: 'tokens that nobody has used for more than a day',
  consequence: 'whoever takes lists by one blocks what it took last, if anything',
  command: 'look at what uses it; when nothing does: fail2networkban-server client revoke NAME',
};

const none: Said = {
  level: 'note',
  code: 'no-clients',
  fact: 'no host is enrolled',
  consequence: 'nobody reports bans',
  command: 'fail2networkban-server client add NAME',
};

function describe({ name, lastSeenMs, addedAtMs }: ClientState, nowMs: number, startedAtMs: number): string {
  if (lastSeenMs !== undefined) return `${name} (last seen ${formatDuration((nowMs - lastSeenMs) / 1_000)} ago)`;
  if (addedAtMs >= startedAtMs) return `${name} (never seen)`;
  return `${name} (not seen since the server started, ${formatDuration((nowMs - startedAtMs) / 1_000)} ago)`;
}
