import { type Problem, problemAnswer } from '../problem.ts';
import type { ClientRoute } from '../route.ts';
import { type BlocklistParts, Blocklists } from './blocklists.ts';
import { choiceParameters } from './choice-parameters.ts';
import type { Format } from './format.ts';
import { ipset } from './ipset.ts';
import { nft } from './nft.ts';
import { routeros } from './routeros.ts';
import { csv, json, txt } from './text-formats.ts';

const formats: readonly Format[] = [txt, json, csv, nft, ipset, routeros];

/** The standing bans for whatever reads a list: `/blocklist.txt` and its like. */
export function blocklistRoutes(parts: BlocklistParts): readonly ClientRoute[] {
  const blocklists = new Blocklists(parts);
  return formats.map((format) => ({
    ...(format.schema === undefined ? { mediaTypes: [format.contentType] } : { gives: format.schema }),
    method: 'GET',
    url: `/blocklist.${format.name}`,
    summary: format.summary,
    access: ['subscribe', 'operate'],
    credentials: ['authorization', 'query'],
    query: [...choiceParameters, ...format.query],
    problems: ['unavailable'],
    refuse,
    costs: ({ query }, client) => blocklists.costOf({ format, query, client }),
    handle: ({ query }, client) => blocklists.answer({ format, query, client }),
  }));
}

/** Readers of lists keep what they have on 503, and some take any other fault for an answer. */
function refuse(problem: Problem) {
  return problemAnswer(problem.code === 'internal-error' ? { ...problem, code: 'unavailable' } : problem);
}
