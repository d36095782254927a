import { STATUS_CODES } from 'node:http';
import { isObject } from '../../../shared/sealed-channel.ts';
import { failureOf } from '../../outgoing/answer-parts.ts';
import type { Answer } from '../../outgoing/kept-connection.ts';
import { AnswerError, type Verdict } from '../answer-error.ts';

/**
 * Sorts an answer that is no success by who must act. `call` names method and path.
 *
 * | status | code | |
 * | --- | --- | --- |
 * | 400 | rejected | a parameter; whether the entry is there already is for the caller to find out |
 * | 401, 403 | denied | the token |
 * | 3xx, 404 | denied | the address of something else than the API |
 * | 500, no buffer space | retry | cluster.fw has come to its end; there is no code for it but the text of the errno |
 * | 500, lock timeout | retry | soon: Proxmox has waited 10 s for the lock itself, and a dead holder's ends after 120 s |
 * | 595 | retry | pvedaemon was not reached |
 * | 596, other | retry | a change may have been carried out |
 */
export function answerError(call: string, answer: Answer): AnswerError {
  const text = textOf(answer);
  return new AnswerError(call, { status: answer.status, text }, judgeText(text) ?? judge(call, answer.status));
}

const pauseAfterLockMs = 5_000;

function judgeText(text: string): Verdict | undefined {
  if (isFileFull(text)) return fileFull;
  if (/got lock request timeout/.test(text)) return { code: 'retry', pauseMaxMs: pauseAfterLockMs };
  return undefined;
}

/** ENOBUFS of the call by which Proxmox reads the file from pmxcfs, or EFBIG of the write that would have made it too large. */
function isFileFull(text: string): boolean {
  return /No buffer space available|File too large/.test(text);
}

const fileFull: Verdict = {
  code: 'retry',
  advice:
    'cluster.fw has come to its end at 1 MiB (1048576 bytes): Proxmox can neither read nor write it, so no rule and no ban of anybody can be changed; the one way back: make /etc/pve/firewall/cluster.fw shorter with an editor, then all goes on by itself',
};

function judge(call: string, status: number): Verdict {
  if (status === 400) return { code: 'rejected' };
  if (status === 401) {
    return {
      code: 'denied',
      advice:
        'Proxmox does not accept the token; it may be mistyped, expired, removed, or its user disabled: look with `pveum user token list USER@REALM`',
    };
  }
  if (status === 403) {
    return {
      code: 'denied',
      advice:
        'the token lacks that privilege; it needs Sys.Audit and Sys.Modify on /, and with privilege separation its user needs them too: `pveum acl modify / --tokens USER@REALM!TOKENID --roles …`',
    };
  }
  if (status < 400 || status === 404) {
    return {
      code: 'denied',
      advice: 'no Proxmox API answers there; check url (https://HOST:8006, or http://127.0.0.1:85 on the node)',
    };
  }
  if (status === 595) return { code: 'retry', advice: 'pvedaemon is not running' };
  return call.startsWith('GET ') ? { code: 'retry' } : { code: 'retry', advice: 'it may have been carried out' };
}

/** The text of a failure: in the body since Proxmox VE 8.3, before that and without JSON in the reason phrase only. */
function textOf({ status, reason, body }: Answer): string {
  const fields = failureOf(body);
  const errors = fields?.['errors'];
  if (isObject(errors))
    return Object.entries(errors)
      .map(([key, text]) => `${key}: ${typeof text === 'string' ? text.trim() : ''}`)
      .join(', ');
  const message = fields?.['message'];
  return typeof message === 'string' ? message.trim() : reason || (STATUS_CODES[status] ?? '');
}
