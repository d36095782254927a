import type { Clock } from '../../shared/clock.ts';
import { endAfter } from '../../shared/end-after.ts';
import type { LocalVerb } from '../../shared/host/local-socket.ts';
import { handJail, jailAlphabet, jailPattern } from '../../shared/names.ts';
import type { Network } from '../../shared/network.ts';
import { bansInside, insideMax } from '../bans-inside.ts';
import type { EnforcementOfBans } from '../enforcement.ts';
import type { Ledger, Report } from '../ledger/ledger.ts';
import { ownClient } from '../own-clients.ts';
import type { Policy } from '../policy/policy.ts';
import type { Whitelist } from '../policy/whitelist.ts';
import type { Protection } from '../protection/protection.ts';
import type { Record } from '../record.ts';
import type { ReportWriter } from '../report-writer.ts';
import type { Decision } from '../rescue/decision.ts';
import type { Rescue } from '../rescue/rescue.ts';
import type { StandingBans } from '../standing-bans.ts';
import type { Teller } from '../teller.ts';
import { type Arguments, argument } from './arguments.ts';
import { describeHeldBack, describeLifted, describingBans, finite } from './describe-bans.ts';
import { refuseHost } from './refuse-host.ts';
import { refuseWideEntry } from './whitelist-verbs.ts';

export interface BanVerbsOptions {
  /** Who asks, as history shows it. */
  readonly actor: string;
  readonly record: Record;
  readonly rescue: Rescue;
  readonly writer: ReportWriter;
  readonly ledger: Ledger;
  readonly standing: StandingBans;
  readonly whitelist: Whitelist;
  readonly policy: Policy;
  readonly protection: Protection;
  readonly enforcement: EnforcementOfBans;
  readonly teller: Teller;
  readonly clock: Clock;
}

/** Of more bans, only what firewalls refuse is said of each: the rest takes a look into every firewall for each ban. */
const describedMax = 1_000;

/** `ban`, `unban`, `bans`, `lookup`, `history`. */
export function banVerbs(options: BanVerbsOptions): [string, LocalVerb][] {
  return [
    ['ban', (args) => ban(options, args)],
    ['unban', (args) => unban(options, args)],
    ['bans', (args) => listBans(options, args)],
    ['lookup', (args) => lookUp(options, argument.network(args))],
    ['history', (args) => history(options, args)],
  ];
}

/** The operator's own ban passes the policy like any other, and is told like any. It takes the place of his last of the same name. */
async function ban(options: BanVerbsOptions, args: Arguments) {
  const { actor, record, writer, standing, teller, protection } = options;
  const network = argument.network(args);
  const ttlSeconds = argument.optionalDuration(args, 'ttl') ?? null;
  const jail = argument.text({ jail: handJail, ...args }, 'jail', jailPattern, jailAlphabet);
  const client = ownClient(actor);
  const evenHost = argument.flag(args, 'evenHost');
  const report = writer.makeReport(client, { network, jail, ttlSeconds, source: 'hand', evenHost });
  const written = await record.write((draft) => {
    const replaced = draft.reportOf(report);
    const refusal = evenHost ? undefined : refuseHost(protection.held, network, '--even-host');
    return refusal ?? writer.write(draft, client, report) ?? { replaced };
  });
  const decided = 'code' in written ? written : { code: 'recorded' as const };
  teller.decision({ client: actor, verb: 'ban', jail, network, ...decided });
  if ('code' in written) return { network, outcome: 'refused', ...written };
  const { replaced } = written;
  const standingBan = standing.get(network);
  return {
    network,
    outcome: 'recorded',
    endsAt: finite(report.endsAt),
    banEndsAt: finite(standingBan?.endsAt ?? report.endsAt),
    ...(replaced === undefined ? {} : { replaced: { endsAt: finite(replaced.endsAt) } }),
    ...heldBackOf(options, network),
  };
}

/** Lifts the reports of all hosts until their jails ban anew. `allow` keeps the network whitelisted for that long. */
async function unban(options: BanVerbsOptions, args: Arguments) {
  const { actor, rescue, clock, standing, protection, enforcement } = options;
  const network = argument.network(args);
  const seconds = argument.optionalDuration(args, 'allow');
  const refusal = seconds === undefined ? undefined : refuseWideEntry(network);
  if (refusal !== undefined) return { network, outcome: 'refused', ...refusal };
  const addedAt = clock.now();
  const allowed: readonly Decision[] =
    seconds === undefined
      ? []
      : [
          {
            kind: 'allowed',
            entry: { network, addedAt, endsAt: endAfter(addedAt, seconds), note: 'unban --allow' },
            actor,
          },
        ];
  const { lifted, ...outcome } = await rescue.decide({ kind: 'lifted', network, actor }, ...allowed);
  await enforcement.lookAgain();
  return {
    network,
    lifted: lifted.map(describeLifted),
    ...describeAround({ standing, protection }, network),
    ...(seconds === undefined ? {} : { allowedForSeconds: seconds }),
    enforcement: enforcement.of(network),
    ...outcome,
  };
}

/** Why the ban that was just made is not in force, if it is not. */
function heldBackOf({ protection }: BanVerbsOptions, network: Network) {
  const why = protection.whyHeld(network);
  return why === undefined ? {} : { heldBack: describeHeldBack(why) };
}

/** Bans of other networks that matter to one: wider ones that cover it, and those inside it. */
function describeAround({ standing, protection }: Pick<BanVerbsOptions, 'standing' | 'protection'>, network: Network) {
  const describeBan = describingBans((each) => protection.whyHeld(each));
  const wider = standing.covering(network).filter((each) => each.network !== network);
  const inside = bansInside(standing, network);
  return {
    coveredBy: wider.map(describeBan),
    insideCount: inside.length,
    inside: inside.slice(0, insideMax).map(describeBan),
  };
}

function listBans({ standing, protection, enforcement }: BanVerbsOptions, args: Arguments) {
  const describeBan = describingBans((each) => protection.whyHeld(each));
  const jail = argument.optionalText(args, 'jail');
  const client = argument.optionalText(args, 'client');
  const fits = (report: Report): boolean =>
    (jail === undefined || report.jail === jail) && (client === undefined || report.client === client);
  const bans = standing.list().filter((each) => each.reports.some(fits));
  const isCut = bans.length > describedMax;
  const refused = isCut ? enforcement.refusedNetworks() : undefined;
  return {
    bans: bans.map((each) => ({
      ...describeBan(each),
      ...(refused?.has(each.network) === false ? {} : { enforcement: enforcement.of(each.network) }),
    })),
    ...(isCut ? { isCut } : {}),
  };
}

function lookUp(options: BanVerbsOptions, network: Network) {
  const { standing, whitelist, policy, protection, enforcement } = options;
  const describeBan = describingBans((each) => protection.whyHeld(each));
  const own = standing.get(network);
  const { coveredBy, ...around } = describeAround(options, network);
  const lifted = standing.reportsOf(network).filter(({ isLifted }) => isLifted);
  return {
    network,
    bans: [...(own === undefined ? [] : [describeBan(own)]), ...coveredBy],
    ...around,
    lifted: lifted.map(describeLifted),
    whitelistedBy: whitelist.overlapping(network),
    refusal: policy.refuseAddress(network),
    hostIn: protection.held.hostIn(network)?.detail,
    enforcement: enforcement.of(network),
  };
}

async function history({ ledger }: BanVerbsOptions, args: Arguments) {
  const network = argument.optionalNetwork(args);
  const client = argument.optionalText(args, 'client');
  const jail = argument.optionalText(args, 'jail');
  const entries = await ledger.history({
    most: argument.count(args, 'most', 50),
    ...(network === undefined ? {} : { network }),
    ...(client === undefined ? {} : { client }),
    ...(jail === undefined ? {} : { jail }),
  });
  return {
    history: entries.map((entry) => ({
      ...entry,
      ...(entry.endsAt === undefined ? {} : { endsAt: finite(entry.endsAt) }),
    })),
  };
}
