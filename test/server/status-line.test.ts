import { it } from 'node:test';
import { until } from '../until.ts';
import { withServer } from './running-server.ts';

it('says in one line what stands, and first what is wrong', () =>
  withServer(async (server) => {
    await server.ask('ban', { network: '203.0.113.7' });
    await until(() => server.server.status === '1 ban, 0 hosts connected, dry-run in sync', 'all is well');
    await server.ask('panic');
    const paused = 'PAUSED (panic): nothing is enforced until resume; 1 ban, 0 hosts connected, dry-run in sync';
    await until(() => server.server.status === paused, 'the pause is said');
  }));
