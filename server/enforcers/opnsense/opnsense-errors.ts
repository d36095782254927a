import { EnforcerError, type EnforcerErrorCode } from '../../../shared/errors.ts';
import { quote } from '../../../shared/refusal.ts';
import { isObject, parseObject } from '../../../shared/sealed-channel.ts';
import type { Answer } from '../../outgoing/kept-connection.ts';

/** OPNsense answered, but not with success. */
export class OpnsenseAnswerError extends EnforcerError {
  readonly status: number;

  constructor(code: EnforcerErrorCode, status: number, message: string) {
    super(code, message);
    this.name = 'OpnsenseAnswerError';
    this.status = status;
  }
}

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
export function answerError(call: string, answer: Answer): OpnsenseAnswerError {
  const said = `${call}: ${answer.status} ${quote(textOf(answer))}`;
  const { code, advice } = judge(call, answer.status);
  return new OpnsenseAnswerError(code, answer.status, advice === undefined ? said : `${said}: ${advice}`);
}

function judge(call: string, status: number): { readonly code: EnforcerErrorCode; readonly advice?: string } {
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
  const fields = parseObject(body);
  const said = fields?.['errorMessage'] ?? fields?.['message'];
  return typeof said === 'string' ? said.trim() : reason;
}

/** A 200 that does not hold what was asked for; what was asked for may have been carried out. */
export function unreadableAnswer(call: string, detail: string): EnforcerError {
  return new EnforcerError('retry', `${call}: ${detail}`);
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
