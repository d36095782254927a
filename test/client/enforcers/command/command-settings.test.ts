import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseWords } from '../../../../client/enforcers/command/argument-words.ts';
import { fillWords } from '../../../../client/enforcers/command/command-event.ts';
import { parseUser } from '../../../../client/enforcers/command/user.ts';
import { network } from '../../../contracts/reconciler-bench.ts';
import { readSection } from './command-under-test.ts';

const placeholders = '{network} {verb} {jail} {client} {ttl} {reason} {label:KEY}';

describe('[command NAME]', () => {
  it('has defaults for all but argv', async () => {
    assert.deepEqual(await readSection('argv = /bin/true {verb} --ip={network}'), {
      name: 'test',
      argv: [['/bin/true'], [{ name: 'verb' }], ['--ip=', { name: 'network' }]],
      unbanArgv: [['/bin/true'], [{ name: 'verb' }], ['--ip=', { name: 'network' }]],
      timeoutMs: 10_000,
      atOnce: 1,
      user: undefined,
    });
  });

  it('reads all keys', async () => {
    const text = 'argv = /bin/true {label:site}\nunban_argv = /bin/false\ntimeout = 1m\nat_once = 8\nuser = nobody';
    assert.deepEqual(await readSection(text), {
      name: 'test',
      argv: [['/bin/true'], [{ name: 'label', key: 'site' }]],
      unbanArgv: [['/bin/false']],
      timeoutMs: 60_000,
      atOnce: 8,
      user: { name: 'nobody', uid: 65_534, gid: 65_534 },
    });
  });

  it('has nothing for unbans when argv has values but not the verb', async () => {
    assert.equal((await readSection('argv = /bin/true --ban {network} {jail} {label:site}')).unbanArgv, undefined);
    assert.deepEqual((await readSection('argv = /bin/true --from-stdin')).unbanArgv, [['/bin/true'], ['--from-stdin']]);
  });

  const wrong: readonly (readonly [name: string, text: string, sentence: string])[] = [
    ['no argv', 'timeout = 5s', '[command test] argv: is missing: the program and its arguments'],
    [
      'a placeholder that is none',
      'argv = /bin/true {ip}',
      `client.ini:2: [command test] argv: "{ip}": allowed in braces is ${placeholders}`,
    ],
    ['a label without a key', 'argv = /bin/true {label:}', `argv: "{label:}": allowed in braces is ${placeholders}`],
    ['a lone brace', 'argv = /bin/true {network', 'argv: "{network": allowed in braces is'],
    [
      'a placeholder as the program',
      'argv = {reason} x',
      'argv: the first word is the program: allowed is an absolute path',
    ],
    [
      'a placeholder in the program',
      'argv = /bin/{verb}',
      'argv: the first word is the program: allowed is an absolute path',
    ],
    [
      'a program without a path',
      'argv = true {network}',
      'argv: the first word is the program: allowed is an absolute path',
    ],
    ['a program that is not there', 'argv = /bin/absent', 'argv: /bin/absent cannot be run: it is not there'],
    ['a program that is none', 'argv = /etc/passwd', 'argv: /etc/passwd is not an executable file'],
    ['a folder', 'argv = /bin', 'argv: /bin is not an executable file'],
    ['an open quote', 'argv = /bin/true "{network}', 'a double quote is not closed'],
    ['single quotes', "argv = /bin/true 'a b'", 'single quotes mean nothing here'],
    [
      'a shell that would read values',
      'argv = /bin/sh -c "thing {reason}"',
      'argv: a shell would read the value as its own words',
    ],
    ['a shell further on', 'argv = /usr/bin/env bash -ec "thing {reason}"', 'argv: a shell would read the value'],
    [
      'a wrong unban_argv',
      'argv = /bin/true\nunban_argv = /bin/true {x}',
      'client.ini:3: [command test] unban_argv: "{x}": allowed',
    ],
    ['no time at all', 'argv = /bin/true\ntimeout = 0s', 'client.ini:3: [command test] timeout: "0s": allowed is'],
    ['too many at once', 'argv = /bin/true\nat_once = 1000', 'at_once: "1000": allowed is a whole number from 1 to 64'],
    [
      'an unknown user',
      'argv = /bin/true\nuser = nobody;x',
      'user: "nobody;x": allowed is a name or number of /etc/passwd',
    ],
    ['an unknown key', 'argv = /bin/true\nshell = yes', 'shell: unknown key'],
  ];
  for (const [name, text, sentence] of wrong) {
    it(`says what is wrong with ${name}`, async () => {
      await assert.rejects(readSection(text.replace(';', '\\;')), (error) => {
        assert.ok(error instanceof Error && error.message.includes(sentence), String(error));
        return true;
      });
    });
  }

  it('refuses a name that is no name of a file', async () => {
    await assert.rejects(readSection('argv = /bin/true', '../x'), /name: allowed is 1–32 of/);
  });

  it('lets a shell have values as words of their own', async () => {
    const { argv } = await readSection('argv = /bin/sh -c "thing ""$1""" sh {reason}');
    assert.deepEqual(argv, [['/bin/sh'], ['-c'], ['thing "$1"'], ['sh'], [{ name: 'reason' }]]);
  });
});

describe('words', () => {
  const cases: readonly (readonly [text: string, words: readonly string[]])[] = [
    ['/a  b\tc', ['/a', 'b', 'c']],
    ['/a "b c" d', ['/a', 'b c', 'd']],
    ['/a --x="b c"d', ['/a', '--x=b cd']],
    ['"/a b" ""', ['/a b', '']],
    ['/a "say ""hi"""', ['/a', 'say "hi"']],
    ['/a """"', ['/a', '"']],
    ['/a $HOME *.c `x` \\n ~ & | ; >y', ['/a', '$HOME', '*.c', '`x`', '\\n', '~', '&', '|', ';', '>y']],
  ];
  for (const [text, words] of cases) {
    it(`of ${text} are ${words.length}`, () => {
      const parsed = parseWords(text);
      assert.ok(!('problem' in parsed));
      assert.deepEqual(
        parsed.map((word) => word.join('')),
        words,
      );
    });
  }

  it('are read back whatever they hold, when they are quoted', () => {
    const anyWord = fc.string().filter((word) => !/[{}]|^'/.test(word));
    const property = fc.property(fc.array(anyWord), (words) => {
      const parsed = parseWords(words.map((word) => `"${word.replaceAll('"', '""')}"`).join(' '));
      assert.ok(!('problem' in parsed));
      assert.deepEqual(
        parsed.map((word) => word.join('')),
        words,
      );
    });
    fc.assert(property);
  });

  it('are as many when they are filled, none of them an option that was not one before', () => {
    const words = parseWords('/a {label:x} {reason} {client}{jail} --y={reason} {ttl} -- {network}');
    assert.ok(!('problem' in words));
    const anyText = fc.oneof(
      fc.string(),
      fc.constantFrom('--help', '-rf /', '$(reboot)', '\0', '-\n-', '"', '{reason}'),
    );
    const property = fc.property(anyText, anyText, anyText, anyText, (label, reason, client, jail) => {
      const facts = { labels: { x: label }, reason, client, jail };
      const filled = fillWords(words, { verb: 'ban', network: network('192.0.2.1'), ttl: -1, ...facts });
      assert.equal(filled.length, words.length);
      for (const text of filled.slice(1, 4)) assert.doesNotMatch(text, /^-/);
      for (const text of filled) assert.doesNotMatch(text, /\p{Cc}/u);
      assert.deepEqual(filled.slice(5), ['-1', '--', '192.0.2.1']);
    });
    fc.assert(property);
  });

  it('have nothing for a label that a ban does not have', () => {
    const event = {
      verb: 'ban',
      network: network('192.0.2.1'),
      ttl: 60,
      jail: 'sshd',
      client: 'web1',
      reason: '',
    } as const;
    const words = parseWords('/a {label:site} {label:constructor} x{label:site}');
    assert.ok(!('problem' in words));
    assert.deepEqual(fillWords(words, { ...event, labels: {} }), ['/a', '', '', 'x']);
  });
});

describe('users', () => {
  const text = 'root:x:0:0:root:/root:/bin/sh\nban:x:990:991::/:/bin/false\nodd:x:-1:5::/:\n';
  it('are found by name and by number', () => {
    assert.deepEqual(parseUser(text, 'ban'), { name: 'ban', uid: 990, gid: 991 });
    assert.deepEqual(parseUser(text, '0'), { name: 'root', uid: 0, gid: 0 });
    for (const asked of ['', 'x', 'odd', 'ban:x', '991']) assert.equal(parseUser(text, asked), undefined);
  });
});
