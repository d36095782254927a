import type { Network } from '../../shared/network.ts';
import type { Report } from '../ledger/ledger.ts';
import type { HeldBack } from '../protection/held-back.ts';
import type { Ban } from '../standing-bans.ts';

/** JSON has no Infinity: null is permanent. */
export function finite(endsAt: number): number | null {
  return Number.isFinite(endsAt) ? endsAt : null;
}

/** Says why a ban is not in force; undefined when nothing holds it back. */
export type WhyHeld = (network: Network) => HeldBack | undefined;

/** Returns what describes each of some bans. */
export function describingBans(whyHeld: WhyHeld): (ban: Ban) => ReturnType<typeof describeBan> {
  return (ban) => describeBan(ban, whyHeld);
}

function describeBan({ network, endsAt, reports }: Ban, whyHeld: WhyHeld) {
  const ban = { network, endsAt: finite(endsAt), reports: reports.map(describeReport) };
  const heldBack = whyHeld(network);
  return heldBack === undefined ? ban : { ...ban, heldBack: describeHeldBack(heldBack) };
}

export function describeHeldBack({ code, detail }: HeldBack) {
  return { code, detail };
}

export function describeReport({ client, jail, source, reportedAt, endsAt, labels }: Report) {
  const report = { client, jail, source, reportedAt, endsAt: finite(endsAt) };
  return labels === undefined ? report : { ...report, labels };
}

/** A report that was lifted, among those of other networks. */
export function describeLifted(report: Report) {
  return { network: report.network, ...describeReport(report) };
}
