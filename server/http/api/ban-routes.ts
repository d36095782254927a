import { ArgumentError } from '../../../shared/host/local-socket.ts';
import { handJail } from '../../../shared/names.ts';
import { addressBits, familyOf, type Network, prefixLengthOf } from '../../../shared/network.ts';
import { describeLifted, describingBans } from '../../admin/describe-bans.ts';
import { bansInside, insideMax } from '../../bans-inside.ts';
import { foreignEntries } from '../../enforcers/foreign-entry.ts';
import type { Client } from '../../ledger/ledger.ts';
import type { Ban } from '../../standing-bans.ts';
import { jsonAnswer } from '../answer.ts';
import { parameter } from '../parameter.ts';
import type { ApiRequest, Outcome, Route } from '../route.ts';
import type { ApiParts } from './api.ts';
import { costOfLooking } from './cost-of-looking.ts';
import { seeing } from './may-see.ts';
import { networkSchema, recordedSchema } from './schemas.ts';
import { seenOf } from './seen-bans.ts';
import { intakeProblems, liftAll, type RequestedEvent, type Taken, takeEvent } from './take-event.ts';

const network = parameter.network('network', 'An address or CIDR; its slash may stand as it is or as %2F');
const jail = parameter.jail('jail', `The jail that it is for; ${handJail}, a ban by hand, when it is left out`);
const ttl = parameter.timeToLive('ttl', 'For how long; permanent when it is left out');
const labels = parameter.labels('labels', 'Texts that travel with the ban');
const evenHost = parameter.flag(
  'even_host',
  'Ban it although it is the address of a host, which needs the permission operate; of a ban by hand alone',
);
const lift = parameter.flag('lift', 'Lift the reports of all clients, which needs the permission operate');

/** One network: asked about, banned, unbanned. */
export function banRoutes(parts: ApiParts): readonly Route[] {
  return [
    {
      method: 'GET',
      url: '/api/v1/bans/{network}',
      summary: 'Whether a network is banned: by whom, why, until when, what covers it, and whether it could be',
      access: 'every-client',
      path: [network],
      gives: networkSchema,
      costs: ({ path }) => costOfInside(parts, path.need(network)),
      handle: ({ path }, client) => ({ answer: jsonAnswer(describeNetwork(parts, client, path.need(network))) }),
    },
    {
      method: 'PUT',
      url: '/api/v1/bans/{network}',
      summary: 'Ban a network; the ban of the same client and jail is replaced',
      access: 'every-client',
      path: [network],
      query: [jail, ttl, labels, evenHost],
      gives: recordedSchema,
      problems: intakeProblems,
      handle: async (request, client) => answerWith(await takeEvent(parts, client, banOf(request))),
    },
    {
      method: 'DELETE',
      url: '/api/v1/bans/{network}',
      summary: "Withdraw the client's own ban of a network, or lift everybody's",
      access: 'every-client',
      path: [network],
      query: [jail, lift],
      gives: recordedSchema,
      problems: ['ledger-unavailable'],
      handle: async (request, client) => {
        const unban = unbanOf(request);
        const isForAll = request.query.get(lift) === true;
        const taken = await (isForAll ? liftAll(parts, client, unban) : takeEvent(parts, client, unban));
        if (isForAll) await parts.enforcement.lookAgain();
        return answerWith(taken, foreignEntries(parts.enforcement.of(unban.network)));
      },
    },
  ];
}

/** @param foreign entries that are not ours and still block what was unbanned */
function answerWith(taken: Taken, foreign: readonly object[] = []): Outcome {
  if ('problem' in taken) return taken;
  return { answer: jsonAnswer(foreign.length === 0 ? taken.recorded : { ...taken.recorded, foreign }) };
}

/** What is inside one address needs no look. */
function costOfInside({ standing }: ApiParts, which: Network): number {
  return prefixLengthOf(which) === addressBits[familyOf(which)] ? 0 : costOfLooking(standing.size);
}

function banOf({ path, query }: ApiRequest): RequestedEvent {
  const ttlSeconds = query.get(ttl) ?? null;
  const [of, isMeant] = [query.get(jail), query.get(evenHost) === true];
  if (isMeant && of !== undefined)
    throw new ArgumentError(`even_host: counts for a ban by hand alone; leave jail=${of} out`);
  const labelled = { labels: query.get(labels), evenHost: isMeant };
  return { network: path.need(network), jail: of, verb: 'ban', ttlSeconds, ...labelled };
}

function unbanOf({ path, query }: ApiRequest): RequestedEvent {
  return { network: path.need(network), jail: query.get(jail), verb: 'unban', ttlSeconds: null, labels: undefined };
}

function describeNetwork(parts: ApiParts, client: Client, which: Network) {
  const { standing, policy, protection, whitelist, enforcement } = parts;
  const describeBan = describingBans((each) => protection.whyHeld(each));
  const isSeen = seeing(client);
  const visible = (bans: readonly Ban[]) => bans.flatMap((ban) => seenOf(ban, isSeen) ?? []);
  const inside = visible(bansInside(standing, which));
  const lifted = standing.reportsOf(which).filter((report) => report.isLifted && isSeen(report));
  return {
    network: which,
    banned: standing.covering(which).length > 0,
    bans: visible(standing.covering(which)).map(describeBan),
    insideCount: inside.length,
    inside: inside.slice(0, insideMax).map(describeBan),
    lifted: lifted.map(describeLifted),
    whitelistedBy: whitelist.overlapping(which) ?? null,
    refusal: policy.refuseAddress(which) ?? null,
    hostIn: protection.held.hostIn(which)?.detail ?? null,
    enforcement: enforcement.of(which),
  };
}
