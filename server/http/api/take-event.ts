import type { BanEvent } from '../../../shared/frames.ts';
import { handJail } from '../../../shared/names.ts';
import { describeHeldBack } from '../../admin/describe-bans.ts';
import { refuseHost } from '../../admin/refuse-host.ts';
import type { Client } from '../../ledger/ledger.ts';
import { howToAllow, refuseWithoutPermission } from '../../policy/permission.ts';
import type { Problem, ProblemCode } from '../problem.ts';
import type { ApiParts } from './api.ts';

/** A ban or unban that is requested; without a jail it is by hand. */
export interface RequestedEvent extends Pick<BanEvent, 'network' | 'verb' | 'ttlSeconds' | 'labels'> {
  readonly jail: string | undefined;
  /** It is meant although the network is a host's. */
  readonly evenHost?: boolean;
}

/** Why intake may refuse one. */
export const intakeProblems: readonly ProblemCode[] = [
  'special-purpose',
  'private',
  'too-wide',
  'whitelisted',
  'protected',
  'infrastructure',
  'quota-exceeded',
  'ledger-unavailable',
];

/** What was done with one, as it is answered; or why nothing was. */
export type Taken = { readonly problem: Problem } | { readonly recorded: object };

/** Lifts everybody's ban, as the operator's `unban` does: also while the ledger cannot be written. */
export async function liftAll(
  { rescue, standing, teller }: Pick<ApiParts, 'rescue' | 'standing' | 'teller'>,
  client: Client,
  { network, jail = handJail }: Pick<RequestedEvent, 'network' | 'jail'>,
): Promise<Taken> {
  const event = { verb: 'lift', network, jail } as const;
  const refusal = refuseWithoutPermission({ ...event, source: 'hand' }, client);
  const decision = { client: client.name, ...event };
  teller.decision({ ...decision, ...(refusal ?? { code: 'recorded' }) });
  if (refusal !== undefined) return { problem: refusal };
  const { unwritten } = await rescue.decide({ kind: 'lifted', network, actor: client.name });
  const banned = unwritten === undefined && standing.covering(network).length > 0;
  return { recorded: { ...event, outcome: 'recorded', banned, ...(unwritten === undefined ? {} : { unwritten }) } };
}

/** The same intake and policy as of a frame. */
export async function takeEvent(
  { intake, standing, protection }: Pick<ApiParts, 'intake' | 'standing' | 'protection'>,
  client: Client,
  requested: RequestedEvent,
): Promise<Taken> {
  const problem = refuseOperator(protection, client, requested);
  if (problem !== undefined) return { problem };
  const { network, verb, ttlSeconds, labels, jail = handJail, evenHost = false } = requested;
  const source = requested.jail === undefined ? 'hand' : 'jail';
  const event = { number: 0, network, jail, verb, ttlSeconds, labels, source, evenHost } as const;
  const [result] = await intake.takeEach(client, [event]);
  if (result === undefined) throw new Error('intake gave no result');
  if (result.outcome === 'refused') return { problem: { code: result.code, detail: result.detail } };
  const banned = standing.covering(network).length > 0;
  const why = verb === 'ban' ? protection.whyHeld(network) : undefined;
  const heldBack = why === undefined ? {} : { heldBack: describeHeldBack(why) };
  return { recorded: { network, jail, verb, outcome: 'recorded', banned, ...heldBack } };
}

/** What holds for the operator's own bans by hand: a host's address must be meant, and only the operator can mean it. */
function refuseOperator(
  { held }: ApiParts['protection'],
  client: Client,
  { verb, network, jail, evenHost }: RequestedEvent,
): Problem | undefined {
  const mayMean = client.may.includes('operate');
  if (evenHost === true && !mayMean) {
    const how = howToAllow(client, '--may', [...client.may, 'operate']);
    return { code: 'not-permitted', detail: `${client.name} may not give even_host; ${how}` };
  }
  const isByHand = verb === 'ban' && jail === undefined;
  return isByHand && mayMean && evenHost !== true ? refuseHost(held, network, 'even_host=yes') : undefined;
}
