import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EscalationSettings, readEscalationSettings } from '../../../server/escalation/escalation-settings.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { SettingsReader } from '../../../shared/settings-reader.ts';

function read(lines: readonly string[], historyDays = 90): EscalationSettings | undefined {
  const reader = new SettingsReader('server.ini', lines.join('\n'));
  const settings = readEscalationSettings(reader, historyDays);
  reader.finish();
  return settings;
}

const day = 86_400_000;

describe('[escalation]', () => {
  it('is off without the section', () => {
    assert.equal(read([]), undefined);
  });

  it('has defaults for the steps, and none for the neighbourhood', () => {
    assert.deepEqual(read(['[escalation]']), {
      withinMs: 7 * day,
      steps: [
        { count: 3, forMs: day },
        { count: 5, forMs: 7 * day },
        { count: 10, forMs: Number.POSITIVE_INFINITY },
      ],
      neighbours: undefined,
    });
    assert.equal(read(['[escalation]'], 2)?.withinMs, 2 * day);
  });

  it('takes as many steps as one likes, and each rule alone', () => {
    const steps = Array.from({ length: 200 }, (_, at) => `${at + 2}:${at + 1}h`);
    assert.equal(read(['[escalation]', `steps = ${steps.join(' ')}`])?.steps.length, 200);
    const lines = [
      '[escalation]',
      'steps = none',
      'network_hosts = 8',
      'network_within = 2h',
      'network_for = permanent',
    ];
    assert.deepEqual(read(lines), {
      withinMs: 7 * day,
      steps: [],
      neighbours: { hosts: 8, withinMs: 7_200_000, forMs: Number.POSITIVE_INFINITY },
    });
  });

  const wrong: readonly (readonly [line: string, problem: RegExp])[] = [
    ['within = 5m', /^within: "5m": allowed is a duration as .*, at least 600s$/],
    ['within = 91d', /^within: 91d: allowed is at most history_days of \[server\], 90d/],
    ['steps = 3', /^steps: "3": allowed is COUNT:TIME one after the other, as 3:1d 5:7d 10:permanent; or none$/],
    ['steps = 3:1y', /^steps: "3:1y": allowed is COUNT:TIME/],
    ['steps = 3:0s', /^steps: "3:0s": allowed is COUNT:TIME/],
    ['steps = 3:9999999999w', /^steps: "3:9999999999w": allowed is COUNT:TIME/],
    ['steps = 1:1d', /^steps: "1:1d": allowed are counts from 2 to 1000$/],
    ['steps = 1001:1d', /^steps: "1001:1d": allowed are counts from 2 to 1000$/],
    ['steps = 5:1d 3:7d', /^steps: "3:7d": allowed is a count above 5, that of the step before$/],
    ['steps = 3:1d 3:7d', /^steps: "3:7d": allowed is a count above 3/],
    ['steps = 3:7d 5:1d', /^steps: "5:1d": allowed is a longer time than that of the step before$/],
    ['steps = 3:permanent 5:permanent', /^steps: "5:permanent": allowed is a longer time/],
    ['network_hosts = 1', /^network_hosts: "1": allowed is a whole number from 2 to 256$/],
    ['network_hosts = 257', /^network_hosts: "257": allowed/],
    ['network_within = 1d', /^network_within: has no use without network_hosts/],
    ['network_for = 1d', /^network_for: has no use without network_hosts/],
    ['network_for = long', /^network_for: "long": allowed is a duration as .*, or permanent$/],
    ['stepz = 3:1d', /^stepz: unknown key: /],
  ];
  for (const [line, problem] of wrong) {
    it(`refuses ${line}`, () => {
      assert.throws(
        () => read(['[escalation]', line]),
        (error) => {
          assert.ok(error instanceof ConfigError);
          const [{ key = '', detail = '' } = {}] = error.problems;
          assert.match(`${key.replace('[escalation] ', '')}: ${detail}`, problem);
          return true;
        },
      );
    });
  }
});
