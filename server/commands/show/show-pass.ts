import { plural } from '../../../shared/plural.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import type { Answer } from '../ask.ts';
import { items, text } from './answer-text.ts';

/** How `reconcile`, `panic` and `resume` say what each firewall has come to. */
export function showPass(answer: Answer): string {
  const isPaused = answer['paused'] === true;
  const enforcers = items(answer['enforcers']);
  const lines = enforcers.map((each) => {
    switch (each['outcome']) {
      case 'done':
        return `${text(each['name'])}: ${isPaused ? describeOff(each) : describeDone(each)}`;
      case 'failing':
        return `${text(each['name'])}: failing${isPaused ? ', what it holds of ours may still be there' : ''}: ${reason(each)}`;
      default:
        return `${text(each['name'])}: not finished after ${text(answer['waitedMostSeconds'])} s, it goes on; see: fail2networkban-server status`;
    }
  });
  if (isPaused) lines.push('paused: bans are recorded and not enforced until: fail2networkban-server resume');
  if (answer['unread'] !== undefined) lines.push(`no new ban is put into force: ${text(answer['unread'])}`);
  if (enforcers.length === 0) lines.push('no firewall is configured');
  return lines.join('\n');
}

/** What a firewall does not do though it answers goes before all else. */
function describeDone(each: Answer): string {
  const refused = refusals(each);
  const state = refused.length > 0 ? `NOT IN SYNC, it refuses: ${refused.join(', ')}; ${seeStatus}` : 'in sync';
  return `${state}, ${entries(each['ours'])}${heldBack(each)}`;
}

const seeStatus = 'see: fail2networkban-server status';

function refusals({ refused, unremoved }: Answer): string[] {
  const [notBlocked, notFreed] = [Number(refused ?? 0), Number(unremoved ?? 0)];
  return [
    ...(notBlocked > 0 ? [`${plural(notBlocked, 'ban')} not blocked`] : []),
    ...(notFreed > 0 ? [`${plural(notFreed, 'network')} still blocked`] : []),
  ];
}

/** Beside `in sync`: what stands and is not in there. */
function heldBack({ heldBack: count }: Answer): string {
  return Number(count) > 0 ? `, ${plural(Number(count), 'ban')} held back: fail2networkban-server status` : '';
}

function describeOff({ before, ...each }: Answer): string {
  const refused = refusals(each);
  if (refused.length > 0) return `NOT ALL TAKEN OFF, it refuses: ${refused.join(', ')}; ${seeStatus}`;
  return Number(before) > 0 ? `${entries(before)} taken off, none is left` : 'none of ours is there';
}

function entries(count: unknown): string {
  return `${plural(Number(count), 'entry', 'entries')} of ours`;
}

function reason({ state }: Answer): string {
  return isObject(state) ? text(state['reason']) : '';
}
