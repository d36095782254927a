import { EnforcerError } from '../../../shared/errors.ts';
import { callLocalSocket } from '../../../shared/host/local-socket.ts';
import { keepersIn, withKeeper } from '../../enforcers/opnsense/alias-mark.ts';
import type { ActionOutput } from './alias-command.ts';
import { type ActionInput, missing, refuseBuiltIn, targetOf } from './alias-target.ts';

/**
 * Has the description of an alias name the running server's ledger in place of any other; its other words stay.
 *
 * @throws NotRunningError without a server: its ledger is what is named
 */
export async function takeOverAlias(input: ActionInput): Promise<ActionOutput> {
  const { api, firewall, alias } = targetOf(input);
  refuseBuiltIn(alias);
  const ledger = await ownLedger(input.server.socket);
  const configured = await api.find(alias, input.signal);
  if (configured === undefined) throw missing(alias);
  const before = keepersIn(configured.description).filter((id) => id !== ledger);
  await api.describe(configured, withKeeper(configured.description, ledger), input.signal);
  const others = before.length === 0 ? 'no other' : before.join(', ');
  return {
    json: { firewall, alias, ledger, before },
    text: `${alias} is kept by this server's ledger ${ledger} from now on (before: ${others}); at once: fail2networkban-server reconcile`,
  };
}

async function ownLedger(socket: string): Promise<string> {
  const { marks } = await callLocalSocket(socket, 'status', {});
  const own: unknown = Array.isArray(marks) ? marks[0] : undefined;
  if (typeof own === 'string') return own;
  throw new EnforcerError('denied', 'the running server is of an older version: restart it');
}
