import { agentKilled } from './agent-killed.ts';
import type { Attack } from './attack.ts';
import { flood } from './flood.ts';
import { forgedFrames } from './forged-frames.ts';
import { serverKilled } from './server-killed.ts';
import { twoServers } from './two-servers.ts';

/** All that `npm run attack` does. */
export const attacks: readonly Attack[] = [serverKilled, forgedFrames, flood, twoServers, agentKilled];
