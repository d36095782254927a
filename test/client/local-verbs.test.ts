import assert from 'node:assert/strict';
import { makeLocalVerbs } from '../../client/local-verbs.ts';
import { makeFolder, testWithEnding } from '../ending.ts';
import { ManualClock } from '../manual-clock.ts';
import { until } from '../until.ts';
import { addressOf, settingsFor, startAgent, startServer } from './agent-under-test.ts';

testWithEnding('an agent that ends keeps no timer for a list that somebody waits for', async (test) => {
  const clock = new ManualClock();
  const server = await startServer(test);
  const settings = settingsFor(await makeFolder(test), [addressOf(server)]);
  const { agent, stop } = await startAgent(test, settings, { clock, fail2ban: () => new Promise(() => undefined) });
  await until(() => agent.destinations[0]?.courier.state.kind === 'connected', 'it is connected');
  const verbs = makeLocalVerbs(agent, clock);
  const resent = verbs.get('resend')?.({ jail: 'sshd' });
  await stop();
  assert.deepEqual(await resent, {
    jail: 'sshd',
    servers: [{ server: 'main', kind: 'waiting', reason: 'events come all the time' }],
  });
  await until(() => clock.waiting === 0, 'no timer is left');
});
