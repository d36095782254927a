import type { Attack } from './attack.ts';
import { serverKilled } from './server-killed.ts';

/** All that `npm run attack` does. */
export const attacks: readonly Attack[] = [serverKilled];
