import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificates } from '../../certificates.ts';
import { type Ending, makeFolder, testWithEnding } from '../../ending.ts';

const program = join(import.meta.dirname, '..', '..', '..', 'server', 'main.js');

interface Checked {
  readonly code: number;
  readonly out: string;
  /** What is wrong, `FOLDER` for the test's folder. */
  readonly problems: readonly string[];
}

/** Runs the real program on these lines, in which `FOLDER` stands for a folder of the test. */
async function check(test: Ending, lines: readonly string[], ...words: readonly string[]): Promise<Checked> {
  const folder = await makeFolder(test);
  for (const name of ['tls', 'other']) await makeCertificates(join(folder, name));
  await mkdir(join(folder, 'state'));
  await writeFile(join(folder, 'token'), 'f2nb@pve!server=11111111-2222-4333-8444-555555555555\n');
  await chmod(join(folder, 'token'), 0o600);
  const config = join(folder, 'server.ini');
  if (lines.length > 0) await writeFile(config, lines.join('\n').replaceAll('FOLDER', folder));
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, 'check-config', '--config', config, ...words],
      (_, out, error) => {
        const problems = error.trimEnd().replaceAll(folder, 'FOLDER').split('\n');
        resolve({ code: child.exitCode ?? -1, out: out.replaceAll(folder, 'FOLDER'), problems });
      },
    );
  });
}

const tls = ['certificate = FOLDER/tls/cert.pem', 'certificate_key = FOLDER/tls/key.pem'];
const places = ['database = FOLDER/state/ledger.db', 'socket = FOLDER/state/admin.sock'];

testWithEnding('opens what the configuration names, and finds it good', async (context) => {
  const lines = [
    '[server]',
    ...tls,
    ...places,
    '[proxmox main]',
    'ca = FOLDER/tls/ca.pem',
    'token_file = FOLDER/token',
  ];
  const { code, out } = await check(context, lines);
  assert.equal(code, 0);
  const [first, dropped] = out.split('\n');
  assert.equal(first, 'FOLDER/server.ini: good, firewalls: proxmox/main');
  assert.match(dropped ?? '', /^proxmox\/main: Proxmox drops the comment lines of a cluster\.fw .*: keep a copy$/);
  const asJson = await check(context, lines, '--json');
  assert.deepEqual(JSON.parse(asJson.out), {
    config: 'FOLDER/server.ini',
    firewalls: ['proxmox/main'],
    sources: [],
    notifications: [],
    warnings: [],
  });
});

testWithEnding('names the sources besides the firewalls', async (context) => {
  const lines = ['[server]', ...tls, ...places, '[dry-run]', '[crowdsec main]', 'api_key_file = FOLDER/token'];
  const { code, out } = await check(context, lines);
  assert.equal(code, 0);
  assert.match(out, /good, firewalls: dry-run; sources: crowdsec\/main/);
  const { out: json } = await check(context, lines, '--json');
  assert.deepEqual(JSON.parse(json).sources, ['crowdsec/main']);
  const wrong = await check(context, [...lines.slice(0, -1), 'api_key_file = FOLDER/absent']);
  assert.equal(wrong.code, 75);
  assert.match(wrong.problems.join(), /\[crowdsec main\] api_key_file: FOLDER\/absent cannot be read/);
});

testWithEnding('names each alias of an OPNsense, and says whose it is', async (context) => {
  const section = ['[opnsense edge]', 'url = https://192.0.2.254', 'key = a:b', 'aliases = sshd:ssh web*:web'];
  const lines = ['[server]', ...tls, ...places, ...section];
  const { code, out } = await check(context, lines);
  assert.equal(code, 0);
  assert.match(out, /firewalls: opnsense\/edge\/ssh, opnsense\/edge\/web\n.*: belongs to fail2networkban; what others/);
});

testWithEnding('says of every file what is wrong, at the line that names it, in one run', async (context) => {
  const { code, problems } = await check(context, [
    '[server]',
    'certificate = FOLDER/token',
    'certificate_key = FOLDER/nowhere.pem',
    'database = FOLDER/nowhere/ledger.db',
    'socket = FOLDER/token/admin.sock',
    'prot = 1',
    '[policy]',
    'whitelist_file = FOLDER/nowhere',
    '[proxmox main]',
    'ca = FOLDER/state',
    'token_file = FOLDER/tls/cert.pem',
  ]);
  assert.equal(code, 78);
  assert.deepEqual(problems, [
    'FOLDER/server.ini:8: [policy] whitelist_file: FOLDER/nowhere cannot be read: it is not there',
    'FOLDER/server.ini:10: [proxmox main] ca: FOLDER/state cannot be read: it is a folder',
    'FOLDER/server.ini:11: [proxmox main] token_file: FOLDER/tls/cert.pem does not hold USER@REALM!TOKENID=SECRET on one line',
    'FOLDER/server.ini:2: [server] certificate: FOLDER/token does not hold a certificate in PEM form',
    'FOLDER/server.ini:3: [server] certificate_key: FOLDER/nowhere.pem cannot be read: it is not there',
    'FOLDER/server.ini:4: [server] database: its folder FOLDER/nowhere cannot be used: it is not there',
    'FOLDER/server.ini:5: [server] socket: FOLDER/token is not a folder',
    'FOLDER/server.ini:6: [server] prot: unknown key: did you mean port?',
  ]);
});

testWithEnding('says that key and certificate do not belong together', async (context) => {
  const lines = ['[server]', tls[0] ?? '', 'certificate_key = FOLDER/other/key.pem', ...places];
  const { code, problems } = await check(context, lines);
  assert.equal(code, 78);
  assert.deepEqual(problems, [
    'FOLDER/server.ini:3: [server] certificate_key: FOLDER/other/key.pem is not the key of the certificate FOLDER/tls/cert.pem',
  ]);
});

testWithEnding('does not look for what stands in place of a wrong value', async (context) => {
  const { problems } = await check(context, ['[server]', ...tls, 'database = ledger.db', 'socket = admin.sock']);
  assert.deepEqual(
    problems.map((problem) => problem.replace(/: allowed.*/, '')),
    ['FOLDER/server.ini:4: [server] database: "ledger.db"', 'FOLDER/server.ini:5: [server] socket: "admin.sock"'],
  );
});

testWithEnding('says in one sentence that there is no configuration, and what makes one', async (context) => {
  const { code, problems } = await check(context, []);
  assert.equal(code, 78);
  assert.deepEqual(problems, [
    'FOLDER/server.ini is missing; on a Proxmox host this makes it: fail2networkban-server setup --config FOLDER/server.ini',
  ]);
});

testWithEnding('says with --json on standard output what is wrong, each with its place', async (context) => {
  const { code, out, problems } = await check(context, ['[server]', ...tls, ...places, 'prot = 1'], '--json');
  assert.deepEqual([code, problems], [78, ['']]);
  assert.deepEqual(JSON.parse(out).error.problems, [
    { where: 'FOLDER/server.ini:6', key: '[server] prot', detail: 'unknown key: did you mean port?' },
  ]);
});

const secrets = [
  ['[proxmox main]', 'token = f2nb@pve!server=11111111-2222-4333-8444-555555555555', '[proxmox main] token'],
  ['[opnsense edge]\nurl = https://192.0.2.254\naliases = *:f2nb', 'key = a:b', '[opnsense edge] key'],
  ['[crowdsec main]', 'api_key = abcdefgh', '[crowdsec main] api_key'],
  ['[webhook chat]\nurl = https://192.0.2.1/x', 'secret = abcdefghijklmnop', '[webhook chat] secret'],
] as const;
for (const [section, line, key] of secrets) {
  testWithEnding(`warns of a server.ini that everybody may read while it holds ${key}`, async (context) => {
    const lines = ['[server]', ...tls, ...places, section, line];
    const open = await check(context, lines);
    assert.equal(open.code, 0, open.problems.join());
    const warned = open.out.split('\n').filter((each) => each.startsWith('warning: '));
    assert.deepEqual(warned, [
      `warning: FOLDER/server.ini has mode 0644, so everybody on this host may read ${key}: chmod o= FOLDER/server.ini`,
    ]);
    const json = JSON.parse((await check(context, lines, '--json')).out);
    assert.equal(json.warnings.length, 1);
  });
}
