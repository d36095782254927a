import { statusText } from '../shared/host/status-text.ts';
import { plural } from '../shared/plural.ts';
import { type ShownState, shownState } from '../shared/reconcile/shown-state.ts';
import type { Reconciler } from '../shared/reconciler.ts';
import type { Core } from './core.ts';

/** What the server does now, in one line for systemd: what is wrong goes first. */
export function describeServer({ standing, connected, record, enforcement, isPaused }: Core): string {
  const { reconcilers } = enforcement;
  const hosts = new Set(connected.list().map(({ client }) => client));
  const wrong = [
    ...(isPaused ? ['PAUSED (panic): nothing is enforced until resume'] : []),
    ...(record.state.kind === 'failing' ? [`the ledger CANNOT BE WRITTEN: ${record.state.reason}`] : []),
    ...reconcilers.flatMap(describeTrouble),
  ];
  const works = reconcilers.flatMap((reconciler) => describeWork(reconciler.name, shownState(reconciler)));
  return statusText(wrong, [plural(standing.size, 'ban'), `${plural(hosts.size, 'host')} connected`, ...works]);
}

function describeWork(name: string, { kind }: ShownState): string[] {
  if (kind === 'in-sync') return [`${name} in sync`];
  return kind === 'working' ? [`${name} working`] : [];
}

function describeTrouble({ name, state, refused, unremoved }: Reconciler): string[] {
  const fails = state.kind === 'failing' ? [`${name} FAILS: ${state.reason}`] : [];
  const count = refused.length + unremoved.length;
  return count === 0 ? fails : [...fails, `${name} REFUSES ${plural(count, 'network')}`];
}
