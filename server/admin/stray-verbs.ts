import { ArgumentError, type LocalVerb } from '../../shared/host/local-socket.ts';
import type { Network } from '../../shared/network.ts';
import { quote } from '../../shared/refusal.ts';
import type { EnforcementOfBans, FirewallStrays } from '../enforcement.ts';
import type { OwnMarks } from '../enforcers/ownership/ledger-mark.ts';
import { ownClient } from '../own-clients.ts';
import type { Record } from '../record.ts';
import type { ReportWriter } from '../report-writer.ts';
import { type Arguments, argument } from './arguments.ts';
import { finite } from './describe-bans.ts';
import { passMaxMs } from './server-verbs.ts';

export interface StrayVerbsOptions {
  /** Who asks, as history shows it. */
  readonly actor: string;
  readonly record: Record;
  readonly writer: ReportWriter;
  readonly enforcement: EnforcementOfBans;
  readonly marks: OwnMarks;
}

/** The jail under which bans are recorded that another ledger had put into a firewall. */
export const adoptedJail = 'adopted';
/** How long such bans go on when nothing is said. */
const adoptedTtl = '7d';
/** Entries that a listing shows of each firewall; the others are counted. */
const shownMost = 50;
/** One commit holds so many reports: others have their turn between. */
const reportsPerCommit = 500;

/** `adopt`, `clear`: what becomes of entries that nobody here looks after. Without `yes` both only say what they would do. */
export function strayVerbs(options: StrayVerbsOptions): [string, LocalVerb][] {
  return [
    ['adopt', (args) => adopt(options, args)],
    ['clear', (args) => clear(options, args)],
  ];
}

/** Takes the entries out of the firewalls: those that are listed now, and none that comes. What is banned here stays. */
async function clear({ enforcement }: StrayVerbsOptions, args: Arguments) {
  const found = find(enforcement, args);
  const listed = { verb: 'clear', ...describe(found) };
  if (!argument.flag(args, 'yes')) return { ...listed, outcome: 'listed' };
  enforcement.release(found);
  return { ...listed, ...(await outcomeOf(enforcement)) };
}

/**
 * Records their bans as the operator's, with an end, and looks after the entries from now on. What the policy refuses stays as it
 * is, and is answered.
 */
async function adopt(options: StrayVerbsOptions, args: Arguments) {
  const { enforcement, record, marks } = options;
  const ttlSeconds = argument.optionalDuration({ ttl: adoptedTtl, ...args }, 'ttl') ?? null;
  const found = find(enforcement, args);
  const listed = { verb: 'adopt', ttlSeconds, ...describe(found) };
  if (!argument.flag(args, 'yes')) return { ...listed, outcome: 'listed' };
  const [{ id }] = found;
  if (!marks.has(id)) await record.write((draft) => draft.quietly({ kind: 'mark-adopted', id }));
  marks.add(id);
  const reported = await report(options, networksOf(found), ttlSeconds);
  return { ...listed, ...reported, ...(await outcomeOf(enforcement)) };
}

async function report({ actor, record, writer }: StrayVerbsOptions, networks: readonly Network[], ttl: number | null) {
  const client = ownClient(actor);
  const refused: { readonly network: Network; readonly code: string; readonly detail?: string | undefined }[] = [];
  let endsAt: number | null = null;
  for (let from = 0; from < networks.length; from += reportsPerCommit) {
    await record.write((draft) => {
      for (const network of networks.slice(from, from + reportsPerCommit)) {
        const claim = { network, jail: adoptedJail, ttlSeconds: ttl, source: 'hand' } as const;
        const made = writer.makeReport(client, claim);
        const refusal = writer.write(draft, client, made);
        endsAt = finite(made.endsAt);
        if (refusal !== undefined) refused.push({ network, ...refusal });
      }
    });
  }
  return { recorded: networks.length - refused.length, refused, endsAt };
}

/** At least one. @throws ArgumentError that names what there is */
function find(enforcement: EnforcementOfBans, args: Arguments): readonly [FirewallStrays, ...FirewallStrays[]] {
  const all = enforcement.allStrays();
  const [first, ...others] = all.filter(({ id }) => id === args['id']);
  if (first !== undefined) return [first, ...others];
  const ids = [...new Set(all.map(({ id }) => id))].join(', ') || 'nothing of the kind is in any firewall';
  throw new ArgumentError(`id: ${quote(args['id'])} is not found; there is: ${ids}`);
}

function describe(found: readonly FirewallStrays[]) {
  return {
    firewalls: found.map(({ enforcer, entries, ...rest }) => ({
      name: enforcer,
      ...rest,
      entries: entries.length,
      first: entries.slice(0, shownMost).map(({ spelling, mark }) => ({ entry: spelling, mark })),
    })),
  };
}

function networksOf(found: readonly FirewallStrays[]): readonly Network[] {
  return [...new Set(found.flatMap(({ entries }) => entries.map(({ network }) => network)))];
}

async function outcomeOf(enforcement: EnforcementOfBans) {
  const passes = await enforcement.pass(passMaxMs);
  return { outcome: passes.every(({ outcome }) => outcome === 'done') ? 'done' : 'failed' };
}
