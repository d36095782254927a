import type { AnswerFrame, Enforcement, Question } from '../shared/frames.ts';
import { limits } from '../shared/limits.ts';
import { remainingSeconds } from '../shared/remaining-seconds.ts';
import type { EnforcementOfBans, FirewallWord } from './enforcement.ts';
import type { StandingBans } from './standing-bans.ts';

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

/** Agents know no more states than the protocol has. */
function asFrame(word: FirewallWord): Enforcement {
  if (word.state !== 'held-back') return word;
  const { enforcer, code, detail } = word;
  return code === 'paused'
    ? { enforcer, state: 'paused' }
    : { enforcer, state: 'failing', detail: `held back: ${detail}` };
}
