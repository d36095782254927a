import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadAgentSettings } from '../../client/agent-settings.ts';
import { defaultConfig } from '../../client/default-config.ts';
import { defaultConfigFile, readServerSettings } from '../../server/settings.ts';
import { exitCodes } from '../../shared/exit-codes.ts';
import { analyze, exposureOf, verify } from './analyze.ts';
import {
  mayWrite,
  readUnit,
  readUnitWithNftables,
  readUnitWithoutNamespaces,
  type Unit,
  units,
  valuesOf,
} from './unit-file.ts';

/** systemd's own scale: 0 is safe, 10 is not. */
const exposureMax: Readonly<Record<Unit, number>> = {
  'fail2networkban-server.service': 1.5,
  'fail2networkban-agent.service': 2,
};

const exposureMaxWithNftables = 2.3;

const configFile: Readonly<Record<Unit, string>> = {
  'fail2networkban-server.service': defaultConfigFile,
  'fail2networkban-agent.service': defaultConfig,
};

for (const unit of units) {
  describe(unit, () => {
    it('is accepted by systemd-analyze verify', async () => {
      const { isAccepted, text } = await analyze(unit, await readUnit(unit), verify);
      assert.ok(isAccepted, text);
      assert.doesNotMatch(text, new RegExp(unit));
    });

    it('would not be with an unknown key', async () => {
      const text = (await readUnit(unit)).replace('\n[Service]\n', '\n[Service]\nNoNewPrivilege=yes\n');
      const analysis = await analyze(unit, text, verify);
      assert.equal(analysis.isAccepted, false);
      assert.match(analysis.text, /Unknown key 'NoNewPrivilege'/);
    });

    it('would not be with a program that is not there', async () => {
      const text = (await readUnit(unit)).replaceAll('=fail2networkban', '=absent-fail2networkban');
      const analysis = await analyze(unit, text, verify);
      assert.equal(analysis.isAccepted, false);
      assert.match(analysis.text, /is not executable/);
    });

    it(`is exposed at most ${exposureMax[unit]}`, async () => {
      const exposure = await exposureOf(unit, await readUnit(unit));
      assert.ok(exposure <= exposureMax[unit], `exposure ${exposure}`);
    });

    it('is accepted without namespaces too', async () => {
      const { isAccepted, text } = await analyze(unit, await readUnitWithoutNamespaces(unit), verify);
      assert.ok(isAccepted, text);
      assert.doesNotMatch(text, new RegExp(unit));
    });

    it('would be exposed more without a system call filter', async () => {
      const text = await readUnit(unit);
      const open = text.replaceAll(/^SystemCallFilter=.*$/gm, '');
      assert.ok((await exposureOf(unit, open)) > (await exposureOf(unit, text)));
    });

    it('reads the configuration that commands read, in the one process whose exit code counts', async () => {
      const text = await readUnit(unit);
      const start = valuesOf(text, 'ExecStart')[0] ?? '';
      assert.match(start, new RegExp(`--config ${configFile[unit]}$`));
      // RestartPreventExitStatus= looks at the main process alone (systemd.service(5)): others must not end a start.
      for (const command of valuesOf(text, 'ExecStartPre')) assert.match(command, /^[+!:@]*-/);
    });

    it('reads the configuration again by a command that says whether it can be used', async () => {
      const [first = ''] = valuesOf(await readUnit(unit), 'ExecReload');
      assert.match(first, new RegExp(`^fail2networkban\\S* (check-config|reload) --config ${configFile[unit]}$`));
    });

    it('tries on for as long as a fault lasts that passes', async () => {
      const text = await readUnit(unit);
      assert.deepEqual(valuesOf(text, 'StartLimitIntervalSec'), ['0']);
      assert.deepEqual(valuesOf(text, 'Restart'), ['on-failure']);
    });

    it('does not try again with a wrong configuration', async () => {
      assert.deepEqual(valuesOf(await readUnit(unit), 'RestartPreventExitStatus'), [String(exitCodes.config)]);
    });

    it('leaves the program the 5 s that it may take to stop, and little more', async () => {
      const seconds = Number.parseInt(valuesOf(await readUnit(unit), 'TimeoutStopSec')[0] ?? '', 10);
      assert.ok(seconds > 5 && seconds < 8, `${seconds} s`);
    });
  });
}

describe('fail2networkban-agent.service with nftables.conf', () => {
  const unit = 'fail2networkban-agent.service';

  it('is accepted by systemd-analyze verify', async () => {
    const { isAccepted, text } = await analyze(unit, await readUnitWithNftables(), verify);
    assert.ok(isAccepted, text);
    assert.doesNotMatch(text, new RegExp(unit));
  });

  it(`is exposed at most ${exposureMaxWithNftables}, and more than without`, async () => {
    const exposure = await exposureOf(unit, await readUnitWithNftables());
    assert.ok(exposure <= exposureMaxWithNftables, `exposure ${exposure}`);
    assert.ok(exposure > (await exposureOf(unit, await readUnit(unit))));
  });

  it('has one capability, which nft gets too, and the sockets that it needs', async () => {
    const text = await readUnitWithNftables();
    for (const key of ['CapabilityBoundingSet', 'AmbientCapabilities']) {
      assert.equal(valuesOf(text, key).join(' ').trim(), 'CAP_NET_ADMIN');
    }
    assert.match(valuesOf(text, 'RestrictAddressFamilies').join(' '), /\bAF_NETLINK\b/);
  });
});

describe('what the programs write by default', () => {
  it('is writable for the server', async () => {
    const text = await readUnit('fail2networkban-server.service');
    const settings = readServerSettings({
      file: defaultConfigFile,
      hostname: 'pve1',
      credentialsFolder: undefined,
      readConfig: () => '',
      files: { read: () => '', modeOf: () => 0o600 },
    });
    for (const file of [settings.database, settings.socket]) assert.ok(mayWrite(text, file), file);
  });

  it('is writable for the agent', async () => {
    const text = await readUnit('fail2networkban-agent.service');
    const settings = await defaultAgentSettings();
    for (const file of [join(settings.spool, 'queue'), join(settings.state, 'journal'), settings.socket]) {
      assert.ok(mayWrite(text, file), file);
    }
  });

  it('is noticed when it is not', async () => {
    const text = (await readUnit('fail2networkban-agent.service')).replace(/^ReadWritePaths=.*$/m, '');
    assert.equal(mayWrite(text, join((await defaultAgentSettings()).spool, 'queue')), false);
  });

  it('has a spool that is made before the agent is confined, where that can be', async () => {
    const text = await readUnit('fail2networkban-agent.service');
    const { spool } = await defaultAgentSettings();
    assert.deepEqual(valuesOf(text, 'ExecStartPre'), [`-+/usr/bin/install -d -m 0700 ${spool}`]);
    assert.deepEqual(valuesOf(text, 'ReadWritePaths'), [`-${spool}`]);
  });
});

describe('what the server is handed at its start', () => {
  it('has the names by which it looks for certificate and key', async () => {
    const text = await readUnit('fail2networkban-server.service');
    const { tls } = readServerSettings({
      file: defaultConfigFile,
      hostname: 'pve1',
      credentialsFolder: '',
      readConfig: () => '',
      files: { read: () => '', modeOf: () => 0o600 },
    });
    const credentials = valuesOf(text, 'LoadCredential').map((value) => value.split(':')[0]);
    assert.deepEqual(credentials, [tls?.certificate, tls?.key]);
  });
});

async function defaultAgentSettings() {
  const folder = await mkdtemp(join(tmpdir(), 'client-ini-'));
  try {
    await writeFile(join(folder, 'client.ini'), '');
    return await loadAgentSettings(join(folder, 'client.ini'));
  } finally {
    await rm(folder, { recursive: true });
  }
}
