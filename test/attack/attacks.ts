import { agentKilled } from './agent-killed.ts';
import type { Attack } from './attack.ts';
import { clockJumped } from './clock-jumped.ts';
import { diskFull } from './disk-full.ts';
import { fail2banRestarted } from './fail2ban-restarted.ts';
import { fileEnd } from './file-end.ts';
import { flood } from './flood.ts';
import { forgedFrames } from './forged-frames.ts';
import { serverKilled } from './server-killed.ts';
import { twoServers } from './two-servers.ts';

/** All that `npm run attack` does. */
export const attacks: readonly Attack[] = [
  serverKilled,
  forgedFrames,
  flood,
  twoServers,
  agentKilled,
  diskFull,
  clockJumped,
  fail2banRestarted,
  fileEnd,
];
