import assert from 'node:assert/strict';
import { it } from 'node:test';
import { judgeWhitelist } from '../../../../server/doctor/judge/judge-addresses.ts';
import { parseNetwork } from '../../../../shared/network.ts';

const name = {
  name: 'home.example.org',
  isAnswered: true,
  networks: [],
  since: undefined,
  nextLookAt: undefined,
  trouble: undefined,
};
const networks = [parseNetwork('192.0.2.0/24')].filter((network) => network !== undefined);

it('calls a whitelist empty only when no DNS name stands on it either', () => {
  const codesOf = (...args: Parameters<typeof judgeWhitelist>) => judgeWhitelist(...args).map(({ code }) => code);
  assert.deepEqual(codesOf([], []), ['whitelist-empty']);
  assert.deepEqual(codesOf([], [name]), []);
  assert.deepEqual(codesOf(networks, [name]), ['whitelisted']);
});
