import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describeError, TemporaryError } from '../errors.ts';
import { isPassingFault } from '../passing-fault.ts';
import { isObject, parseObject } from '../sealed-channel.ts';
import { readBody } from './read-body.ts';
import { checkSocketPath } from './socket-path.ts';

/** Answers one verb: the arguments as JSON in, the answer as JSON out. */
export type LocalVerb = (args: Readonly<Record<string, unknown>>) => object | Promise<object>;

/** A wrong argument of a verb: answered with 400 and the message. */
export class ArgumentError extends Error {
  readonly code = 'usage';
}

/** Nobody answers at the socket, or not yet. */
export class NotRunningError extends Error {
  readonly code = 'not-running';
}

/** Somebody has the socket open and does not take what is asked: it is stopped (SIGSTOP), or too busy. Nothing was done. */
export class NotAnsweringError extends TemporaryError {}

/** Within so long a process that lives says that it hears, whatever it needs for its answer. */
export const hearMaxMs = 5_000;
/** A server with 100,000 bans answers `bans` in about 20 MB. */
const bodyMaxBytes = 67_108_864;
const requestMaxMs = 120_000;
/** What may pass stands in the way, as a full disk: 507 Insufficient Storage. */
const notNowStatus = 507;

/**
 * Serves verbs on a Unix socket of mode 0600: whoever may open it is the operator. Plain HTTP, so that `curl` can be
 * used for troubleshooting: `POST /verb` with a JSON object.
 *
 * @param verbs as long as there are none, the process is starting: whoever asks hears that it does not run yet
 * @throws Error when another process serves this socket already, or the path is longer than a socket's may be
 */
export async function serveLocalSocket(
  path: string,
  verbs: ReadonlyMap<string, LocalVerb>,
): Promise<() => Promise<void>> {
  checkSocketPath(path);
  await removeStale(path);
  const server = createServer({ requestTimeout: requestMaxMs }, (message, response) => {
    void answer(verbs, message, response);
  });
  await listen(server, path);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

/**
 * Asks the process behind a Unix socket. The arguments follow when it says `100 Continue` (RFC 9110, 10.1.1), which Node does by
 * itself: so a process that is stopped is told from one that takes its time, and does nothing later that was given up here.
 *
 * @throws NotRunningError when nobody listens, NotAnsweringError when nobody hears, ArgumentError when the verb refuses its
 *   arguments, TemporaryError when what stands in its way may pass, Error otherwise
 */
export function callLocalSocket(path: string, verb: string, args: object): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    checkSocketPath(path);
    const outgoing = request(questionFor(path, verb), (response) => {
      readBody(response, bodyMaxBytes).then((body) => {
        if (response.statusCode === 200) resolve(parseObject(body) ?? {});
        else reject(refusalOf(path, response.statusCode, body));
      }, reject);
    });
    outgoing.once('timeout', () => outgoing.destroy(new NotAnsweringError(notHeard(path))));
    outgoing.once('continue', () => {
      outgoing.removeAllListeners('timeout');
      outgoing.setTimeout(requestMaxMs, () =>
        outgoing.destroy(new Error(`${path}: no answer to ${verb} in ${requestMaxMs / 1000} s`)),
      );
      outgoing.end(JSON.stringify(args));
    });
    outgoing.on('error', (cause: NodeJS.ErrnoException) => {
      const absent = cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED';
      reject(absent ? new NotRunningError(`${path}: nobody listens`, { cause }) : cause);
    });
    outgoing.flushHeaders();
  });
}

function questionFor(socketPath: string, verb: string) {
  const headers = { expect: '100-continue' };
  return { socketPath, path: `/${verb}`, method: 'POST', agent: false, timeout: hearMaxMs, headers };
}

function notHeard(path: string): string {
  return `${path}: the process that serves it does not answer in ${hearMaxMs / 1_000} s: it is stopped or overloaded`;
}

function refusalOf(path: string, status: number | undefined, body: string): Error {
  const message = String(parseObject(body)?.['error'] ?? `status ${status}`);
  if (status === 503) return new NotRunningError(`${path}: ${message}`);
  if (status === notNowStatus) return new TemporaryError(message);
  return status === 400 ? new ArgumentError(message) : new Error(message);
}

async function answer(
  verbs: ReadonlyMap<string, LocalVerb>,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reply = (status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(body)}\n`);
  };
  try {
    // Before any answer: who still writes when the connection ends hears of that, and not of the answer.
    const body = await readBody(message, bodyMaxBytes);
    const name = (message.url ?? '/').slice(1);
    if (verbs.size === 0) return reply(503, { error: 'not ready yet' });
    const verb = verbs.get(name);
    if (message.method !== 'POST' || verb === undefined) return reply(404, { error: `no verb ${name}` });
    const args = parseObject(body || '{}');
    if (!isObject(args)) return reply(400, { error: 'the body is not a JSON object' });
    reply(200, await verb(args));
  } catch (error) {
    reply(statusOf(error), { error: describeError(error) });
  }
}

function statusOf(error: unknown): number {
  if (error instanceof ArgumentError) return 400;
  return isPassingFault(error) ? notNowStatus : 500;
}

/** A socket file that nobody serves is left over from a process that was killed. */
function removeStale(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      reject(new TemporaryError(`${path}: another process serves this socket`));
    });
    probe.on('error', (cause: NodeJS.ErrnoException) => {
      try {
        if (cause.code !== 'ENOENT') removeLeftOver(path, cause);
        resolve();
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** A slip in the configuration must not cost a file that is something else, nor a living server its socket. */
function removeLeftOver(path: string, cause: NodeJS.ErrnoException): void {
  if (cause.code !== 'ECONNREFUSED') throw new Error(`${path} cannot be asked who serves it`, { cause });
  if (!lstatSync(path).isSocket()) throw new Error(`${path} is there and is no socket`);
  rmSync(path);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const before = process.umask(0o177);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      resolve();
    });
    process.umask(before);
  });
}
