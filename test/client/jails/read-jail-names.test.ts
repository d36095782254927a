import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fail2ban, Fail2banError } from '../../../client/fail2ban-client.ts';
import { parseBanned, readJailNames } from '../../../client/jails/read-jail-names.ts';

const never = new AbortController().signal;

function fail2banWith(names: readonly string[], banned: string | undefined): Fail2ban {
  return ([verb]) => {
    if (verb === 'status')
      return Promise.resolve(`Status\n|- Number of jail:\t${names.length}\n\`- Jail list:\t${names.join(', ')}\n`);
    return banned === undefined ? Promise.reject(new Fail2banError('NOK', true)) : Promise.resolve(banned);
  };
}

const odd = [' x', 'a', 'a, b', 'b', "it's", 'my jail', 'q"q', 'über', 'x:y/z', '100%'];

test('reads names with blanks and signs as `status` joins them', async () => {
  const names = odd.filter((name) => !name.includes(','));
  assert.deepEqual(await readJailNames(fail2banWith(names, undefined), never), names);
});

test('asks for names with commas in another way', async () => {
  const banned = `[${odd.map((name) => `{${name.includes("'") ? `"${name}"` : `'${name}'`}: ['203.0.113.7', '2001:db8::1']}`).join(', ')}]\n`;
  assert.deepEqual(await readJailNames(fail2banWith(odd, banned), never), odd);
});

test('goes on with what `status` says where fail2ban does not know the other way', async () => {
  assert.deepEqual(await readJailNames(fail2banWith(['sshd', 'a, b'], undefined), never), ['sshd', 'a', 'b']);
});

test('reads texts as Python writes them', () => {
  assert.deepEqual(parseBanned(`[{'a\\\\b': []}, {'it\\'s "x"': []}, {'t\\tn\\n': []}, {'\\x1b\\u202e': []}]`), [
    'a\\b',
    `it's "x"`,
    't\tn\n',
    '\x1b\u202e',
  ]);
});
