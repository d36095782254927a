/** `denied`: the operator must act. `retry`: it may heal by itself. */
export type CrowdsecErrorCode = 'denied' | 'retry';

/** CrowdSec's local API gave no answer that can be used. */
export class CrowdsecError extends Error {
  readonly code: CrowdsecErrorCode;

  constructor(code: CrowdsecErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CrowdsecError';
    this.code = code;
  }
}
