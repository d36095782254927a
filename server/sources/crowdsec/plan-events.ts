import type { BanEvent } from '../../../shared/frames.ts';
import { type Labels, readLabels } from '../../../shared/labels.ts';
import { limits } from '../../../shared/limits.ts';
import type { Network } from '../../../shared/network.ts';
import type { Report } from '../../ledger/ledger.ts';
import type { Claim } from './choose-claims.ts';

/** The jail of scenarios that have none of their own: the name has nothing of a jail's, or too many have one. */
export const otherJail = 'crowdsec';

/** Scenarios with a jail of their own: half of the jails that a client may have, as the others may be about to end. */
export const ownJailsMax = limits.jailsPerClientMax / 2;

/** A report's end is moved only when it is off by more than this: answers take their time on the way. */
const endToleranceMs = 60_000;

/** Events about one network. They belong into one commit, so that nobody sees it free in between. */
export type NetworkEvents = readonly BanEvent[];

export interface PlanOptions {
  /** Instant, milliseconds since the epoch. */
  readonly now: number;
  /** Whether this claim may be made now: one that was refused rests for a while. */
  readonly mayClaim: (claim: Claim) => boolean;
}

/**
 * The events that make the reports of one client what CrowdSec says.
 *
 * | claim | reports of the network | events |
 * | --- | --- | --- |
 * | none | any | unban |
 * | one | none | ban |
 * | one | of this jail, the same end and decision | – |
 * | one | of this jail, another end or decision | ban |
 * | one | of another jail | unban that, ban |
 * | no newer decision | lifted by an operator | – |
 * | a newer decision | lifted by an operator | ban |
 *
 * What has ended is left to the expiry sweep.
 *
 * @param claims the one that counts most first; it is reported last, so that firewalls take it first
 */
export function planEvents(
  claims: readonly Claim[],
  reports: readonly Report[],
  { now, mayClaim }: PlanOptions,
): readonly NetworkEvents[] {
  const held = byNetwork(reports);
  const jails = new Set(reports.map(({ jail }) => jail));
  const planned: NetworkEvents[] = [];
  for (const claim of claims.toReversed()) {
    const ofNetwork = held.get(claim.network) ?? [];
    held.delete(claim.network);
    const events = planNetwork(claim, ofNetwork, { now, jail: jailFor(claim, ofNetwork, jails) });
    if (events.some(({ verb }) => verb === 'ban') && !mayClaim(claim)) continue;
    if (events.length > 0) planned.push(events);
  }
  const unclaimed = [...held.values()].map((each) => each.filter(({ endsAt }) => endsAt > now).map(unban));
  // First: they make room.
  return [...unclaimed.filter((events) => events.length > 0), ...planned];
}

function planNetwork(
  claim: Claim,
  reports: readonly Report[],
  { now, jail }: { readonly now: number; readonly jail: string },
): NetworkEvents {
  if (reports.some((report) => report.isLifted && decisionOf(report) >= claim.newest)) return [];
  const unbans = reports.filter((report) => report.jail !== jail).map(unban);
  const own = reports.find((report) => report.jail === jail);
  if (own !== undefined && !own.isLifted && says(own, claim, now)) return unbans;
  return [...unbans, ban(claim, jail)];
}

function says(report: Report, claim: Claim, now: number): boolean {
  const offMs = Math.abs(report.endsAt - (now + claim.remainingMs));
  return decisionOf(report) === claim.newest && offMs <= endToleranceMs;
}

function decisionOf({ labels }: Report): number {
  return Number(labels?.['decision'] ?? -1);
}

/** Takes a report back. */
export function unban({ network, jail }: Report): BanEvent {
  return { number: 0, verb: 'unban', jail, network, ttlSeconds: null, source: 'jail' };
}

function ban(claim: Claim, jail: string): BanEvent {
  const ttlSeconds = Math.min(Math.ceil(claim.remainingMs / 1_000), limits.ttlMaxSeconds);
  return { number: 0, verb: 'ban', jail, network: claim.network, ttlSeconds, source: 'jail', labels: labelsOf(claim) };
}

/** What does not fit into a label is left out. */
function labelsOf({ newest, origin, scenario }: Claim): Labels {
  const labels = [{ decision: String(newest) }, { origin }, { scenario }].map((label) => readLabels(label) ?? {});
  return Object.assign({}, ...labels);
}

/** A report stays in the jail that it has, as long as there is no newer decision. */
function jailFor(claim: Claim, reports: readonly Report[], jails: Set<string>): string {
  if (reports.some((report) => report.jail === otherJail && decisionOf(report) === claim.newest)) return otherJail;
  const jail = toJail(claim.scenario);
  if (!jails.has(jail) && jails.size >= ownJailsMax) return otherJail;
  jails.add(jail);
  return jail;
}

/** `crowdsecurity/ssh-bf` becomes `crowdsecurity-ssh-bf`. */
function toJail(scenario: string): string {
  const fit = scenario
    .slice(0, limits.jailMaxCharacters)
    .replace(/[^A-Za-z0-9._@+-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '');
  return fit === '' ? otherJail : fit;
}

function byNetwork(reports: readonly Report[]): Map<Network, Report[]> {
  const found = new Map<Network, Report[]>();
  for (const report of reports) {
    const others = found.get(report.network);
    if (others === undefined) found.set(report.network, [report]);
    else others.push(report);
  }
  return found;
}
