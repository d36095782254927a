import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isObject } from '../../../shared/sealed-channel.ts';
import { withServer } from '../running-server.ts';
import { askHttp, makeHttpClient } from './ask-http.ts';
import { OpenApiCheck } from './openapi-check.ts';

/** Values that some reader takes, and what is near to them. */
const anyValue = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '-1', '0', '1e9', '9'.repeat(16), 'NaN', 'null', '*', '**a*', 'a'.repeat(500), '../..', '%00'),
  fc.constantFrom('203.0.113.7', '203.0.113.0/24', '::ffff:192.0.2.1', '2001:db8::/32', '0.0.0.0/0', '::/0', '1.2.3'),
  fc.constantFrom('yes', 'no', '10m', '0s', 'permanent', 'site=fra1', 'a=b,c=d', 'jail', 'history', 'asc', 'client'),
  fc.constantFrom('2026-01-01T00:00:00Z', '2026-99-99T00:00:00Z', '1767225600000', '6', 'admin', 'web1', '__proto__'),
);
const anyBody = fc.oneof(
  fc.jsonValue(),
  fc.record(
    { name: anyValue, may: fc.array(anyValue), from: fc.array(anyValue), http: fc.boolean() },
    { requiredKeys: [] },
  ),
);

function namesIn(operation: Readonly<Record<string, unknown>>, place: 'path' | 'query'): string[] {
  const { parameters } = operation;
  const known: unknown[] = Array.isArray(parameters) ? parameters : [];
  return known.filter(isObject).flatMap((each) => (each['in'] === place ? String(each['name']) : []));
}

/** What the asking side leaves as it is: a dot or two is taken off on the way, and half a character cannot be sent. */
function staysOnePart(value: string): boolean {
  return !['', '.', '..'].includes(value) && !/\p{Cs}/u.test(value);
}

describe('whatever stands in an argument or a body', () => {
  it('is answered as the OpenAPI document says, and never with a fault', () =>
    withServer(async (server) => {
      server.server.reload({ ...server.settings, http: { enabled: true, urlBans: true } }, undefined);
      // By no name that stands above: it must not take its own key away.
      const token = await makeHttpClient(server, { name: 'asking', may: 'ban,unban,operate' });
      await makeHttpClient(server, { name: 'admin', may: 'operate' });
      const check = await OpenApiCheck.of(server);
      for (const [name, operation] of check.operations) {
        const [method = '', url = ''] = name.split(' ');
        const places = namesIn(operation, 'path');
        const query = fc.dictionary(fc.constantFrom(...namesIn(operation, 'query'), 'other'), anyValue, { maxKeys: 3 });
        const path = fc.tuple(...places.map(() => anyValue.filter(staysOnePart)));
        const runs = fc.asyncProperty(path, query, anyBody, async (parts, given, body) => {
          server.clock.advance(60_000);
          const asked = places.reduce(
            (made, part, at) => made.replace(`{${part}}`, () => encodeURIComponent(parts[at] ?? '')),
            url,
          );
          const search = new URLSearchParams(given).toString();
          const content = operation['requestBody'] === undefined ? {} : { body: JSON.stringify(body) };
          const headers = { 'content-type': 'application/json', 'x-api-key': token };
          const answer = await askHttp(server, `${method} ${asked}${search && `?${search}`}`, {
            token,
            headers,
            ...content,
          });
          assert.notEqual(answer.status, 500);
          check.check(name, answer);
        });
        await fc.assert(runs, { numRuns: 25 });
      }
      assert.equal((await askHttp(server, 'GET /api/v1/status', { token })).status, 200);
    }));
});
