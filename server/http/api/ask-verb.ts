import { isRefusalCode } from '../../../shared/refusal.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import type { Client } from '../../ledger/ledger.ts';
import { jsonAnswer } from '../answer.ts';
import type { Outcome } from '../route.ts';
import type { ApiParts } from './api.ts';

/** Does what the operator's command of that name does; history shows the client as who did it. @throws ArgumentError */
export async function askVerb(
  { verbsOf }: Pick<ApiParts, 'verbsOf'>,
  { name }: Client,
  { verb, args = {} }: { readonly verb: string; readonly args?: Readonly<Record<string, unknown>> },
): Promise<Outcome> {
  const carryOut = verbsOf(name).get(verb);
  if (carryOut === undefined) throw new Error(`there is no verb ${verb}`);
  const answer: unknown = await carryOut(args);
  if (isObject(answer) && answer['outcome'] === 'refused' && isRefusalCode(answer['code']))
    return { problem: { code: answer['code'], detail: String(answer['detail']) } };
  return { answer: jsonAnswer(answer) };
}
