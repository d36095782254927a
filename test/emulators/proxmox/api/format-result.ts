import type { HttpAnswer } from '../http/http-answer.ts';
import type { ApiFailure } from './api-failure.ts';

/** The output formats of `/api2/FORMAT/`: extjs answers 200 to everything and says inside what went wrong. */
export type ResultFormat = 'json' | 'extjs';

const JSON_TYPE = 'application/json;charset=UTF-8';

/** The formats that the emulator knows; undefined for another name. */
export function findFormat(name: string): ResultFormat | undefined {
  return name === 'json' || name === 'extjs' ? name : undefined;
}

/** The answer to a call that went well. */
export function formatData(format: ResultFormat, data: unknown, throughDaemon: boolean): HttpAnswer {
  return jsonAnswer(200, 'OK', format === 'json' ? { data } : { data, success: 1 }, throughDaemon);
}

/** The answer to a call that failed. */
export function formatFailure(format: ResultFormat, failure: ApiFailure, throughDaemon: boolean): HttpAnswer {
  // What a method dies with ends in a newline; what the server says about a method that is not there does not.
  const message = failure.status === 501 ? failure.message : `${failure.message}\n`;
  const body = { data: null, message, ...(failure.errors === undefined ? {} : { errors: failure.errors }) };
  if (format === 'json') return jsonAnswer(failure.status, failure.message, body, throughDaemon);
  return jsonAnswer(200, 'OK', { ...body, success: 0, status: String(failure.status) }, throughDaemon);
}

function jsonAnswer(status: number, reason: string, body: unknown, throughDaemon: boolean): HttpAnswer {
  return { status, reason, body: Buffer.from(JSON.stringify(body)), contentType: JSON_TYPE, throughDaemon };
}
