import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CrowdsecError } from '../../../../server/sources/crowdsec/crowdsec-error.ts';
import {
  type DecisionFilter,
  partsMax,
  type ReadDecisions,
  readAnswer,
} from '../../../../server/sources/crowdsec/read-decisions.ts';
import { parseNetwork } from '../../../../shared/network.ts';
import { decision, rawDecision } from './samples.ts';

const all: DecisionFilter = { origins: undefined, scenarios: ['*'] };

async function countsOf(value: unknown): Promise<{ decisions: number; others: number; malformed: number }> {
  const { decisions, others, malformed } = await read(JSON.stringify(value));
  return { decisions: decisions.length, others, malformed };
}

function read(body: string, filter = all): Promise<ReadDecisions> {
  return readAnswer(body, filter, setImmediate);
}

describe('an answer of CrowdSec', () => {
  it('holds decisions about addresses and CIDRs; none is null', async () => {
    const body = JSON.stringify([
      rawDecision(4, '11.0.0.7', { duration: '3h51m48.32s', uuid: 'x', until: '2026-01-01T00:00:00Z' }),
      rawDecision(5, '203.0.113.77/24', { scope: 'Range', origin: 'crowdsec' }),
      rawDecision(6, '2001:DB8::1', { scope: 'ip', type: 'Ban', scenario: "manual 'ban' ü" }),
    ]);
    assert.deepEqual(await read(body), {
      decisions: [
        decision(4, '11.0.0.7', { remainingMs: 13_908_320 }),
        decision(5, '203.0.113.0/24', { origin: 'crowdsec' }),
        decision(6, '2001:db8::1', { scenario: "manual 'ban' ü" }),
      ],
      others: 0,
      malformed: 0,
    });
    assert.deepEqual(await read('null'), { decisions: [], others: 0, malformed: 0 });
  });

  for (const [what, rest] of [
    ['another type', { type: 'captcha' }],
    ['a name', { scope: 'username', value: 'mallory' }],
    ['a country', { scope: 'Country', value: 'XX' }],
    ['a trial', { simulated: true }],
    ['one that has ended', { duration: '-27.268988ms' }],
    ['one that ends now', { duration: '0s' }],
  ] as const) {
    it(`may hold ${what}, which is another's`, async () => {
      assert.deepEqual(await countsOf([rawDecision(1, '203.0.113.7', rest)]), {
        decisions: 0,
        others: 1,
        malformed: 0,
      });
    });
  }

  it('is filtered by origin and scenario', async () => {
    const filter = { origins: ['crowdsec', 'cscli'], scenarios: ['crowdsecurity/ssh-*', 'mine'] };
    const list = [
      rawDecision(1, '203.0.113.1', { origin: 'CAPI' }),
      rawDecision(2, '203.0.113.2', { origin: 'crowdsec', scenario: 'mine' }),
      rawDecision(3, '203.0.113.3', { scenario: 'minefield' }),
      rawDecision(4, '203.0.113.4', { scenario: 'crowdsecurity/ssh-slow-bf' }),
      rawDecision(5, '203.0.113.5', { scenario: 'crowdsecurity/http-probing' }),
    ];
    const { decisions, others } = await read(JSON.stringify(list), filter);
    assert.deepEqual([decisions.map(({ id }) => id), others], [[2, 4], 3]);
  });

  for (const body of ['', '{', 'no', '{}', '{"message":"x"}', '"x"', '7', 'true', '[1', '[]]', '\u0000']) {
    it(`is none when it is ${JSON.stringify(body)}`, async () => {
      await assert.rejects(read(body), CrowdsecError);
    });
  }

  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    id: [undefined, null, '4', 1.5, -1, 2 ** 60, [], {}],
    duration: [undefined, null, 3_600, '1h!', '1 h', '9999999999h', ['1h'], {}],
    origin: [undefined, null, 7, ['cscli']],
    scenario: [undefined, null, false, {}],
    scope: [undefined, null, 1, ['Ip']],
    type: [undefined, null, 0, ['ban']],
    value: [undefined, null, 7, '', 'host.example', '203.0.113', '203.0.113.7/33', '203.0.113.7 ', '::1%lo', '0x7f.1'],
  };
  for (const [name, values] of Object.entries(wrong)) {
    it(`keeps its good decisions when the ${name} of another is wrong`, async () => {
      const list = values.map((value) => rawDecision(1, '203.0.113.7', { [name]: value }));
      const good = rawDecision(2, '203.0.113.8');
      assert.deepEqual(await countsOf([...list, good]), { decisions: 1, others: 0, malformed: list.length });
    });
  }

  it('is read to its end, whatever stands in its fields', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('Ip', 'Range', 'ban', '1h', '-1s', '0', '203.0.113.7', '::/0', 'cscli'),
    );
    const field = fc.oneof(text, fc.jsonValue(), fc.integer());
    const fields = ['id', 'duration', 'origin', 'scenario', 'scope', 'type', 'value', 'simulated', '__proto__'];
    const record = fc.dictionary(fc.constantFrom(...fields), field);
    const overGood = fc.tuple(fc.constantFrom(...fields), field).map(([name, value]) => ({
      ...rawDecision(1, '203.0.113.7'),
      [name]: value,
    }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(overGood, record, fc.jsonValue()), { maxLength: 20 }), async (list) => {
        const { decisions, others, malformed } = await read(JSON.stringify(list));
        assert.equal(decisions.length + others + malformed, list.length);
        for (const { id, network, remainingMs } of decisions) {
          assert.ok(Number.isSafeInteger(id) && remainingMs > 0 && Number.isFinite(remainingMs));
          assert.equal(parseNetwork(network), network);
        }
      }),
    );
  });

  for (const [what, body] of [
    ['empty objects', `[${'{},'.repeat(partsMax)}{}]`],
    ['lists in lists', '['.repeat(partsMax + 1)],
    ['numbers', `[${'1,'.repeat(partsMax)}1]`],
  ] as const) {
    it(`is not read when it is made of too many ${what}`, async () => {
      await assert.rejects(read(body), /more than (?:2000000 parts|64 levels)/);
    });
  }

  it('may be any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), async (body) => {
        try {
          await read(body);
        } catch (error) {
          assert.ok(error instanceof CrowdsecError);
        }
      }),
    );
  });
});
