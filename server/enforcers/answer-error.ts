import { EnforcerError, type EnforcerErrorCode } from '../../shared/errors.ts';
import { quote } from '../../shared/refusal.ts';

/** Who must act on an answer, and what they can do. */
export interface Verdict {
  readonly code: EnforcerErrorCode;
  readonly advice?: string;
  /** The longest pause before the next try, milliseconds. */
  readonly pauseMaxMs?: number;
}

/** What the other system said of a failure. */
interface Said {
  readonly status: number;
  /** Foreign, and of any length. */
  readonly text: string;
}

/** The other system answered, but not with success. */
export class AnswerError extends EnforcerError {
  readonly status: number;

  /** @param call method and path */
  constructor(call: string, { status, text }: Said, { code, advice, pauseMaxMs }: Verdict) {
    const said = `${call}: ${status} ${quote(text)}`;
    super(code, advice === undefined ? said : `${said}: ${advice}`, pauseMaxMs === undefined ? {} : { pauseMaxMs });
    this.name = 'AnswerError';
    this.status = status;
  }
}

/** Whether what was thrown is an answer of this status. */
export function isAnswer(error: unknown, status: number): error is AnswerError {
  return error instanceof AnswerError && error.status === status;
}

/** A 200 that does not hold what was asked for; what was asked for may have been carried out. */
export function unreadableAnswer(call: string, detail: string): EnforcerError {
  return new EnforcerError('retry', `${call}: ${detail}`);
}
