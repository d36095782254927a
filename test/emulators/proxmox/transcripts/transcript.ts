import { readFile } from 'node:fs/promises';

/** A request as it was sent to the real Proxmox. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string | null;
  readonly content_type?: string | null;
  /** The id of a token, its right secret understood, or a whole token with a wrong one; null for none. */
  readonly token: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly chunked?: boolean;
  /** False: plain HTTP was spoken on the TLS port. */
  readonly tls?: boolean;
}

/** An answer as it was received. */
export interface RecordedAnswer {
  readonly status: number;
  readonly reason: string;
  /** Name and value, in order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** One recorded request with its answer, and cluster.fw before and after. */
export interface Transcript {
  readonly name: string;
  readonly request: RecordedRequest;
  readonly response: RecordedAnswer;
  readonly cluster_fw_before: string | null;
  readonly cluster_fw_after: string | null;
}

/**
 * Reads a file of recorded answers.
 *
 * @throws when it cannot be read, is not JSON or holds something else
 */
export async function readTranscripts(file: string): Promise<readonly Transcript[]> {
  const content: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (!Array.isArray(content)) throw new Error(`${file}: not a list of recorded answers`);
  return content.map((record: unknown, index) => {
    if (!isTranscript(record)) throw new Error(`${file}: record ${index} is not a recorded answer`);
    return record;
  });
}

function isTranscript(value: unknown): value is Transcript {
  if (!isObject(value) || !isObject(value.request) || !isObject(value.response)) return false;
  const { request, response } = value;
  return (
    typeof value.name === 'string' &&
    typeof request.method === 'string' &&
    typeof request.path === 'string' &&
    typeof response.status === 'number' &&
    typeof response.reason === 'string' &&
    typeof response.body === 'string' &&
    Array.isArray(response.headers) &&
    isTextOrNull(request.body) &&
    isTextOrNull(request.token) &&
    isTextOrNull(value.cluster_fw_before) &&
    isTextOrNull(value.cluster_fw_after)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isTextOrNull(value: unknown): value is string | null {
  return typeof value === 'string' || value === null;
}
