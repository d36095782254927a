import { formatDuration } from '../shared/duration.ts';
import type { AnswerFrame, Enforcement, Question } from '../shared/frames.ts';
import { limits } from '../shared/limits.ts';
import { remainingSeconds } from '../shared/remaining-seconds.ts';
import type { EnforcementOfBans } from './enforcement.ts';
import type { FirewallWord } from './enforcers/firewall-word.ts';
import type { StandingBans } from './standing-bans.ts';

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
      return {
        bans: reports.map(({ network, jail, endsAt }) => ({
          network,
          jail,
          ttlSeconds: remainingSeconds(endsAt, now),
        })),
      };
    }
    case 'network':
      return {
        banned: standing.covering(question.network).length > 0,
        enforcement: enforcement.of(question.network).map(asFrame),
      };
  }
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
