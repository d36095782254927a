import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatVia, parseVia, sshArguments } from '../../client/via.ts';

const folder = '/etc/fail2networkban';
const plain = {
  user: 'f2nb',
  host: 'pve1',
  port: 22,
  identityFile: `${folder}/ssh_key`,
  knownHostsFile: `${folder}/known_hosts`,
};

test('looks for the key and the known hosts beside client.ini', () => {
  assert.deepEqual(parseVia('ssh f2nb@pve1', folder), plain);
});

test('takes a port, a key and known hosts, each once and in any order', () => {
  const words = 'ssh -i /srv/key -o UserKnownHostsFile=hosts -p 2222 f2nb@2001:db8::1';
  assert.deepEqual(parseVia(words, folder), {
    user: 'f2nb',
    host: '2001:db8::1',
    port: 2222,
    identityFile: '/srv/key',
    knownHostsFile: `${folder}/hosts`,
  });
});

test('writes what it reads', () => {
  assert.deepEqual(parseVia(formatVia(plain), '/elsewhere'), plain);
});

test('hands the target to ssh as one word, the host after all options', () => {
  const words = sshArguments(plain, { host: '::1', port: 1514 });
  assert.deepEqual(words.slice(-6), ['-l', 'f2nb', '-W', '[::1]:1514', '--', 'pve1']);
});

const wrong = [
  'f2nb@pve1',
  'ssh pve1',
  'ssh',
  'ssh -oProxyCommand=id@x',
  'ssh f2nb@-oProxyCommand=x',
  'ssh -x@pve1',
  'ssh -o ProxyCommand=id f2nb@pve1',
  'ssh -o UserKnownHostsFile=a;id f2nb@pve1',
  'ssh -p 0 f2nb@pve1',
  'ssh -p 65536 f2nb@pve1',
  'ssh -p 22 -p 23 f2nb@pve1',
  'ssh -i f2nb@pve1',
  'ssh -i $(id) f2nb@pve1',
  'ssh -v f2nb@pve1',
  'ssh f2nb@pve1 true',
  'ssh f2nb@pve1;id',
  'ssh f2nb@pve..1',
  'ssh "f2nb@pve1"',
  '/usr/bin/ssh f2nb@pve1',
];
for (const text of wrong) {
  test(`does not take \`${text}\``, () => assert.equal(parseVia(text, folder), undefined));
}
