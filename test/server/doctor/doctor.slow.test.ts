import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { runDoctor } from '../../../server/doctor/doctor.ts';
import { commandRunner } from '../../../shared/host/command-runner.ts';
import { type Network, parseNetwork } from '../../../shared/network.ts';
import { makeCertificates } from '../../certificates.ts';
import { startTemporaryProxmox } from '../../emulators/proxmox/temporary-proxmox.ts';
import { codesOf, type DoctorUnderTest, type Installation, makeDoctor } from './doctor-under-test.ts';

const clusterFw = '[OPTIONS]\n\nenable: 1\n\n[IPSET blacklist]\n\n';
/** Without a Proxmox and without a running server. */
const always = ['no-firewall', 'not-running'];

function network(text: string): Network {
  return parseNetwork(text) ?? assert.fail(text);
}

describe('the doctor, looking at files', () => {
  const causes: readonly (readonly [string, Installation, readonly string[]])[] = [
    ['nothing', {}, []],
    ['the certificate expired', { certificate: { notAfter: new Date(Date.now() - 60_000) } }, ['certificate-expired']],
    ['it expires in 13 days', { certificate: { validDays: 13.5 } }, ['certificate-expires-soon']],
    ['it expires in 15 days', { certificate: { validDays: 15.5 } }, []],
    ['it is for another host', { certificate: { hosts: ['pve1.example.net'] } }, ['certificate-of-other-host']],
    ['there is no TLS', { server: 'plaintext = yes' }, ['plaintext']],
    [
      'the certificate is not there',
      { server: 'certificate = /nonexistent.pem\ncertificate_key = /nonexistent.key' },
      ['certificate-unreadable'],
    ],
    ['only a dry run is configured', { server: '[dry-run]' }, []],
  ];
  for (const [name, installation, expected] of causes) {
    it(`finds ${expected.join(' and ') || 'nothing'} when ${name}`, async (t) => {
      const report = await (await makeDoctor(t, installation)).examine();
      assert.deepEqual(codesOf(report), [...always, ...expected].sort());
    });
  }

  it('finds a key of another certificate', async (t) => {
    const doctor = await makeDoctor(t);
    const other = await makeDoctor(t);
    await doctor.install({
      server: `certificate = ${join(doctor.folder, 'tls', 'cert.pem')}\ncertificate_key = ${join(other.folder, 'tls', 'key.pem')}`,
    });
    assert.ok(codesOf(await doctor.examine()).includes('certificate-of-other-key'));
  });

  it('finds a certificate file that holds none', async (t) => {
    const doctor = await makeDoctor(t);
    await writeFile(join(doctor.folder, 'tls', 'cert.pem'), 'nothing of the kind\n');
    assert.ok(codesOf(await doctor.examine()).includes('certificate-unreadable'));
  });

  it('finds every line of the configuration that is wrong', async (t) => {
    const report = await (await makeDoctor(t, { server: 'colour = blue\nhistory_days = never' })).examine();
    assert.deepEqual(codesOf(report), ['config', 'config']);
    assert.match(JSON.stringify(report.findings), /server\.ini:\d+: \[server\] colour: unknown key/);
  });

  it('finds a ledger whose folder is not there', async (t) => {
    const doctor = await makeDoctor(t);
    await writeFile(
      join(doctor.folder, 'server.ini'),
      '[server]\nplaintext = yes\ndatabase = /nonexistent/ledger.db\nsocket = /nonexistent/admin.sock\n',
    );
    assert.ok(codesOf(await doctor.examine()).includes('ledger-folder-unreadable'));
  });

  it('names the program that holds the port', async (t) => {
    const other = createServer().listen(0);
    await once(other, 'listening');
    t.after(() => other.close());
    const address = other.address();
    assert.ok(address !== null && typeof address === 'object');
    const report = await (await makeDoctor(t, { port: address.port })).examine();
    const finding = report.findings.find(({ code }) => code === 'port-taken');
    assert.match(finding?.fact ?? '', new RegExp(`port ${address.port} is held by \\S+ \\(pid ${process.pid}\\)`));
  });

  it('says that it cannot tell who holds the port where ss is missing', async (t) => {
    const doctor = await makeDoctor(t, { port: 1514 });
    const report = await doctor.examine({ run: commandRunner('/nonexistent') });
    assert.ok(codesOf(report).includes('port-unreadable'));
  });
});

describe('the doctor, asking a running server', () => {
  /** What a fresh one always has. */
  const fresh = ['guests-unreadable', 'no-clients'];

  async function start(t: TestContext, server = ''): Promise<DoctorUnderTest> {
    const proxmox = await startTemporaryProxmox(t, { clusterFw });
    const doctor = await makeDoctor(t, { proxmox, server });
    const port = await doctor.startServer();
    await doctor.install({ proxmox, server, port });
    return doctor;
  }

  it('finds nothing wrong with one that is well', async (t) => {
    const doctor = await start(t, '[policy]\nwhitelist = 192.0.2.0/24');
    assert.deepEqual(codesOf(await doctor.examine()), [...fresh, 'whitelisted'].sort());
  });

  it('finds that a renewed certificate was not taken up', async (t) => {
    const doctor = await start(t);
    await makeCertificates(join(doctor.folder, 'tls'));
    assert.ok(codesOf(await doctor.examine()).includes('certificate-not-in-use'));
  });

  it('finds that the administrator could be locked out', async (t) => {
    const doctor = await start(t);
    const sshConnection = '203.0.113.9 50000 192.0.2.1 22';
    const ofCaller = async () =>
      (await doctor.examine({ sshConnection })).findings.filter(({ fact }) => fact.startsWith('203.0.113.9, where'));
    assert.deepEqual(
      (await ofCaller()).map(({ code, level }) => [code, level]),
      [['own-address-unprotected', 'warning']],
    );
    await doctor.ask('ban', { network: '203.0.113.0/24' });
    assert.deepEqual(
      (await ofCaller()).map(({ code, level }) => [code, level]),
      [['own-address-banned', 'broken']],
    );
    assert.match((await ofCaller())[0]?.command ?? '', /unban 203\.0\.113\.0\/24/);
    await doctor.ask('allow-add', { network: '203.0.113.9' });
    assert.deepEqual(await ofCaller(), []);
  });

  it('looks at the nodes, the ipset management and its own interfaces too', async (t) => {
    const proxmox = await startTemporaryProxmox(t, {
      clusterFw: `${clusterFw}[IPSET management]\n\n198.51.100.0/24\n`,
      cluster: { nodes: [{ name: 'pve1', ip: '198.51.100.1' }], guests: [] },
    });
    const doctor = await makeDoctor(t);
    await doctor.startServer();
    await doctor.install({ proxmox });
    const report = await doctor.examine({ ownAddresses: () => [network('203.0.113.1'), network('127.0.0.1')] });
    const unprotected = report.findings
      .filter(({ code }) => code === 'own-address-unprotected')
      .map(({ fact }) => fact);
    assert.deepEqual(unprotected, [
      '203.0.113.1, an address of this host, is not whitelisted',
      '198.51.100.1, node pve1 of proxmox/main, is not whitelisted',
      '198.51.100.0/24, in the ipset management of proxmox/main, is not whitelisted',
    ]);
  });

  it('finds that it is paused', async (t) => {
    const doctor = await start(t);
    await doctor.ask('panic', {});
    assert.ok(codesOf(await doctor.examine()).includes('paused'));
  });

  it('finds that the server does not get through, also when the doctor itself does', async (t) => {
    const proxmox = await startTemporaryProxmox(t, { clusterFw, delays: { unauthorizedMs: 0 } });
    const doctor = await makeDoctor(t, { proxmox });
    await doctor.startServer();
    proxmox.revokedTokens.add('f2nb@pve!server');
    while (!JSON.stringify(await doctor.ask('status', {})).includes('"denied"')) await doctor.ask('reconcile', {});
    assert.deepEqual(codesOf(await doctor.examine()), [
      'firewall-fails',
      'no-clients',
      'token-refused',
      'whitelist-empty',
    ]);
    await doctor.install({ proxmox, token: 'f2nb@pve!doctor' });
    const report = await doctor.examine();
    assert.deepEqual(codesOf(report), ['firewall-fails', 'no-clients', 'whitelist-empty']);
    const { fact, command } = report.findings.find(({ code }) => code === 'firewall-fails') ?? {};
    assert.match(fact ?? '', /has not got through for \d+s, at the last try: GET .*401/);
    assert.match(command ?? '', /^restart it; /);
  });

  it('asks the running server also when its configuration has been broken since', async (t) => {
    const doctor = await start(t);
    await doctor.ask('panic', {});
    await doctor.install({ server: 'prot = 1' });
    assert.deepEqual(codesOf(await doctor.examine()), ['config', 'paused']);
  });

  it('finds that an upgrade was not taken up', async (t) => {
    const doctor = await start(t);
    const report = await doctor.examine({ version: '9.9.9' });
    assert.match(JSON.stringify(report.findings), /runs version 0\.1\.0, installed is 9\.9\.9/);
  });

  it('finds that the port of the configuration is not the one that is open', async (t) => {
    const doctor = await start(t);
    await doctor.install({ port: 1 });
    assert.ok(codesOf(await doctor.examine()).includes('port-not-open'));
  });

  it('finds that bans do not fit', async (t) => {
    const proxmox = await startTemporaryProxmox(t, { clusterFw });
    const doctor = await makeDoctor(t, { proxmox, section: 'max_entries = 1' });
    await doctor.startServer();
    for (const last of [1, 3]) await doctor.ask('ban', { network: `203.0.113.${last}` });
    while (!JSON.stringify(await doctor.ask('status', {})).includes('"leftOut":1')) await doctor.ask('reconcile', {});
    assert.ok(codesOf(await doctor.examine()).includes('bans-left-out'));
  });
});

describe("the doctor's answer", () => {
  it('ends with 2 when something is broken, 1 with warnings, 0 otherwise', async (t) => {
    const proxmox = await startTemporaryProxmox(t, { clusterFw });
    const doctor = await makeDoctor(t, { proxmox });
    const printed: string[] = [];
    const run = async (sshConnection?: string): Promise<number> =>
      await runDoctor({ ...doctor.host, sshConnection }, true, (text) => printed.push(text));
    const verdict = (): unknown => JSON.parse(printed.at(-1) ?? '').verdict;
    assert.deepEqual([await run(), verdict()], [2, 'broken']);
    await doctor.startServer();
    assert.deepEqual([await run(), verdict()], [0, 'fine']);
    assert.deepEqual([await run('203.0.113.9 50000 192.0.2.1 22'), verdict()], [1, 'warnings']);
  });

  it('shows the worst first, each with what follows and what to run', async (t) => {
    const doctor = await makeDoctor(t, { server: 'plaintext = yes' });
    const printed: string[] = [];
    await runDoctor(doctor.host, false, (text) => printed.push(text));
    const [text = ''] = printed;
    assert.match(
      text,
      /^BROKEN {3}server: the server does not run\n {9}so: .+\n {9}do: start it; look at it\n\nWARNING {2}/,
    );
    assert.match(text, /\nVerdict: broken \(1 broken, 1 warning, 1 note\)\.$/);
  });
});
