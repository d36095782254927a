import type { Clock } from '../../../../shared/clock.ts';
import { type Caller, isAllowed } from '../access/access-control.ts';
import type { CostModel } from '../behaviour/cost-model.ts';
import type { FirewallLock } from '../behaviour/firewall-lock.ts';
import { countEntries } from '../cluster-fw/cluster-fw.ts';
import type { ClusterFwFile } from '../cluster-fw/cluster-fw-file.ts';
import { ApiFailure } from './api-failure.ts';
import type { FirewallChange, FirewallQuery } from './api-method.ts';
import { checkParameters, type GivenParameters } from './parameters.ts';
import type { Route } from './router.ts';

/** What a call works on. */
export interface Workplace {
  readonly file: ClusterFwFile;
  readonly lock: FirewallLock;
  readonly cost: CostModel;
  readonly clock: Clock;
}

/** A call as it arrives: which method, with what, by whom. */
export interface Call {
  readonly route: Route;
  readonly given: GivenParameters;
  readonly caller: Caller;
}

/** Whether pveproxy leaves the call to pvedaemon: all changes, and reading a single entry. */
export function goesThroughDaemon({ method }: Route): boolean {
  return method.kind === 'firewall-change' || (method.kind === 'firewall-query' && method.throughDaemon);
}

/**
 * Does what is asked: privilege, then parameters, then the work.
 *
 * @returns the data of the answer
 * @throws ApiFailure
 */
export async function carryOut(call: Call, workplace: Workplace): Promise<unknown> {
  const { method, pathParameters } = call.route;
  const required = method.requires?.(Object.fromEntries(pathParameters));
  if (required !== undefined && !isAllowed(call.caller, required.path, required.privilege)) {
    throw new ApiFailure(403, `Permission check failed (${required.path}, ${required.privilege})`);
  }
  switch (method.kind) {
    case 'other-query':
      return method.ask(checkParameters(method.parameters, call.given), call.caller);
    case 'firewall-query':
      return await readFirewall(method, call.given, workplace);
    case 'firewall-change':
      await changeFirewall(method, call.given, workplace);
      return null;
  }
}

async function readFirewall(
  method: FirewallQuery,
  given: GivenParameters,
  { file, cost, clock }: Workplace,
): Promise<unknown> {
  const startedAt = clock.elapsed();
  const parameters = checkParameters(method.parameters, given);
  const config = file.readByDaemon();
  const entries = countEntries(config);
  try {
    return method.read(config, parameters);
  } finally {
    await cost.spendRead(startedAt, entries);
  }
}

/** Reading, changing and writing happen in one go; the lock is held until the time that it would take is over. */
async function changeFirewall(method: FirewallChange, given: GivenParameters, workplace: Workplace): Promise<void> {
  const { file, lock, cost, clock } = workplace;
  const parameters = checkParameters(method.parameters, given);
  await lock.run(async () => {
    const startedAt = clock.elapsed();
    const config = file.readByDaemon();
    const entries = countEntries(config);
    try {
      method.change(config, parameters);
      file.write(config);
    } finally {
      await cost.spendWrite(startedAt, entries);
    }
  });
}
