import type { RunningServer } from '../../running-server.ts';
import { askHttp, type HttpAnswer } from '../ask-http.ts';
import type { StreamAnswer } from './stream-under-test.ts';

/** Asks as a bouncer does, with its key in `X-Api-Key`. */
export function askAsBouncer(server: RunningServer, request: string, key: string): Promise<HttpAnswer> {
  return askHttp(server, request, { headers: { 'x-api-key': key, 'user-agent': 'crowdsec-firewall-bouncer/v0.0.25' } });
}

/** The values of a stream's answer, sorted. */
export function valuesOf({ text }: HttpAnswer): { readonly deleted: string[]; readonly new: string[] } {
  const told: StreamAnswer = JSON.parse(text);
  const sorted = (decisions: StreamAnswer['new']): string[] => (decisions ?? []).map(({ value }) => value).sort();
  return { deleted: sorted(told.deleted), new: sorted(told.new) };
}

/** The values of a list, sorted; `null` where it is none. */
export function listedIn({ text }: HttpAnswer): string[] | null {
  const listed: StreamAnswer['new'] = JSON.parse(text);
  return listed === null ? null : listed.map(({ value }) => value).sort();
}
