/**
 * A misbehaviour of one request.
 *
 * | kind | what the client sees | carried out |
 * | --- | --- | --- |
 * | 595 | 595 Connection refused, at once | no |
 * | 596-carried-out | 596 Connection timed out | yes |
 * | 596-dropped | 596 Broken pipe, at once | no |
 * | lock-timeout, no-quorum | 500 with Proxmox's text, after the lock's time limit | no |
 * | unauthorized | 401 Authentication failed!, after 3 s | no |
 * | hung-body | head and half of the body, then nothing | yes |
 * | truncated-json | a complete answer whose JSON is cut in half | yes |
 * | connection-ends | the connection ends, no answer | no |
 * | connection-ends-after | the connection ends, no answer | yes |
 * | slow | the proper answer, later | yes, after the wait |
 */
export type FaultKind =
  | '595'
  | '596-carried-out'
  | '596-dropped'
  | 'lock-timeout'
  | 'no-quorum'
  | 'unauthorized'
  | 'hung-body'
  | 'truncated-json'
  | 'connection-ends'
  | 'connection-ends-after'
  | 'slow';

/** A fault and how long it takes. */
export interface Fault {
  readonly kind: FaultKind;
  /** Milliseconds before the fault shows; what the real thing takes by default, 1000 for `slow`. */
  readonly delayMs?: number;
  /** Only for 596-carried-out: carried out this long after the answer instead of before it. */
  readonly carriedOutAfterMs?: number;
}

/** Which requests a fault is for; every one by default. */
export interface FaultTarget {
  /** How many requests it hits; 1 by default. */
  readonly times?: number;
  readonly method?: string;
  /** Found in the path and query as sent. */
  readonly path?: string | RegExp;
}

interface ArmedFault {
  readonly fault: Fault;
  readonly target: FaultTarget;
  left: number;
}

/** The faults that are armed. The one armed first is looked at first. */
export class Faults {
  #armed: ArmedFault[] = [];

  /** Makes the next matching requests fail like this. */
  next(fault: Fault, target: FaultTarget = {}): void {
    this.#armed.push({ fault, target, left: target.times ?? 1 });
  }

  /** Disarms everything. */
  clear(): void {
    this.#armed = [];
  }

  /** How many matching requests are still to be hit. */
  get pending(): number {
    return this.#armed.reduce((sum, { left }) => sum + left, 0);
  }

  /** Takes the fault that a request is to suffer, if any. */
  take(method: string, path: string): Fault | undefined {
    const found = this.#armed.find(({ target }) => isFor(target, method, path));
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#armed = this.#armed.filter((armed) => armed !== found);
    return found.fault;
  }
}

function isFor(target: FaultTarget, method: string, path: string): boolean {
  if (target.method !== undefined && target.method !== method) return false;
  if (target.path === undefined) return true;
  return typeof target.path === 'string' ? path.includes(target.path) : target.path.test(path);
}
