import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Finding, formatReport, type Level, reportOf, reportToJson, verdictOf } from '../../shared/finding.ts';

function findings(...levels: readonly Level[]): readonly Finding[] {
  return levels.map((level) => ({ level, code: 'x', subject: 'port', fact: `is ${level}` }));
}

describe('the verdict', () => {
  const cases: readonly (readonly [readonly Level[], string])[] = [
    [[], 'fine'],
    [['good', 'note'], 'fine'],
    [['note', 'warning', 'good'], 'warnings'],
    [['warning', 'broken', 'note'], 'broken'],
  ];
  for (const [levels, expected] of cases) {
    it(`on ${levels.join(', ') || 'nothing'} is ${expected}`, () => {
      assert.equal(verdictOf(findings(...levels)), expected);
    });
  }
});

describe('a report', () => {
  it('gives each finding its subject, and names each subject once', () => {
    const said = [{ level: 'note', code: 'x', fact: 'is so' }] as const;
    const examinations = [
      { subject: 'proxmox/main', said },
      { subject: 'disk', said: [] },
      { subject: 'proxmox/main', said },
    ];
    assert.deepEqual(reportOf(examinations), {
      examined: ['proxmox/main', 'disk'],
      findings: [said, said].flat().map((each) => ({ ...each, subject: 'proxmox/main' })),
    });
  });

  it('is text with the worst first, and with what follows and what to run where there is such', () => {
    const missing: Finding = {
      level: 'broken',
      code: 'y',
      subject: 'queue',
      fact: 'is not there',
      consequence: 'actions fail',
      command: 'mkdir it',
    };
    assert.equal(
      formatReport({ examined: ['queue', 'port'], findings: [...findings('good', 'warning'), missing] }),
      [
        'BROKEN   queue: is not there',
        '         so: actions fail',
        '         do: mkdir it',
        '',
        'WARNING  port: is warning',
        '',
        'GOOD     port: is good',
        '',
        'Looked at: queue, port.',
        'Verdict: broken (1 broken, 1 warning, 1 good).',
      ].join('\n'),
    );
  });

  it('counts warnings and notes as one says them', () => {
    const text = formatReport({ examined: [], findings: findings('warning', 'warning', 'note') });
    assert.match(text, /Verdict: warnings \(2 warnings, 1 note\)\.$/);
  });

  it('says so when nothing was found', () => {
    assert.equal(
      formatReport({ examined: ['disk'], findings: [] }),
      'Looked at: disk.\nVerdict: fine (nothing found).',
    );
  });

  it('is JSON with its verdict', () => {
    assert.deepEqual(JSON.parse(reportToJson({ examined: ['port'], findings: findings('warning') })), {
      verdict: 'warnings',
      examined: ['port'],
      findings: findings('warning'),
    });
  });
});
