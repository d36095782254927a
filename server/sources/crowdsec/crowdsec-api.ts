import type { Clock } from '../../../shared/clock.ts';
import { describeError } from '../../../shared/errors.ts';
import { quote } from '../../../shared/refusal.ts';
import type { Answer } from '../../outgoing/kept-connection.ts';
import { OutgoingCalls } from '../../outgoing/outgoing-calls.ts';
import { OutgoingError } from '../../outgoing/outgoing-error.ts';
import { CrowdsecError } from './crowdsec-error.ts';
import type { CrowdsecSettings } from './crowdsec-settings.ts';

/** For a whole answer: 50,000 decisions take CrowdSec about a second. */
export const callMaxMs = 30_000;
/** 90,000 decisions of a community list, of about 180 bytes each. */
export const answerMaxBytes = 16_777_216;

/** CrowdSec's local API, as a bouncer sees it. */
export class CrowdsecApi {
  readonly #calls: OutgoingCalls;
  readonly #target: string;

  constructor({ endpoint, readKey, filter }: CrowdsecSettings, clock: Clock, version: string) {
    this.#target = targetFor(filter.origins);
    this.#calls = new OutgoingCalls({
      endpoint,
      // CrowdSec wants a name and a version.
      readHeaders: () => ({ 'x-api-key': readKey(), 'user-agent': `fail2networkban/${version}` }),
      clock,
      callMaxMs,
      bodyMaxBytes: answerMaxBytes,
    });
  }

  /**
   * All decisions that are in force now. Not the stream of changes: of the decisions about one address that names the
   * longest only, whatever its origin, so that a longer one of the community hides ours, and its end is no change.
   *
   * @returns the body of the answer
   * @throws CrowdsecError
   */
  async list(signal: AbortSignal): Promise<string> {
    const call = { method: 'GET', target: this.#target, isRepeatable: true };
    const answer = await this.#calls.call(call, signal).catch((cause: unknown) => {
      const isDenied = cause instanceof OutgoingError && cause.isForOperator;
      throw new CrowdsecError(isDenied ? 'denied' : 'retry', describeError(cause), { cause });
    });
    if (answer.status !== 200) throw answerError(answer);
    return answer.body;
  }

  close(): void {
    this.#calls.close();
  }
}

/** The origins are left to CrowdSec to look for: a community list is a thousand times as long as what is wanted. */
function targetFor(origins: readonly string[] | undefined): string {
  const wanted = origins === undefined ? '' : `&origins=${origins.map(encodeURIComponent).join(',')}`;
  return `/v1/decisions?type=ban${wanted}`;
}

function answerError({ status, body }: Answer): CrowdsecError {
  const said = body === '' ? '' : `: ${quote(body)}`;
  if (status === 401 || status === 403)
    return new CrowdsecError('denied', `it answered ${status}, so it does not know the api_key${said}`);
  return new CrowdsecError('retry', `it answered ${status}${said}`);
}
