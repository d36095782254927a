import type { Clock } from '../../../shared/clock.ts';
import { describeError, EnforcerError } from '../../../shared/errors.ts';
import { AnswerError } from '../../enforcers/answer-error.ts';
import { type AliasSight, lookForAlias } from '../../enforcers/opnsense/look-for-alias.ts';
import { enforcerName } from '../../enforcers/opnsense/open-opnsense.ts';
import type { AliasType } from '../../enforcers/opnsense/opnsense-answers.ts';
import { OpnsenseApi } from '../../enforcers/opnsense/opnsense-api.ts';
import type { AliasRule, OpnsenseSettings } from '../../enforcers/opnsense/opnsense-settings.ts';
import { authorityOf } from '../../outgoing/endpoint.ts';
import { lookMaxMs } from './look-max.ts';

/** What is known of one alias of one `[opnsense NAME]` section. */
export interface OpnsenseFacts {
  /** `opnsense/edge/blocklist` */
  readonly name: string;
  /** `HOST:PORT` */
  readonly authority: string;
  readonly alias: string;
  /** As the section says it. */
  readonly type: AliasType;
  readonly mayCreate: boolean;
  readonly state: AliasState;
}

export type AliasState =
  | AliasSight
  /** It could not be asked. `status`: undefined when it did not answer. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly status: number | undefined };

/** Looks at every alias of a section. Changes nothing. */
export async function readOpnsense(
  settings: OpnsenseSettings,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly OpnsenseFacts[]> {
  const { endpoint, readKey, aliasType, mayCreate } = settings;
  const api = new OpnsenseApi({ endpoint, readKey, clock, callMaxMs: lookMaxMs });
  const read = async (rule: AliasRule): Promise<OpnsenseFacts> => ({
    name: enforcerName(settings, rule),
    authority: authorityOf(endpoint),
    alias: rule.name,
    type: aliasType,
    mayCreate,
    state: await stateOf(api, rule.name, aliasType, signal),
  });
  try {
    return await Promise.all(settings.aliases.map(read));
  } finally {
    api.close();
  }
}

async function stateOf(api: OpnsenseApi, name: string, type: AliasType, signal: AbortSignal): Promise<AliasState> {
  try {
    // What pf holds has a privilege of its own, without which a look may succeed and a ban not.
    await api.tables(signal);
    return await lookForAlias(api, { name, type }, signal);
  } catch (error) {
    if (!(error instanceof EnforcerError)) throw error;
    const status = error instanceof AnswerError ? error.status : undefined;
    return { kind: 'unreadable', reason: describeError(error), status };
  }
}
