import { formatDuration } from '../shared/duration.ts';
import type { AnswerFrame, Enforcement, OwnReport, Question } from '../shared/frames.ts';
import { limits } from '../shared/limits.ts';
import { remainingSeconds } from '../shared/remaining-seconds.ts';
import type { EnforcementOfBans } from './enforcement.ts';
import type { FirewallWord } from './enforcers/firewall-word.ts';
import type { StandingBans } from './standing-bans.ts';

/** Bytes of a frame beside what an answer lists. */
const frameReserveBytes = 500;

/** Of `enforcement[].detail`. */
const detailMaxCharacters = 1_000;

/** What an answer is drawn from. `now` is milliseconds since the epoch. */
export interface Knowledge {
  readonly client: string;
  readonly standing: StandingBans;
  readonly enforcement: EnforcementOfBans;
  readonly now: number;
}

/** Answers one question of a client. `bans` carries at most {@link limits.reportsPerAnswerMax} reports, the newest. */
export function answerQuestion(
  question: Question,
  { client, standing, enforcement, now }: Knowledge,
): Omit<AnswerFrame, 'type' | 'id'> {
  switch (question.about) {
    case 'self':
      return {};
    case 'bans': {
      const reports = standing
        .ofClient(client)
        .filter(({ isLifted }) => !isLifted)
        .toSorted((a, b) => b.reportedAt - a.reportedAt)
        .slice(0, limits.reportsPerAnswerMax);
      const bans = reports.map(({ network, jail, endsAt }) => ({
        network,
        jail,
        ttlSeconds: remainingSeconds(endsAt, now),
      }));
      return explained(bans, enforcement);
    }
    case 'network':
      return {
        banned: standing.covering(question.network).length > 0,
        enforcement: enforcement.of(question.network).map(asFrame),
      };
  }
}

/** States that say of one network why it is not blocked; a firewall that fails does so for all. */
const reasons: readonly Enforcement['state'][] = ['refused', 'no-room', 'held-back', 'paused'];

/** Adds which firewalls fail, and why others do not block each ban: of the newest first, as far as the frame has room. */
function explained(
  bans: readonly OwnReport[],
  enforcement: EnforcementOfBans,
): Pick<AnswerFrame, 'bans' | 'enforcement'> {
  let roomBytes = limits.frameMaxBytes - frameReserveBytes - Buffer.byteLength(JSON.stringify(bans));
  const fits = (words: readonly Enforcement[]): boolean => {
    const bytes = Buffer.byteLength(JSON.stringify({ enforcement: words }));
    if (bytes > roomBytes) return false;
    roomBytes -= bytes;
    return true;
  };
  const failing = enforcement.failing().map(asFrame);
  const isSaid = failing.length > 0 && fits(failing);
  const withReasons = bans.map((ban) => {
    const words = enforcement.of(ban.network).map(asFrame);
    const why = words.filter(({ state }) => reasons.includes(state));
    return why.length > 0 && fits(why) ? { ...ban, enforcement: why } : ban;
  });
  return { bans: withReasons, ...(isSaid ? { enforcement: failing } : {}) };
}

/** In the words of the protocol. */
function asFrame(word: FirewallWord): Enforcement {
  const { enforcer, state } = word;
  switch (state) {
    case 'absent':
    case 'pending':
      return { enforcer, state };
    case 'in-force':
      return word.detail === undefined ? { enforcer, state } : { enforcer, state, detail: cut(word.detail) };
    case 'failing':
      return { enforcer, state, detail: cut(`for ${formatDuration(word.forSeconds)}: ${word.detail}`) };
    case 'refused':
    case 'no-room':
      return { enforcer, state, detail: cut(word.detail) };
    case 'whitelisted':
      return { enforcer, state: 'held-back', detail: cut(`whitelisted: ${word.detail}`) };
    case 'held-back':
      if (word.code === 'paused') return { enforcer, state: 'paused' };
      return { enforcer, state, detail: cut(word.detail) };
  }
}

/** A text of the protocol. */
function cut(detail: string): string {
  return detail.slice(0, detailMaxCharacters);
}
