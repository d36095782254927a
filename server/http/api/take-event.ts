import type { BanEvent } from '../../../shared/frames.ts';
import { handJail } from '../../../shared/names.ts';
import type { Client } from '../../ledger/ledger.ts';
import { jsonAnswer } from '../answer.ts';
import type { ProblemCode } from '../problem.ts';
import type { Outcome } from '../route.ts';
import type { ApiParts } from './api.ts';

/** A ban or unban that is requested; without a jail it is by hand. */
export interface RequestedEvent extends Pick<BanEvent, 'network' | 'verb' | 'ttlSeconds' | 'labels'> {
  readonly jail: string | undefined;
}

/** Why intake may refuse one. */
export const intakeProblems: readonly ProblemCode[] = [
  'special-purpose',
  'private',
  'too-wide',
  'whitelisted',
  'protected',
  'quota-exceeded',
  'ledger-unavailable',
];

/** The same intake and policy as of a frame. */
export async function takeEvent(
  { intake, standing }: Pick<ApiParts, 'intake' | 'standing'>,
  client: Client,
  requested: RequestedEvent,
): Promise<Outcome> {
  const { network, verb, ttlSeconds, labels, jail = handJail } = requested;
  const source = requested.jail === undefined ? 'hand' : 'jail';
  const [result] = await intake.takeEach(client, [{ number: 0, network, jail, verb, ttlSeconds, labels, source }]);
  if (result === undefined) throw new Error('intake gave no result');
  if (result.outcome === 'refused') return { problem: { code: result.code, detail: result.detail } };
  const banned = standing.covering(network).length > 0;
  return { answer: jsonAnswer({ network, jail, verb, outcome: 'recorded', banned }) };
}
