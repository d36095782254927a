import type { AgentSettings } from './agent-settings.ts';
import { absentFail2ban, type Fail2ban, makeFail2ban } from './fail2ban-client.ts';
import { noFail2banHere } from './jails/no-jails.ts';

/** This host's fail2ban as it is configured; where it is configured to have none, each question fails and says so. */
export function fail2banOf({ hasFail2ban, fail2banClient, fail2banSocket }: AgentSettings): Fail2ban {
  if (!hasFail2ban) return absentFail2ban(noFail2banHere);
  return makeFail2ban({ program: fail2banClient, socket: fail2banSocket });
}
