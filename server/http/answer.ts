/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

const jsonType = 'application/json; charset=utf-8';

/** @param value without Infinity, which JSON has none of */
export function jsonAnswer(value: unknown, status = 200): Answer {
  return { status, headers: { 'content-type': jsonType }, body: `${JSON.stringify(value)}\n` };
}

/** JSON that was written before. */
export function writtenAnswer(body: Buffer): Answer {
  return { status: 200, headers: { 'content-type': jsonType }, body };
}

export function textAnswer(text: string, status = 200): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

export function withHeaders(answer: Answer, headers: Readonly<Record<string, string>>): Answer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** For who has it already: nothing but the tag. */
export function notModified(etag: string): Answer {
  return { status: 304, headers: { etag }, body: '' };
}
