import { type Fail2ban, Fail2banError } from '../fail2ban-client.ts';
import { parseActionNames, parseJailNames } from '../jails.ts';
import type { Fail2banFacts, JailFacts } from './fail2ban-findings.ts';

/** Asks fail2ban for its jails and their actions. */
export async function gatherFail2ban(fail2ban: Fail2ban, signal: AbortSignal): Promise<Fail2banFacts> {
  try {
    const jails: JailFacts[] = [];
    for (const name of parseJailNames(await fail2ban(['status'], signal))) {
      jails.push({ name, actions: parseActionNames(await fail2ban(['get', name, 'actions'], signal)) });
    }
    return { kind: 'running', jails };
  } catch (error) {
    if (error instanceof Fail2banError) return { kind: 'silent', reason: error.message };
    throw error;
  }
}
