import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSettings, type Settings } from '../../client/settings.ts';
import { ConfigError } from '../../shared/errors.ts';
import { makeCertificates } from '../certificates.ts';
import { type Ending, makeFolder } from '../ending.ts';

const key = `abcdefgh.${'A'.repeat(43)}`;
const pin = '0a'.repeat(32);

const folderOfAuthority = await mkdtemp(join(tmpdir(), 'ca-'));
const authority = await readFile((await makeCertificates(folderOfAuthority)).caFile, 'utf8');
await rm(folderOfAuthority, { recursive: true });

async function load(test: Ending, text: string, mode = 0o600): Promise<Settings> {
  const folder = await makeFolder(test);
  await writeFile(join(folder, 'main.key'), `${key}\n`, { mode: 0o600 });
  await writeFile(join(folder, 'ca.pem'), authority);
  await writeFile(join(folder, 'office'), '# office\n203.0.113.7\n');
  const config = join(folder, 'client.ini');
  await writeFile(config, text);
  await chmod(config, mode);
  return loadSettings(config);
}

const server = `[server main]\nurl = wss://pve.example:1514\nclient = web1\nkey_file = main.key\n`;

test('has defaults for all but the server', async (context) => {
  const { agent, servers } = await load(context, server);
  assert.deepEqual(agent, {
    spool: '/var/spool/fail2networkban',
    state: '/var/lib/fail2networkban-agent',
    socket: '/run/fail2networkban-agent/agent.sock',
    hasFail2ban: true,
    fail2banClient: 'fail2ban-client',
    fail2banSocket: undefined,
    jailCheckSeconds: 300,
    logLevel: 'info',
    logFormat: 'auto',
  });
  assert.deepEqual(
    servers.map(({ name, url, client, key: { id }, trust }) => ({ name, url, client, id, trust })),
    [
      {
        name: 'main',
        url: 'wss://pve.example:1514',
        client: 'web1',
        id: 'abcdefgh',
        trust: { kind: 'system-authorities' },
      },
    ],
  );
});

test('reads what this host never blocks', async (context) => {
  assert.deepEqual((await load(context, server)).whitelist, []);
  const agent = `[agent]\nwhitelist = 192.0.2.0/24, 2001:DB8::1, Backup.example.org\nwhitelist_file = office\n`;
  assert.deepEqual((await load(context, agent + server)).whitelist, ['192.0.2.0/24', '2001:db8::1', '203.0.113.7']);
  assert.deepEqual((await load(context, agent + server)).whitelistNames, ['backup.example.org']);
});

test('reads the ways to trust a server', async (context) => {
  const trustOf = async (line: string) => (await load(context, server + line)).servers[0]?.trust;
  assert.deepEqual(await trustOf(`pin = ${'0A:'.repeat(31)}0A`), { kind: 'pin', sha256: pin });
  assert.deepEqual(await trustOf('ca = ca.pem'), { kind: 'authority', pem: authority });
  const plain = `[server main]\nurl = ws://127.0.0.1:1514\nclient = web1\nkey = ${key}\nplaintext = yes\n`;
  assert.deepEqual((await load(context, plain)).servers[0]?.trust, { kind: 'plaintext' });
});

const wrong: readonly [string, string, RegExp][] = [
  ['no server', '[agent]\n', /\[server NAME\]: is missing/],
  [
    'an unknown key',
    `[agent]\nspol = /x\n${server}`,
    /client\.ini:2: \[agent\] spol: unknown key: did you mean spool\?/,
  ],
  [
    'a relative spool',
    `[agent]\nspool = spool\n${server}`,
    /client\.ini:2: \[agent\] spool: "spool": allowed is an absolute path/,
  ],
  [
    'a socket with a longer path than it may have',
    `[agent]\nsocket = /run/${'a'.repeat(103)}\n${server}`,
    /client\.ini:2: \[agent\] socket: "\/run\/a{75}…": allowed is an absolute path, at most 107 bytes, and this has 108/,
  ],
  ['a short check', `[agent]\njail_check = 1s\n${server}`, /jail_check: "1s": allowed is .* at least 10s/],
  [
    'a whitelist of words',
    `[agent]\nwhitelist = office\n${server}`,
    /client\.ini:2: \[agent\] whitelist: "office": allowed is an IPv4 or IPv6 address or CIDR, or a DNS name/,
  ],
  [
    'a whitelist file of something else',
    `[agent]\nwhitelist_file = ca.pem\n${server}`,
    /client\.ini:2: \[agent\] whitelist_file: \/.*ca\.pem:1: "-----BEGIN CERTIFICATE-----" is not an address, a CIDR or a DNS name/,
  ],
  [
    'a whitelist file that is not there',
    `[agent]\nwhitelist_file = none\n${server}`,
    /client\.ini:2: \[agent\] whitelist_file: \/.*none cannot be read: it is not there/,
  ],
  ['a url of another kind', server.replace('wss:', 'https:'), /url: "https:.*allowed is wss:/],
  ['a url with a fragment', server.replace(/wss:.*/, '"wss://pve.example/#a"'), /url: "wss:.*allowed is wss:/],
  ['TLS off without saying so', server.replace('wss:', 'ws:'), /a ws:\/\/ url needs plaintext = yes/],
  ['a client name with a blank', server.replace('web1', 'web 1'), /client: allowed is/],
  ['no key', server.replace(/key_file.*\n/, ''), /give either key_file/],
  [
    'a key file that is not there',
    server.replace('main.key', 'none.key'),
    /client\.ini:4: \[server main\] key_file: \/.*none\.key cannot be read: it is not there$/,
  ],
  [
    'a file that holds no key',
    server.replace('main.key', 'ca.pem'),
    /client\.ini:4: \[server main\] key_file: does not hold a key/,
  ],
  [
    'a file that holds no authority',
    `${server}ca = main.key`,
    /client\.ini:5: .* ca: .*main\.key does not hold a cert/,
  ],
  ['a pin too short', `${server}pin = 0a`, /pin: "0a": allowed is the SHA-256 of a certificate/],
  ['pin and ca', `${server}pin = ${pin}\nca = system`, /give either pin or ca/],
];
for (const [name, text, sentence] of wrong) {
  test(`says what is wrong with ${name}`, async (context) => {
    await assert.rejects(load(context, text), (error) => error instanceof ConfigError && sentence.test(error.message));
  });
}

test('refuses a key that others on this host can read', async (context) => {
  const inline = server.replace('key_file = main.key', `key = ${key}`);
  await assert.rejects(
    load(context, inline, 0o644),
    /client\.ini:4: \[server main\] key: .* has mode 0644: allowed is 0600/,
  );
  await load(context, inline, 0o600);
});

test('says that the file is missing and what writes it', async (context) => {
  await assert.rejects(loadSettings(join(await makeFolder(context), 'client.ini')), /fail2networkban enroll LINE/);
});
