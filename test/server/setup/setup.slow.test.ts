import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { access, mkdir, readFile, rm, unlink as rmFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readClusterFacts } from '../../../server/enforcers/proxmox/cluster-facts.ts';
import { ProxmoxTransport } from '../../../server/enforcers/proxmox/proxmox-transport.ts';
import { isUnreadable } from '../../../server/enforcers/proxmox/readable.ts';
import { readServerSettings } from '../../../server/settings.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Report } from '../../../shared/finding.ts';
import { CommandError, commandRunner } from '../../../shared/host/command-runner.ts';
import { NotRunningError } from '../../../shared/host/local-socket.ts';
import { SetupError } from '../../../shared/host/setup-error.ts';
import { makeCertificates } from '../../certificates.ts';
import { startTemporaryProxmox } from '../../emulators/proxmox/temporary-proxmox.ts';
import { makeDoctor } from '../doctor/doctor-under-test.ts';
import { toEmulatedUsers } from './pveum-state.ts';
import { makeHost, type TemporaryHost } from './temporary-host.ts';

const yes = { isConfirmed: true } as const;

describe('setup', { concurrency: 4 }, () => {
  it('says every command and does nothing until it is confirmed', async (t) => {
    const host = await makeHost(t);
    const text = await host.setUp();
    for (const command of [
      'useradd --system --user-group --no-create-home --shell /usr/sbin/nologin fail2networkban',
      'pveum role add Fail2NetworkBanModify --privs Sys.Modify',
      'pveum acl modify / --users fail2networkban@pve --roles Fail2NetworkBanModify --propagate 0',
      'pveum user token add fail2networkban@pve server --privsep 1 --output-format json',
      "pveum acl modify / --tokens 'fail2networkban@pve!server' --roles Fail2NetworkBanAudit --propagate 1",
      `write [proxmox main] to ${host.configFile}`,
    ]) {
      assert.ok(text.includes(`would do: ${command}`), command);
    }
    assert.match(text, /Nothing was done/);
    assert.match(text, /To undo it: fail2networkban-server setup --undo/);
    assert.deepEqual((await host.pveum()).users, {});
    await assert.rejects(stat(host.configFile), { code: 'ENOENT' });
  });

  it('does exactly what it said', async (t) => {
    const host = await makeHost(t);
    const said = (await host.setUp()).split('\n').filter((line) => line.startsWith('would do: '));
    const did = await host.setUp(yes);
    for (const line of said) assert.ok(did.split('\n').includes(line.slice('would do: '.length)), line);
  });

  it('keeps a copy of a cluster.fw that is kept by hand, once, and says why', async (t) => {
    const host = await makeHost(t);
    const text = '# ask the network team first\n[OPTIONS]\n\nenable: 1\n# panels\n';
    await mkdir(join(host.proxmoxFolder, 'firewall'));
    await writeFile(join(host.proxmoxFolder, 'firewall', 'cluster.fw'), text);
    assert.match(
      await host.setUp(),
      /would do: install -m 0600 .*cluster\.fw .*\(Proxmox drops of it with the next change: 2 comment lines\)/,
    );
    await host.setUp(yes);
    const copy = join(host.configFile, '..', 'cluster.fw.before');
    assert.deepEqual([await readFile(copy, 'utf8'), (await stat(copy)).mode & 0o777], [text, 0o600]);
    await writeFile(join(host.proxmoxFolder, 'firewall', 'cluster.fw'), '# another\n');
    assert.match(await host.setUp(yes), /cluster\.fw\.before/);
    assert.equal(await readFile(copy, 'utf8'), text);
  });

  it('keeps no copy of a cluster.fw without a comment line, nor of none', async (t) => {
    const host = await makeHost(t);
    assert.doesNotMatch(await host.setUp(), /cluster\.fw/);
    await mkdir(join(host.proxmoxFolder, 'firewall'));
    await writeFile(join(host.proxmoxFolder, 'firewall', 'cluster.fw'), '[IPSET blacklist]\n\n203.0.113.7 # spring\n');
    assert.doesNotMatch(await host.setUp(), /cluster\.fw/);
  });

  it('gives a token that may change the cluster firewall and read, and no more', async (t) => {
    const host = await makeHost(t);
    await host.setUp(yes);
    assert.deepEqual(await permissionsOf(host, t), { sysModify: 'here', sysAudit: 'below', vmAudit: 'none' });
  });

  it('lets the token see guests only when asked to', async (t) => {
    const host = await makeHost(t);
    await host.setUp({ ...yes, auditsGuests: true });
    assert.deepEqual(await permissionsOf(host, t), { sysModify: 'here', sysAudit: 'below', vmAudit: 'below' });
  });

  it('keeps the secret from everybody else', async (t) => {
    const host = await makeHost(t);
    const printed = await host.setUp(yes);
    assert.deepEqual(await host.files(), ['proxmox-main.token 600', 'pve-root-ca.pem 644', 'server.ini 640']);
    const [, secret = ''] = (await readFile(tokenFileOf(host), 'utf8')).trim().split('=');
    assert.ok(secret.length > 30);
    assert.equal(printed.includes(secret), false);
  });

  it('names a unit that is there', async (t) => {
    const text = await (await makeHost(t)).setUp(yes);
    await access(/systemctl enable --now (\S+)/.exec(text)?.[1] ?? '');
  });

  it('writes a configuration that the server reads', async (t) => {
    const host = await makeHost(t);
    await host.setUp(yes);
    const { enforcers } = await settingsOf(host);
    assert.equal(enforcers.length, 1);
    assert.equal(enforcers[0]?.kind, 'proxmox');
  });

  it('goes past a certificate of the administrator to the loopback port of pvedaemon', async (t) => {
    const host = await makeHost(t);
    await writeFile(join(host.proxmoxFolder, 'local', 'pveproxy-ssl.pem'), 'bought elsewhere\n');
    await host.setUp(yes);
    assert.match(await readFile(host.configFile, 'utf8'), /^url = http:\/\/127\.0\.0\.1:85$/m);
    assert.deepEqual(await host.files(), ['proxmox-main.token 600', 'server.ini 640']);
  });

  it('leaves everything as it is when it runs again', async (t) => {
    const host = await makeHost(t);
    await host.setUp(yes);
    const [accounts, files] = [await host.pveum(), await host.files()];
    const text = await host.setUp(yes);
    assert.match(text, /kept: token fail2networkban@pve!server/);
    assert.match(text, /kept: .*server\.ini, which has \[proxmox main\] already/);
    assert.match(text, /Nothing is left to do/);
    assert.deepEqual({ ...(await host.pveum()), log: [] }, { ...accounts, log: [] });
    assert.deepEqual(await host.files(), files);
  });

  it('adds its section to a configuration that is there, and keeps the old text', async (t) => {
    const host = await makeHost(t);
    await host.setUp(yes);
    await writeFile(host.configFile, '[server]\nport = 1515\n');
    const text = await host.setUp(yes);
    const backup = /whose present text is kept in (\S+)/.exec(text)?.[1] ?? '';
    assert.equal(await readFile(backup, 'utf8'), '[server]\nport = 1515\n');
    const settings = await settingsOf(host);
    assert.equal(settings.port, 1515);
    assert.equal(settings.enforcers.length, 1);
  });

  it('says how to make a new token when the secret of the present one is lost, and changes nothing', async (t) => {
    const host = await makeHost(t);
    await host.setUp(yes);
    await rm(tokenFileOf(host));
    await assert.rejects(host.setUp(yes), (error) => {
      assert.ok(error instanceof SetupError);
      assert.match(error.message, /pveum user token remove fail2networkban@pve server && fail2networkban-server setup/);
      return true;
    });
    await commandRunner(join(host.folder, 'bin'))([
      'pveum',
      'user',
      'token',
      'remove',
      'fail2networkban@pve',
      'server',
    ]);
    await host.setUp(yes);
    assert.deepEqual(await permissionsOf(host, t), { sysModify: 'here', sysAudit: 'below', vmAudit: 'none' });
  });

  it('mends a permission that reaches further than it should', async (t) => {
    const host = await makeHost(t);
    await host.setUp(yes);
    const run = commandRunner(join(host.folder, 'bin'));
    for (const who of [
      ['--users', 'fail2networkban@pve'],
      ['--tokens', 'fail2networkban@pve!server'],
    ]) {
      await run(['pveum', 'acl', 'modify', '/', ...who, '--roles', 'Fail2NetworkBanModify', '--propagate', '1']);
    }
    await host.setUp(yes);
    assert.equal((await permissionsOf(host, t)).sysModify, 'here');
  });

  it('takes everything back', async (t) => {
    const host = await makeHost(t);
    await host.setUp({ ...yes, auditsGuests: true });
    assert.match(await host.setUp({ isUndo: true }), /would do: pveum user delete fail2networkban@pve/);
    const text = await host.setUp({ ...yes, isUndo: true });
    assert.match(text, /userdel fail2networkban/);
    const { roles, users, acl } = await host.pveum();
    assert.deepEqual({ roles, users, acl }, { roles: {}, users: {}, acl: [] });
  });

  describe('undone', () => {
    const running = { unitFolder: '/nonexistent', isUnitKnown: true };

    it('first has the server take its entries off, then stops it, then goes to Proxmox', async (t) => {
      const host = await makeHost(t);
      await host.setUp(yes);
      const log = join(host.folder, 'systemctl.log');
      await writeFile(join(host.folder, 'bin', 'systemctl'), `#!/bin/sh\necho "$@" >> '${log}'\n`, { mode: 0o755 });
      const asked: string[] = [];
      const askServer = async (verb: string) => {
        asked.push(verb);
        await assert.rejects(access(log));
        return { outcome: 'done', enforcers: [] };
      };
      const text = await host.setUp({ ...yes, isUndo: true, leavesEntries: false }, { ...running, askServer });
      assert.deepEqual(asked, ['status', 'panic']);
      assert.equal(await readFile(log, 'utf8'), 'disable --now fail2networkban-server\n');
      assert.match(text, /panic.*systemctl disable.*pveum acl delete.*What stays/s);
    });

    for (const [what, askServer, message] of [
      ['the server does not answer', () => Promise.reject(new NotRunningError('none')), /server does not answer/],
      [
        'a firewall cannot be emptied',
        () => Promise.resolve({ outcome: 'failed', enforcers: [{ name: 'proxmox/main', ours: 3 }] }),
        /not all are taken off: proxmox\/main;/,
      ],
    ] as const)
      it(`changes nothing while ${what}, and says how to go on`, async (t) => {
        const host = await makeHost(t);
        await host.setUp(yes);
        const before = await host.pveum();
        const undoing = host.setUp({ ...yes, isUndo: true, leavesEntries: false }, { ...running, askServer });
        await assert.rejects(
          undoing,
          (error: Error) => message.test(error.message) && /--leave-entries/.test(error.message),
        );
        assert.deepEqual({ ...(await host.pveum()), log: [] }, { ...before, log: [] });
      });

    it('names what stays with the command that removes it, and each does', async (t) => {
      const host = await makeHost(t);
      await host.setUp(yes);
      const text = await host.setUp({ ...yes, isUndo: true });
      const [, rm = ''] = /its files: rm (.*)$/m.exec(text) ?? [];
      for (const file of rm.split(' ')) await rmFile(file);
      assert.deepEqual(await host.files(), []);
      assert.match(text, /pvesh delete \/cluster\/firewall\/ipset\/blacklist/);
      assert.match(text, /userdel fail2networkban/);
    });
  });

  describe('without a Proxmox', () => {
    const plain = { ...yes, isWithoutProxmox: true };

    it('makes a certificate and a configuration that the server reads, and an addition to the unit', async (t) => {
      const host = await makeHost(t);
      await rm(host.proxmoxFolder, { recursive: true });
      const unitFolder = join(host.folder, 'units');
      const surroundings = { unitFolder, run: host.runWithSystem };
      const said = await host.setUp({ isWithoutProxmox: true }, surroundings);
      assert.match(said, /would do: openssl req -x509/);
      const text = await host.setUp(plain, surroundings);
      assert.deepEqual(await host.files(), ['certificate.key 600', 'certificate.pem 644', 'server.ini 640']);
      const dropIn = join(unitFolder, 'fail2networkban-server.service.d', 'without-proxmox.conf');
      assert.match(await readFile(dropIn, 'utf8'), /^LoadCredential=$/m);
      assert.doesNotMatch(text, /pveum/);
      const { tls, enforcers } = readServerSettings({
        file: host.configFile,
        hostname: 'bans',
        credentialsFolder: undefined,
        readConfig: () => readFileSync(host.configFile, 'utf8'),
        files: { read: () => assert.fail('a file is read'), modeOf: () => 0o600 },
      });
      assert.deepEqual(enforcers, []);
      const pem = await readFile(tls?.certificate ?? '', 'utf8');
      assert.equal(new X509Certificate(pem).subjectAltName, 'DNS:bans.example.org');
      createPrivateKey(await readFile(tls?.key ?? '', 'utf8'));
      assert.match(await host.setUp(plain, surroundings), /Nothing is left to do/);
      assert.equal(await readFile(tls?.certificate ?? '', 'utf8'), pem);
    });

    it('takes a certificate that is there, once the service can read it', async (t) => {
      const host = await makeHost(t);
      const certificate = { certificate: '/etc/ssl/own.pem', key: '/etc/ssl/own.key' };
      const text = await host.setUp({ isWithoutProxmox: true, certificate });
      assert.match(
        text,
        /setpriv --reuid fail2networkban --regid fail2networkban --clear-groups test -r \/etc\/ssl\/own\.key/,
      );
      assert.doesNotMatch(text, /openssl/);
      await assert.rejects(host.setUp({ ...plain, certificate }), CommandError);
      assert.doesNotMatch((await host.files()).join(), /server\.ini/);
    });

    it('is what is proposed where there is no Proxmox', async (t) => {
      const host = await makeHost(t);
      await rm(host.proxmoxFolder, { recursive: true });
      await assert.rejects(host.setUp(yes), /fail2networkban-server setup --no-proxmox/);
    });
  });

  it('leaves a user that has other tokens', async (t) => {
    const host = await makeHost(t);
    await host.setUp(yes);
    await commandRunner(join(host.folder, 'bin'))(['pveum', 'user', 'token', 'add', 'fail2networkban@pve', 'other']);
    await host.setUp({ ...yes, isUndo: true });
    assert.deepEqual(Object.keys((await host.pveum()).users['fail2networkban@pve']?.tokens ?? {}), ['other']);
  });

  it('looks whether it works, but only after it did something', async (t) => {
    const host = await makeHost(t);
    let looked = 0;
    const diagnose = () => {
      looked += 1;
      return Promise.resolve();
    };
    await host.setUp({}, { diagnose });
    assert.equal(looked, 0);
    await host.setUp(yes, { diagnose });
    assert.equal(looked, 1);
  });

  it('ends without a broken finding, the server not started yet', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: '[OPTIONS]\n\nenable: 1\n\n' });
    const host = await makeHost(t);
    const reports: Report[] = [];
    const diagnose = async () => {
      const text = await readFile(host.configFile, 'utf8');
      // What setup leaves to Proxmox's own places stands in a folder here.
      const { certFile, keyFile } = await makeCertificates(join(host.folder, 'tls'));
      const own = [
        '[server]',
        'listen = 127.0.0.1',
        `certificate = ${certFile}`,
        `certificate_key = ${keyFile}`,
        `database = ${host.folder}/ledger.db`,
        `socket = ${host.folder}/socket`,
      ];
      const toHere = text.replace('https://127.0.0.1:8006', emulated.url).replace('[server]', own.join('\n'));
      await writeFile(host.configFile, toHere.replace(/^ca = .*$/m, `ca = ${emulated.caFile}`));
      await writeFile(tokenFileOf(host), emulated.token, { mode: 0o600 });
      const doctor = await makeDoctor(t);
      reports.push(await doctor.examine({ configFile: host.configFile, isBeforeStart: true }));
    };
    await host.setUp(yes, { diagnose });
    const found = reports.flatMap(({ findings }) => findings);
    assert.deepEqual(
      found.filter(({ level }) => level === 'broken'),
      [],
    );
    assert.ok(found.length > 0);
  });

  const refusals: readonly (readonly [string, object, object, RegExp])[] = [
    ['without root', {}, { isRoot: false }, /must run as root/],
    ['for root@pam', { user: 'root@pam' }, {}, /--user root@pam: allowed is NAME@REALM/],
    ['for a user without a realm', { user: 'f2nb' }, {}, /allowed is NAME@REALM/],
    ['for an option in the place of a user', { user: '--privs x@pve' }, {}, /allowed is NAME@REALM/],
    ['where /etc/pve is not mounted', {}, { proxmoxFolder: '/nonexistent' }, /pve-cluster/],
    [
      'where pveum is not',
      {},
      { run: commandRunner('/nonexistent') },
      /pveum is not here: setup runs on a Proxmox VE host/,
    ],
  ];
  for (const [name, options, surroundings, message] of refusals) {
    it(`refuses ${name} in one sentence`, async (t) => {
      const host = await makeHost(t);
      await assert.rejects(host.setUp({ ...yes, ...options }, surroundings), (error) => {
        assert.ok(error instanceof SetupError);
        assert.match(error.message, message);
        assert.equal(error.message.includes('\n'), false);
        return true;
      });
    });
  }

  it('stops at the first command that fails and says which', async (t) => {
    const host = await makeHost(t);
    await writeFile(join(host.folder, 'bin', 'useradd'), '#!/bin/sh\necho "no room" >&2\nexit 1\n');
    await assert.rejects(host.setUp(yes), (error) => {
      assert.ok(error instanceof CommandError);
      assert.match(error.message, /^useradd --system .*: no room$/);
      return true;
    });
    assert.deepEqual((await host.pveum()).users, {});
  });
});

function tokenFileOf(host: TemporaryHost): string {
  return join(host.configFile, '..', 'proxmox-main.token');
}

async function settingsOf(host: TemporaryHost) {
  const files = new Map<string, string>();
  for (const file of [host.configFile, tokenFileOf(host), join(host.configFile, '..', 'pve-root-ca.pem')]) {
    files.set(file, await readFile(file, 'utf8'));
  }
  return readServerSettings({
    file: host.configFile,
    hostname: 'pve1',
    credentialsFolder: undefined,
    readConfig: () => files.get(host.configFile) ?? '',
    files: { read: (path) => files.get(path) ?? assert.fail(`${path} is read`), modeOf: (path) => statSync(path).mode },
  });
}

/** What a Proxmox with these accounts lets the token do. */
async function permissionsOf(host: TemporaryHost, test: Parameters<typeof startTemporaryProxmox>[0]) {
  const emulated = await startTemporaryProxmox(test, { users: toEmulatedUsers(await host.pveum()) });
  const token = (await readFile(tokenFileOf(host), 'utf8')).trim();
  const transport = new ProxmoxTransport({
    endpoint: {
      scheme: 'https',
      host: emulated.host,
      port: emulated.port,
      trust: { kind: 'ca', readPem: () => emulated.caPem },
    },
    readToken: () => token,
    clock: systemClock,
  });
  test.after(() => transport.close());
  const { permissions } = await readClusterFacts(transport, 'blacklist', new AbortController().signal);
  assert.ok(!isUnreadable(permissions));
  return permissions;
}
