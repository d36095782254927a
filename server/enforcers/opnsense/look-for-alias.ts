import { type AnswerError, isAnswer } from '../answer-error.ts';
import type { Alias, AliasType } from './opnsense-answers.ts';
import type { OpnsenseApi } from './opnsense-api.ts';

/** What a look at an alias shows. */
export type AliasSight =
  | { readonly kind: 'found'; readonly alias: Alias }
  /** `refusal`: the key may not look at aliases; what is known is that pf has no table of the name. */
  | { readonly kind: 'missing'; readonly refusal?: AnswerError }
  /** The key may not look at aliases, but pf has a table of the name. */
  | { readonly kind: 'hidden' };

/**
 * Looks at an alias as it is configured. A key for tables alone may not, and need not for an external one: all of it is in
 * pf, which has a table for each that is switched on.
 *
 * | answer | pf's table | type | |
 * | --- | --- | --- | --- |
 * | 200 | | | found, or missing |
 * | 403 | there | external, or any | hidden |
 * | 403 | not there | external, or any | missing, with the refusal |
 * | 403 | | another | thrown: its content must be seen |
 *
 * @param wanted without a type: any
 * @throws EnforcerError
 */
export async function lookForAlias(
  api: OpnsenseApi,
  { name, type }: { readonly name: string; readonly type?: AliasType },
  signal: AbortSignal,
): Promise<AliasSight> {
  try {
    const alias = await api.find(name, signal);
    return alias === undefined ? { kind: 'missing' } : { kind: 'found', alias };
  } catch (error) {
    const isTableEnough = type === undefined || type === 'external';
    if (!isTableEnough || !isAnswer(error, 403)) throw error;
    return (await api.tables(signal)).includes(name) ? { kind: 'hidden' } : { kind: 'missing', refusal: error };
  }
}
