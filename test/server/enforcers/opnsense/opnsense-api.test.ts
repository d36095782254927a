import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { OpnsenseApi, partsMax } from '../../../../server/enforcers/opnsense/opnsense-api.ts';
import { systemClock } from '../../../../shared/clock.ts';
import { describeError, EnforcerError } from '../../../../shared/errors.ts';

describe('an answer of OPNsense', () => {
  it('that would take gigabytes as objects is not read', async () => {
    const server = createServer((_request, response) => response.end(`[${'{},'.repeat(partsMax / 2)}{}]`));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const endpoint = { scheme: 'http', host: '127.0.0.1', port } as const;
    const api = new OpnsenseApi({ endpoint, readKey: () => 'key:secret', clock: systemClock });
    const error: unknown = await api.list('blocklist', new AbortController().signal).catch((each: unknown) => each);
    assert.ok(error instanceof EnforcerError && error.code === 'retry');
    assert.match(describeError(error), /has more than 12000000 parts/);
    api.close();
    server.closeAllConnections();
    server.close();
  });
});
