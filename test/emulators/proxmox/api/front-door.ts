import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Clock, sleep } from '../../../../shared/clock.ts';
import type { AccessControl, Caller } from '../access/access-control.ts';
import type { Conditions } from '../behaviour/conditions.ts';
import type { Delays } from '../behaviour/delays.ts';
import type { Faults } from '../behaviour/faults.ts';
import { emptyAnswer, type HttpAnswer, textAnswer } from '../http/http-answer.ts';
import type { RequestHead } from '../http/http-request-reader.ts';
import { type IncomingRequest, type Reply, whole } from '../http/serve-connection.ts';
import { ApiFailure } from './api-failure.ts';
import { type Call, carryOut, goesThroughDaemon, type Workplace } from './carry-out.ts';
import { findFormat, formatData, formatFailure, type ResultFormat } from './format-result.ts';
import { bodyTypeOf, decodePercent, readParameters } from './read-parameters.ts';
import type { Router } from './router.ts';
import { suffer } from './suffer-fault.ts';

/** All that requests are answered with. */
export interface FrontDoorParts {
  readonly access: AccessControl;
  readonly router: Router;
  readonly workplace: Workplace;
  readonly conditions: Conditions;
  readonly faults: Faults;
  readonly delays: Delays;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Which of the two daemons a connection reached: pveproxy (TLS), or pvedaemon itself on its loopback port. */
export type Daemon = 'pveproxy' | 'pvedaemon';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];
const BODY_MAX_BYTES = 512 * 1024;
const GZIP_MIN_BYTES = 1024;
const ACCESS_LIST_GONE = 'RPCEnvironment init request failed: Unable to load access control list: Permission denied';

const compress = promisify(gzip);

/**
 * Answers requests as Proxmox's own HTTP server does, in this order: method and transfer coding, armed faults, pmxcfs,
 * credentials, body, format, method, pvedaemon, then the call itself.
 */
export class FrontDoor {
  readonly #parts: FrontDoorParts;

  constructor(parts: FrontDoorParts) {
    this.#parts = parts;
  }

  /** The reply to one request. */
  async answer(request: IncomingRequest, daemon: Daemon): Promise<Reply> {
    const refusal = refuseHead(request.head);
    if (refusal !== undefined) return whole({ ...refusal, from: daemon });
    const reply = await this.#answerOrFail(request, daemon);
    return { ...reply, answer: { ...(await this.#encode(request.head, reply.answer)), from: daemon } };
  }

  async #answerOrFail(request: IncomingRequest, daemon: Daemon): Promise<Reply> {
    const { faults, delays } = this.#parts;
    const fault = faults.take(request.head.method, request.head.target);
    if (fault === undefined) return whole(await this.#admit(request, daemon));
    // A fault may outlive the connection, so the body is taken from it first.
    const length = Number(request.head.headers.get('content-length') ?? 0);
    const body = length <= BODY_MAX_BYTES ? await request.readBody(length) : undefined;
    const held = { ...request, readBody: () => Promise.resolve(body) };
    return await suffer(fault, { carryOut: () => this.#admit(held, daemon), wait: (ms) => this.#wait(ms), delays });
  }

  async #admit(request: IncomingRequest, daemon: Daemon): Promise<HttpAnswer> {
    const { conditions, delays, access } = this.#parts;
    if (!conditions.clusterFilesystemRunning) {
      await this.#wait(delays.clusterFilesystemMs);
      return emptyAnswer(500, ACCESS_LIST_GONE);
    }
    const caller = access.authenticate(request.head.headers.get('authorization'));
    if (typeof caller === 'string') {
      await this.#wait(delays.unauthorizedMs);
      return emptyAnswer(401, caller);
    }
    const body = await readBody(request);
    return typeof body === 'string' ? await this.#dispatch(request.head, body, caller, daemon) : body;
  }

  async #dispatch(head: RequestHead, body: string, caller: Caller, daemon: Daemon): Promise<HttpAnswer> {
    const [rawPath = '', query = ''] = head.target.split(/\?(.*)/s);
    const [, formatName = '', path = ''] = /^\/api2\/([^/]*)\/?(.*)$/s.exec(decodePercent(rawPath)) ?? [];
    const format = findFormat(formatName);
    if (format === undefined) return textAnswer(501, `no formatter for uri /${path}, ${formatName}`);
    // No method's path has blanks.
    const route = /\s/.test(path) ? undefined : this.#parts.router.find(head.method, path);
    if (route === undefined) {
      return formatFailure(format, new ApiFailure(501, `Method '${head.method} /${path}' not implemented`), false);
    }
    let call: Call;
    try {
      const type = bodyTypeOf(head.headers.get('content-type')) ?? 'form';
      call = { route, caller, given: readParameters(route.pathParameters, query, { text: body, type }) };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return textAnswer(500, error.message, `${error.message}\n`);
    }
    return await this.#reachDaemon(call, format, daemon);
  }

  /** pveproxy passes what it may not do itself on to pvedaemon, which may be gone or blocked. */
  async #reachDaemon(call: Call, format: ResultFormat, daemon: Daemon): Promise<HttpAnswer> {
    const { conditions, delays } = this.#parts;
    const throughDaemon = daemon === 'pveproxy' && goesThroughDaemon(call.route);
    if (throughDaemon && conditions.daemon === 'stopped') return emptyAnswer(595, 'Connection refused');
    if (throughDaemon && conditions.daemon === 'hanging') {
      conditions.whenDaemonRuns(() => void this.#run(call, format, throughDaemon));
      await this.#wait(delays.daemonTimeoutMs);
      return emptyAnswer(596, 'Connection timed out');
    }
    return await this.#run(call, format, throughDaemon);
  }

  async #run(call: Call, format: ResultFormat, throughDaemon: boolean): Promise<HttpAnswer> {
    try {
      return formatData(format, await carryOut(call, this.#parts.workplace), throughDaemon);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (error.status >= 595) return emptyAnswer(error.status, error.message);
      return formatFailure(format, error, throughDaemon);
    }
  }

  async #encode(head: RequestHead, answer: HttpAnswer): Promise<HttpAnswer> {
    const wanted = head.headers.get('accept-encoding')?.includes('gzip') === true;
    if (!wanted || answer.contentType === undefined || (answer.body?.length ?? 0) < GZIP_MIN_BYTES) return answer;
    return { ...answer, body: await compress(answer.body ?? ''), contentEncoding: 'gzip' };
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await sleep(this.#parts.clock, ms, this.#parts.signal);
    // Once the emulator is closed nothing may go on to touch its folder: what waits is left waiting.
    if (this.#parts.signal.aborted) await new Promise(() => undefined);
  }
}

/** What is refused before anybody looks at the credentials. */
function refuseHead({ method, headers }: RequestHead): HttpAnswer | undefined {
  if (!METHODS.includes(method)) return emptyAnswer(501, `method '${method}' not available`);
  if (headers.has('transfer-encoding')) return textAnswer(501, 'chunked transfer encoding not supported');
  return undefined;
}

/** The text of the body, or the answer that refuses it. */
async function readBody({ head, readBody: read }: IncomingRequest): Promise<string | HttpAnswer> {
  const length = Number(head.headers.get('content-length') ?? 0);
  if (length === 0) return '';
  if (head.method !== 'POST' && head.method !== 'PUT')
    return textAnswer(501, `Unexpected content for method '${head.method}'`);
  if (!(length <= BODY_MAX_BYTES)) return textAnswer(501, 'for data too large');
  const contentType = head.headers.get('content-type');
  if (bodyTypeOf(contentType) === undefined)
    return textAnswer(506, `upload 'Content-Type '${contentType}' not implemented`);
  const body = await read(length);
  return body === undefined ? textAnswer(400, 'incomplete body') : body.toString('utf8');
}
