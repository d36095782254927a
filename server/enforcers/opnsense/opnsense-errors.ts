import { quote } from '../../../shared/refusal.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { failureOf } from '../../outgoing/answer-parts.ts';
import type { Answer } from '../../outgoing/kept-connection.ts';
import { AnswerError, type Verdict } from '../answer-error.ts';

/** As the page of a user's privileges names them (ACL.xml), by what they open. */
export const privileges = {
  /** Reading and changing what pf holds. */
  alias_util: 'Diagnostics: PF Table IP addresses',
  /** Reading, making and changing aliases. */
  alias: 'Firewall: Alias: Edit',
} as const;

/**
 * Sorts an answer that is no success by who must act. `call` names method and path.
 *
 * | status | code | |
 * | --- | --- | --- |
 * | 401 | denied | key and secret |
 * | 403 | denied | a privilege is missing |
 * | 3xx, 404 | denied | the address of something else than the API |
 * | other | retry | also 500 of a user who may only read; it may have been carried out |
 */
export function answerError(call: string, answer: Answer): AnswerError {
  return new AnswerError(call, { status: answer.status, text: textOf(answer) }, judge(call, answer.status));
}

function judge(call: string, status: number): Verdict {
  if (status === 401) {
    return {
      code: 'denied',
      advice:
        'OPNsense does not know key and secret; System, Access, Users shows the keys of a user and makes new ones',
    };
  }
  if (status === 403) {
    const privilege = call.includes('/alias_util/') ? privileges.alias_util : privileges.alias;
    return { code: 'denied', advice: `the user of the key lacks the privilege "${privilege}"` };
  }
  if (status < 400 || status === 404) {
    return { code: 'denied', advice: 'no OPNsense API answers there; check url (https://HOST, as its own pages)' };
  }
  return { code: 'retry' };
}

/** Each kind of failure has a text of another name. */
function textOf({ reason, body }: Answer): string {
  const fields = failureOf(body);
  const said = fields?.['errorMessage'] ?? fields?.['message'];
  return typeof said === 'string' ? said.trim() : reason;
}

/** `{"result":"failed","validations":{"alias.content":"…"}}`, shortened: there may be a sentence for each line. */
export function validationsOf(answer: unknown): string {
  const validations = isObject(answer) ? answer['validations'] : undefined;
  const first = isObject(validations) ? Object.entries(validations)[0] : undefined;
  if (first === undefined) return 'without a reason';
  const [key, value] = first;
  const text = Array.isArray(value) ? value.find((each: unknown) => typeof each === 'string') : value;
  return quote(`${key}: ${typeof text === 'string' ? text : 'not valid'}`);
}
