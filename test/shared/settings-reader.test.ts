import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../shared/errors.ts';
import type { SectionReader } from '../../shared/section-reader.ts';
import { SettingsReader } from '../../shared/settings-reader.ts';

type Read = (section: SectionReader) => unknown;

function read(text: string, take: Read): unknown {
  const reader = new SettingsReader('f.ini', text);
  const value = take(reader.section('s'));
  reader.finish();
  return value;
}

function problemsOf(text: string, take: Read): string[] {
  try {
    read(text, take);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, 'config');
    return error.problems.map(({ where, key, detail }) => `${where}: ${key}: ${detail}`);
  }
  return [];
}

const a: Read = (section) => section.text('a', 'default');

describe('a value of a section', () => {
  for (const [line, value] of [
    ['a = x', 'x'],
    ['a=x', 'x'],
    ['  a   =   x  ', 'x'],
    ['a = "x"', 'x'],
    ["a = 'x'", 'x'],
    ['a = "x ; y # z"', 'x ; y # z'],
    ['a = x ; a comment', 'x'],
    ['a = x # a comment', 'x'],
    ['a = "  x  "', '  x  '],
    ['a = x = y', 'x = y'],
    ['a = ', 'default'],
    ['; a = x', 'default'],
    ['# a = x', 'default'],
    ['', 'default'],
    ['a = true', 'true'],
    ['a = null', 'null'],
    ['a = 007', '007'],
    ['a = $b', '$b'],
    ['a = ä', 'ä'],
  ] as const) {
    it(`${JSON.stringify(line)} is ${JSON.stringify(value)}`, () => assert.equal(read(`[s]\n${line}`, a), value));
  }

  it('stands in a file with any line ends and a byte order mark', () => {
    assert.equal(read('\ufeff[s]\r\na = x\r\n', a), 'x');
  });

  it('stands in a section whose header has blanks and a comment around it', () => {
    assert.equal(read('  [ s ]  \na = x', a), 'x');
  });
});

describe('what is wrong with a file', () => {
  for (const [text, problem] of [
    ['[s]\nb = 1', 'f.ini:2: [s] b: unknown key: allowed are a'],
    ['[s]\n\n[t]\na = 1', 'f.ini:3: [t]: unknown section: allowed are [s]'],
    ['a = 1\n[s]', 'f.ini:1: "a": stands before the first [section]'],
    ['[s]\nnonsense', 'f.ini:2: "nonsense": is not of the form key = value'],
    ['[s]\na = 1\na = 2', 'f.ini:3: [s] a: stands twice'],
    ['[s]\na = 1\n[s]', 'f.ini:3: [s]: stands twice'],
    ['[s]\n__proto__ = 1', 'f.ini:2: "__proto__": is not of the form key = value'],
    ['[s]\n[x', 'f.ini:2: "[x": is not of the form key = value'],
  ] as const) {
    it(problem, () => assert.ok(problemsOf(text, a).includes(problem), problemsOf(text, a).join('\n')));
  }

  it('is said all at once', () => {
    const problems = problemsOf('[s]\nport = x\nb = 1\n[t]', (section) => section.integer('port', 1, 1, 9));
    assert.deepEqual(problems, [
      'f.ini:2: [s] port: "x": allowed is a whole number from 1 to 9',
      'f.ini:3: [s] b: unknown key: allowed are port',
      'f.ini:4: [t]: unknown section: allowed are [s]',
    ]);
  });

  it('is a slip of the pen, so what was meant is said', () => {
    const server: Read = (section) => [section.text('port', ''), section.text('listen', ''), section.text('name', '')];
    assert.deepEqual(problemsOf('[s]\nprot = 1\nLisen = x\ncolour = x\n[S]', server), [
      'f.ini:2: [s] prot: unknown key: did you mean port?',
      'f.ini:3: [s] Lisen: unknown key: did you mean listen?',
      'f.ini:4: [s] colour: unknown key: allowed are port, listen, name',
      'f.ini:5: [S]: unknown section: did you mean [s]?',
    ]);
  });

  it('is a section without the name that its kind needs', () => {
    const reader = new SettingsReader('f.ini', '[k]\na = 1\n[j]');
    reader.has('s');
    reader.named('k');
    assert.throws(
      () => reader.finish(),
      /^ConfigError: f\.ini:1: \[k\]: needs a name, as \[k main\]\nf\.ini:3: \[j\]: unknown section: allowed are \[s\], \[k NAME\]$/,
    );
  });

  it('never makes the reader throw before the end', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('[s]', '[', ']', 'a=1', '=', '"', "a='", 'a[]=1', 'a.b = 1', '\\'),
    );
    const property = fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const reader = new SettingsReader('f.ini', lines.join('\n'));
      reader.section('s').text('a', '');
      try {
        reader.finish();
      } catch (error) {
        assert.ok(error instanceof ConfigError);
      }
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});

describe('readers of values', () => {
  const cases: readonly (readonly [
    name: string,
    take: Read,
    good: readonly (readonly [string, unknown])[],
    bad: readonly string[],
  ])[] = [
    [
      'flag',
      (section) => section.flag('a', false),
      [
        ['yes', true],
        ['TRUE', true],
        ['on', true],
        ['no', false],
        ['Off', false],
      ],
      ['1', 'ja', 'y', 'constructor'],
    ],
    [
      'integer',
      (section) => section.integer('a', 5, -0, 65_535),
      [
        ['0', 0],
        ['65535', 65_535],
      ],
      ['65536', '-1', '1.5', '1e3', '0x10', 'x', '9999999999999999'],
    ],
    [
      'duration',
      (section) => section.duration('a', 60, 10),
      [
        ['10', 10],
        ['5m', 300],
      ],
      ['9', '0', '-5m', '1.5h', 'x'],
    ],
    ['choice', (section) => section.choice('a', 'info', ['info', 'warn']), [['warn', 'warn']], ['Warn', 'x']],
    [
      'networks',
      (section) => section.networks('a'),
      [['192.0.2.7/24, 2001:DB8::1', ['192.0.2.0/24', '2001:db8::1']]],
      ['192.0.2', '192.0.2.1 example.org', '1.2.3.4/40'],
    ],
    ['matching', (section) => section.matching('a', 'z', /^[a-z]+$/, 'letters'), [['abc', 'abc']], ['A', '1']],
    ['required', (section) => section.required('a', 'a name'), [['x', 'x']], []],
  ];
  for (const [name, take, good, bad] of cases) {
    for (const [text, value] of good) {
      it(`${name} takes ${text}`, () => assert.deepEqual(read(`[s]\na = ${text}`, take), value));
    }
    for (const text of bad) {
      it(`${name} refuses ${text}, with line, value and what is allowed`, () => {
        const [problem] = problemsOf(`[s]\n\na = ${text}`, take);
        assert.match(problem ?? '', /^f\.ini:3: \[s\] a: ".+": allowed is ./);
      });
    }
  }

  it('say that a required value is missing, with the line of its section', () => {
    assert.deepEqual(
      problemsOf('\n[s]', (section) => section.required('a', 'a name')),
      ['f.ini:2: [s] a: is missing: a name'],
    );
    assert.deepEqual(
      problemsOf('', (section) => section.required('a', 'a name')),
      ['f.ini: [s] a: is missing: a name'],
    );
  });

  it('do not bring control characters of a value into the problem', () => {
    assert.doesNotMatch(problemsOf('[s]\na = x\u001b[31m', (section) => section.flag('a', true)).join(), /\p{Cc}/u);
  });

  it('let the caller add what only it can see', () => {
    const reader = new SettingsReader('f.ini', '[s]\na = x');
    const section = reader.section('s');
    section.text('a', '');
    section.problem('a', 'is too short');
    reader.problem('[s] b', 'is needed too');
    assert.throws(() => reader.finish(), /f\.ini:2: \[s\] a: is too short\nf\.ini: \[s\] b: is needed too/);
  });
});

describe('named sections', () => {
  it('come by name, in the order of the file', () => {
    const reader = new SettingsReader('f.ini', '[k b]\nx = 1\n[other]\n[k a]\nx = 2\n[k]\n');
    reader.section('other');
    reader.section('k');
    const values = Array.from(reader.named('k'), ([name, section]) => [name, section.text('x', '')]);
    assert.deepEqual(values, [
      ['b', '1'],
      ['a', '2'],
    ]);
    reader.finish();
  });

  it('are the same however many blanks stand in the header', () => {
    assert.throws(() => {
      const reader = new SettingsReader('f.ini', '[k a]\nx = 1\n[k   a]\nx = 2\n');
      for (const section of reader.named('k').values()) section.text('x', '');
      reader.finish();
    }, /^ConfigError: f\.ini:3: \[k a\]: stands twice$/);
  });

  it('are known before they are read', () => {
    const reader = new SettingsReader('f.ini', '[k]\n');
    assert.equal(reader.has('k'), true);
    assert.equal(reader.has('l'), false);
  });
});
