/**
 * Why a call got no answer:
 * - `untrusted`: the other end could not prove who it is; nothing was sent to it
 * - `credential`: a file with a secret or a certificate cannot be used; nothing was sent
 * - `busy`: too many calls wait already; nothing was sent
 * - `no-answer`: nobody listens, it took too long, or the answer broke off; it may have been carried out
 */
export type OutgoingErrorCode = 'untrusted' | 'credential' | 'busy' | 'no-answer';

/** A call that ended without an answer. An answer of any status is none of these. */
export class OutgoingError extends Error {
  readonly code: OutgoingErrorCode;

  constructor(code: OutgoingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OutgoingError';
    this.code = code;
  }

  /** Whether only the operator can mend it: another certificate, another secret. */
  get isForOperator(): boolean {
    return this.code === 'untrusted' || this.code === 'credential';
  }
}
