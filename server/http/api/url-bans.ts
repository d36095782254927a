import { handJail } from '../../../shared/names.ts';
import type { Network } from '../../../shared/network.ts';
import { administrators, describeForeign, foreignEntries } from '../../enforcers/foreign-entry.ts';
import { textAnswer, withHeaders } from '../answer.ts';
import { parameter } from '../parameter.ts';
import { type Problem, problemAnswer } from '../problem.ts';
import type { ApiRequest, Outcome, PublicRoute, Route } from '../route.ts';
import type { ApiParts } from './api.ts';
import { intakeProblems, takeEvent } from './take-event.ts';

const address = parameter.network('ip', 'An address or CIDR');
const verb = parameter.choice('ban', 'What to do', ['banip', 'unbanip']);
const jail = parameter.jail('jail', `The jail that it is for; ${handJail}, a ban by hand, when it is left out`);

/**
 * A ban by nothing but a URL, `/?ip=203.0.113.7&ban=banip`, for devices that can do no other; it lasts until it is taken back. What
 * comes back is plain text, since such a device shows it to nobody or to a person.
 *
 * @param front what stands at the same place without any argument
 */
export function urlBanRoute(parts: ApiParts, front: PublicRoute): Route {
  return {
    method: 'GET',
    url: '/',
    summary: 'Ban or unban by nothing but a URL, where [http] url_bans = yes; without arguments: what is here',
    access: 'every-client',
    query: [address, verb, jail],
    changes: true,
    problems: intakeProblems,
    withoutQuery: front,
    refuse: asText,
    handle: async ({ query }, client): Promise<Outcome> => {
      const requested = read(query);
      if ('problem' in requested) return requested;
      const taken = await takeEvent(parts, client, requested);
      if ('problem' in taken) return taken;
      return { answer: textAnswer(`OK ${requested.verb} ${requested.network}${whatIsLeft(parts, requested)}\n`) };
    },
  };
}

function read(query: ApiRequest['query']) {
  const [network, word] = [query.get(address), query.get(verb)];
  if (network === undefined) return missing('ip', address.allowed);
  if (word === undefined) return missing('ban', verb.allowed);
  const of = query.get(jail);
  return { network, verb: word === 'banip' ? 'ban' : 'unban', jail: of, ttlSeconds: null, labels: undefined } as const;
}

/** An unban ends the device's own report, and others may stand. */
function whatIsLeft(
  { standing, enforcement }: ApiParts,
  { verb, network }: { readonly verb: string; readonly network: Network },
): string {
  if (verb === 'ban') return '';
  if (standing.covering(network).length > 0)
    return ', but it is still banned: by another client or jail, or in a wider network';
  const held = foreignEntries(enforcement.of(network)).map((entry) => describeForeign(entry, administrators));
  return held.length === 0 ? '' : `, but it is still blocked by ${held.join('; ')}`;
}

function missing(name: string, allowed: string): { readonly problem: Problem } {
  return { problem: { code: 'bad-argument', detail: `${name}: is missing; allowed is ${allowed}` } };
}

function asText(problem: Problem) {
  const { status, headers } = problemAnswer(problem);
  const { 'content-type': _, ...others } = headers;
  return withHeaders(textAnswer(`${problem.code}: ${problem.detail}\n`, status), others);
}
