import { isDeepStrictEqual } from 'node:util';
import type { EmulatedProxmox } from '../emulated-proxmox.ts';
import type { RawAnswer } from '../raw-client.ts';
import { isSameText, restoreText } from './elided-text.ts';
import { applyCondition, RECORDING_CONDITIONS } from './recording-conditions.ts';
import { sendRecorded } from './send-recorded.ts';
import type { Transcript } from './transcript.ts';

/** Characters of a value that a difference shows. */
const SHOWN_MAX_CHARACTERS = 300;

/**
 * Replays one record: the file is set to what it was before, the request sent, and status, reason, headers, body and the file
 * afterwards are compared. The order of keys in JSON and of lines in `[OPTIONS]` is random in Perl and does not count.
 *
 * @returns what differs, one a line; empty when identical
 */
export async function replay(transcript: Transcript, emulated: EmulatedProxmox): Promise<string[]> {
  setClusterFw(transcript.cluster_fw_before, emulated);
  applyCondition(emulated, RECORDING_CONDITIONS.get(transcript.name));
  const answer = await sendRecorded(transcript.request, emulated);
  const after = emulated.readClusterFw() ?? null;
  applyCondition(emulated, undefined);
  return compare(transcript, answer, after);
}

/** An elided file that the record before left behind need not be guessed. */
function setClusterFw(before: string | null, emulated: EmulatedProxmox): void {
  if (isSameText(before, emulated.readClusterFw() ?? null)) return;
  emulated.writeClusterFw(before === null ? undefined : restoreText(before));
}

function compare(
  { response, cluster_fw_after: recordedAfter }: Transcript,
  answer: RawAnswer,
  after: string | null,
): string[] {
  const differences: string[] = [];
  const add = (what: string, recorded: unknown, here: unknown): void => {
    differences.push(`${what}: recorded ${show(recorded)}, here ${show(here)}`);
  };
  if (answer.status !== response.status) add('status', response.status, answer.status);
  if (answer.reason !== response.reason) add('reason', response.reason, answer.reason);
  const [recordedHeaders, headers] = [response.headers, answer.headers].map(comparable);
  if (!isDeepStrictEqual(headers, recordedHeaders)) add('headers', recordedHeaders, headers);
  if (!isDeepStrictEqual(parseBody(answer.body), parseBody(response.body))) add('body', response.body, answer.body);
  if (!isSameText(sortOptions(recordedAfter), sortOptions(after))) add('cluster.fw', recordedAfter, after);
  return differences;
}

/** The recorder left these out of every answer. */
const unrecorded = ['Cache-Control', 'Date', 'Expires', 'Pragma'];

/** The length follows from the body, which is compared; the recorder has shortened one body that it belonged to. */
function comparable(headers: RawAnswer['headers']): RawAnswer['headers'] {
  return headers.filter(([name]) => name !== 'Content-Length' && !unrecorded.includes(name));
}

function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Not JSON: the texts themselves are compared.
    return body;
  }
}

function sortOptions(text: string | null): string | null {
  if (text === null) return null;
  return text.replace(/^\[OPTIONS\]\n\n((?:\w+: .*\n)+)/, (_section, lines: string) => {
    const sorted = lines
      .trimEnd()
      .split('\n')
      .sort((a, b) => a.localeCompare(b));
    return `[OPTIONS]\n\n${sorted.join('\n')}\n`;
  });
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > SHOWN_MAX_CHARACTERS ? `${text.slice(0, SHOWN_MAX_CHARACTERS)}… (${text.length})` : text;
}
