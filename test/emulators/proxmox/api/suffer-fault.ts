import type { Delays } from '../behaviour/delays.ts';
import type { Fault } from '../behaviour/faults.ts';
import { LOCK_TIMEOUT, NO_QUORUM } from '../behaviour/firewall-lock.ts';
import { emptyAnswer, type HttpAnswer } from '../http/http-answer.ts';
import { type Reply, whole } from '../http/serve-connection.ts';
import { ApiFailure } from './api-failure.ts';
import { formatFailure } from './format-result.ts';

/** How much later a `slow` answer comes unless the fault says so. */
const SLOW_MS = 1000;

/** What a fault needs of its request. */
export interface FaultyRequest {
  /** Does what was asked, at most once, and gives the proper answer. */
  readonly carryOut: () => Promise<HttpAnswer>;
  readonly wait: (ms: number) => Promise<void>;
  readonly delays: Delays;
}

/** Answers a request as its fault wants it; the kinds are described at FaultKind. */
export async function suffer(fault: Fault, request: FaultyRequest): Promise<Reply> {
  const { carryOut, delays } = request;
  const wait = (usualMs: number): Promise<void> => request.wait(fault.delayMs ?? usualMs);
  switch (fault.kind) {
    case '595':
      return await wait(0).then(() => whole(emptyAnswer(595, 'Connection refused')));
    case '596-dropped':
      return await wait(0).then(() => whole(emptyAnswer(596, 'Broken pipe')));
    case '596-carried-out':
      return await carryOutUnseen(fault, request);
    case 'lock-timeout':
      return await wait(delays.lockTimeoutMs).then(() => whole(daemonFailure(LOCK_TIMEOUT)));
    case 'no-quorum':
      return await wait(delays.lockTimeoutMs).then(() => whole(daemonFailure(NO_QUORUM)));
    case 'unauthorized':
      return await wait(delays.unauthorizedMs).then(() => whole(emptyAnswer(401, 'Authentication failed!')));
    case 'hung-body':
      return { answer: await wait(0).then(carryOut), delivery: 'half-of-the-body' };
    case 'truncated-json':
      return whole(cutInHalf(await wait(0).then(carryOut)));
    case 'connection-ends':
      return await wait(0).then(() => ({ answer: emptyAnswer(500, 'never sent'), delivery: 'connection-ends' }));
    case 'connection-ends-after':
      return { answer: await wait(0).then(carryOut), delivery: 'connection-ends' };
    case 'slow':
      return whole(await wait(SLOW_MS).then(carryOut));
  }
}

/** A pvedaemon that does the work, but whose answer pveproxy does not wait for. */
async function carryOutUnseen(fault: Fault, { carryOut, wait, delays }: FaultyRequest): Promise<Reply> {
  if (fault.carriedOutAfterMs === undefined) await carryOut();
  await wait(fault.delayMs ?? delays.daemonTimeoutMs);
  if (fault.carriedOutAfterMs !== undefined) void wait(fault.carriedOutAfterMs).then(carryOut);
  return whole(emptyAnswer(596, 'Connection timed out'));
}

function daemonFailure(message: string): HttpAnswer {
  return formatFailure('json', new ApiFailure(500, message), true);
}

function cutInHalf(answer: HttpAnswer): HttpAnswer {
  const { body = Buffer.alloc(0) } = answer;
  return { ...answer, body: body.subarray(0, Math.floor(body.length / 2)) };
}
