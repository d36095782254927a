import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { EmulatedProxmoxOptions } from '../../emulators/proxmox/emulated-proxmox.ts';
import { startTemporaryProxmox } from '../../emulators/proxmox/temporary-proxmox.ts';
import { ManualClock } from '../../manual-clock.ts';
import { until } from '../../until.ts';
import { codesOf, type Installation, makeDoctor } from './doctor-under-test.ts';

const firewallOn = '[OPTIONS]\n\nenable: 1\n\n';
const blacklist = (...lines: readonly string[]): string => `${firewallOn}[IPSET blacklist]\n\n${lines.join('\n')}\n`;
const good = blacklist('192.0.2.1 # f2nb sshd web1', '192.0.2.2');

/** What a good Proxmox gives when the server does not run and the token may not see guests. */
const always = ['guests-unreadable', 'not-running'];

interface Cause {
  readonly proxmox?: Partial<EmulatedProxmoxOptions>;
  readonly installation?: Installation;
}

const pve1 = { name: 'pve1', ip: '192.0.2.10' };
const guest = (vmid: number, ...cards: readonly boolean[]) => ({
  vmid,
  type: 'qemu' as const,
  node: 'pve1',
  name: `guest${vmid}`,
  networks: cards.map((firewall) => ({ firewall })),
});
const manyEntries = Array.from(
  { length: 20_000 },
  (_, index) => `198.${18 + (index >> 16)}.${(index >> 8) & 255}.${index & 255} # f2nb sshd a-host-with-a-long-name`,
);

/** What is wrong, and what the doctor then finds beside what it always finds here. */
const causes: readonly (readonly [string, Cause, readonly string[], RegExp?])[] = [
  ['nothing', {}, []],
  [
    'the cluster firewall is off',
    { proxmox: { clusterFw: '[IPSET blacklist]\n\n192.0.2.1\n' } },
    ['cluster-firewall-off'],
  ],
  [
    "a node's firewall is off",
    { proxmox: { cluster: { nodes: [{ ...pve1, firewall: { enable: false } }], guests: [] } } },
    ['host-firewall-off'],
    /node pve1 is off/,
  ],
  [
    'a node filters with nftables',
    { proxmox: { cluster: { nodes: [{ ...pve1, firewall: { nftables: true } }], guests: [] } } },
    ['nftables-needs-rule'],
    /IN DROP -source \+dc\/blacklist/,
  ],
  ...['IN DROP -source +dc/blacklist', 'IN REJECT -source +blacklist # mine'].map((rule): (typeof causes)[number] => [
    `a node filters with nftables and has the rule ${rule}`,
    {
      proxmox: {
        clusterFw: `${good}\n[RULES]\n\n${rule}\n`,
        cluster: { nodes: [{ ...pve1, firewall: { nftables: true } }], guests: [] },
      },
    },
    ['guests-need-rule'],
  ]),
  ...['|IN DROP -source +dc/blacklist', 'IN DROP -source +dc/blacklist -p tcp', 'IN ACCEPT -source +dc/blacklist'].map(
    (rule): (typeof causes)[number] => [
      `a node filters with nftables and has only the rule ${rule}`,
      {
        proxmox: {
          clusterFw: `${good}\n[RULES]\n\n${rule}\n`,
          cluster: { nodes: [{ ...pve1, firewall: { nftables: true } }], guests: [] },
        },
      },
      ['nftables-needs-rule'],
    ],
  ),
  [
    'a node is offline',
    { proxmox: { cluster: { name: 'lab', nodes: [pve1, { name: 'pve2', online: false }], guests: [] } } },
    ['node-offline'],
    /node pve2/,
  ],
  [
    "a node's clock is two minutes ahead",
    { proxmox: { cluster: { nodes: [{ ...pve1, clockAheadMs: 120_000 }], guests: [] } } },
    ['clock-differs'],
    /(?:119|12[01]) s ahead of ours/,
  ],
  [
    "a node's clock is two minutes behind",
    { proxmox: { cluster: { nodes: [{ ...pve1, clockAheadMs: -120_000 }], guests: [] } } },
    ['clock-differs'],
    /(?:119|12[01]) s behind ours/,
  ],
  ['the ipset is not there', { proxmox: { clusterFw: firewallOn } }, ['ipset-absent']],
  [
    'the ipset has another name',
    { installation: { section: 'ipset = banned' } },
    ['ipset-absent', 'ipset-without-meaning'],
  ],
  [
    'an entry is nonsense',
    { proxmox: { clusterFw: blacklist('192.0.2.300') } },
    ['entries-unusable'],
    /192\.0\.2\.300/,
  ],
  [
    'a line lacks its #',
    { proxmox: { clusterFw: blacklist('192.0.2.2', '203.0.113.201 scanner of march') } },
    ['entries-unusable'],
    /a line without an address.*is a # missing.*\/etc\/pve\/firewall\/cluster\.fw/,
  ],
  [
    'an entry names an alias that there is',
    { proxmox: { clusterFw: `[ALIASES]\n\nrogue 203.0.113.33\n\n${blacklist('rogue', 'dc/Rogue')}` } },
    ['entries-repeated'],
  ],
  [
    'an entry names an alias that there is not',
    { proxmox: { clusterFw: blacklist('rogue', 'guest/rogue') } },
    ['entries-unusable'],
    /rogue \(no such alias 'rogue'\), guest\/rogue \(the alias of a guest/,
  ],
  [
    'the management set names aliases',
    { proxmox: { clusterFw: `[ALIASES]\n\nhome 203.0.113.33\n\n[IPSET management]\n\nhome\n\n${good}` } },
    [],
  ],
  [
    'the management set names an alias that there is not',
    { proxmox: { clusterFw: `[IPSET management]\n\nhome\n\n${good}` } },
    ['management-unknown'],
    /ipset management of proxmox\/main is known: home \(no such alias 'home'\)/,
  ],
  [
    'the network of a node is not known',
    { proxmox: { cluster: { nodes: [{ ...pve1, cidr: undefined }], guests: [] } } },
    ['management-unknown'],
    /the network of node pve1 .*--name local_network/,
  ],
  [
    'an entry is in upper case',
    { proxmox: { clusterFw: blacklist('2001:DB8::1') } },
    ['entries-misspelt'],
    /pvesh delete \/cluster\/firewall\/ipset\/blacklist\/2001:DB8::1/,
  ],
  [
    'an address stands in two spellings',
    { proxmox: { clusterFw: blacklist('2001:DB8::1', '2001:db8::1') } },
    ['entries-misspelt', 'entries-repeated'],
    /2001:DB8::1 = 2001:db8::1/,
  ],
  ['an entry is an exception', { proxmox: { clusterFw: blacklist('!192.0.2.77') } }, ['exceptions'], /192\.0\.2\.77/],
  [
    'four of five entries are used',
    {
      proxmox: { clusterFw: blacklist(...[1, 2, 3, 4].map((last) => `192.0.2.${last} # f2nb sshd web1`)) },
      installation: { section: 'max_entries = 5' },
    },
    ['near-max-entries'],
    /4 entries of at most 5/,
  ],
  [
    'three of five entries are used',
    {
      proxmox: { clusterFw: blacklist(...[1, 2, 3].map((last) => `192.0.2.${last} # f2nb sshd web1`)) },
      installation: { section: 'max_entries = 5' },
    },
    [],
  ],
  [
    'cluster.fw is nearly full',
    { proxmox: { clusterFw: blacklist(...manyEntries) }, installation: { section: 'max_entries = 50000' } },
    ['near-file-ceiling'],
    /9\d % of the 1 MiB/,
  ],
  [
    'the token may only read',
    { installation: { token: 'f2nb@pve!audit' } },
    ['privilege-missing'],
    /lacks Sys\.Modify on \//,
  ],
  [
    'the token may do more than it needs',
    { installation: { token: 'f2nb@pve!ban' } },
    ['privilege-wider-than-needed'],
    /--tokens 'f2nb@pve!ban' --roles Fail2NetworkBanModify --propagate 0/,
  ],
  [
    'the token may not read nodes',
    { installation: { token: 'f2nb@pve!noprop' } },
    ['privilege-narrower-than-needed'],
    /Sys\.Audit on \/ without propagation/,
  ],
];

describe('the doctor, asking a Proxmox', () => {
  for (const [name, { proxmox = {}, installation = {} }, expected, text] of causes) {
    it(`finds ${expected.length === 0 ? 'nothing' : [...new Set(expected)].join(' and ')} when ${name}`, async (t) => {
      const emulated = await startTemporaryProxmox(t, { clusterFw: good, ...proxmox });
      const doctor = await makeDoctor(t, { proxmox: emulated, ...installation });
      const report = await doctor.examine();
      assert.deepEqual(codesOf(report), [...always, ...expected].sort());
      if (text !== undefined) assert.match(JSON.stringify(report.findings), text);
    });
  }

  it('counts the comment lines of a file that is kept by hand, before Proxmox drops them', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: good });
    const doctor = await makeDoctor(t, { proxmox: emulated });
    const firewall = join(doctor.host.proxmoxFolder, 'firewall');
    await mkdir(firewall, { recursive: true });
    await writeFile(join(firewall, 'cluster.fw'), `# ask first\n  # panels\n${good}`);
    const { findings } = await doctor.examine();
    const found = findings.find(({ code }) => code === 'comments-dropped');
    assert.match(found?.fact ?? '', /2 comment lines/);
    await writeFile(join(firewall, 'cluster.fw'), good);
    assert.deepEqual(codesOf(await doctor.examine()), always);
  });

  /** A file of the host as it stands there, what the doctor finds, and how the file is when its command was run. */
  const files: readonly (readonly [what: string, text: string, code: string, fact: RegExp, mended?: string])[] = [
    [
      'was written on Windows',
      good.replaceAll('\n', '\r\n'),
      'sections-lost',
      /\[OPTIONS\] of cluster\.fw ends in CR LF/,
      good,
    ],
    [
      'has two sections of one set',
      `${good}\n[IPSET blacklist]\n192.0.2.9\n`,
      'sets-repeated',
      /more than one section of cluster\.fw is the set blacklist/,
    ],
    [
      'lacks a # in a line of management',
      `${good}\n[IPSET management]\nscanner of march\n`,
      'management-unknown',
      /of \/etc\/pve\/firewall\/cluster\.fw: line 11: scanner of march$/,
    ],
  ];
  for (const [what, text, code, fact, mended] of files) {
    it(`finds ${code} when cluster.fw of this host ${what}, and proposes what helps`, async (t) => {
      const emulated = await startTemporaryProxmox(t, { clusterFw: text });
      const doctor = await makeDoctor(t, { proxmox: emulated });
      const firewall = join(doctor.host.proxmoxFolder, 'firewall');
      await mkdir(firewall, { recursive: true });
      const file = join(firewall, 'cluster.fw');
      await writeFile(file, text);
      const found = (await doctor.examine()).findings.find((finding) => finding.code === code);
      assert.match(found?.fact ?? '', fact);
      if (mended === undefined) return;
      const command = found?.command
        ?.replaceAll('/etc/pve/firewall/cluster.fw', file)
        .replace('/root/', `${firewall}/`);
      await promisify(execFile)('/bin/sh', ['-c', command ?? 'false']);
      assert.equal(await readFile(file, 'utf8'), mended);
      assert.equal(await readFile(join(firewall, 'cluster.fw.before'), 'utf8'), text);
    });
  }

  it('knows a firewall that was switched on for a while', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: good });
    const doctor = await makeDoctor(t, { proxmox: emulated });
    for (const [ageSeconds, code] of [
      // Ahead of the clock, so that no pause of the test makes it old.
      [-3_600, 'cluster-firewall-on-trial'],
      [61, 'cluster-firewall-off'],
    ] as const) {
      const enabledAt = Math.floor(Date.now() / 1_000) - ageSeconds;
      emulated.writeClusterFw(good.replace('enable: 1', `enable: ${enabledAt}`));
      assert.deepEqual(codesOf(await doctor.examine()), [code, ...always].sort());
    }
  });

  it('says once what a token without any privilege lacks, and guesses nothing', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: good });
    const report = await (await makeDoctor(t, { proxmox: emulated, token: 'f2nb@pve!none' })).examine();
    assert.deepEqual(codesOf(report), ['not-running', 'privilege-missing']);
    const { fact, command } = report.findings.find(({ code }) => code === 'privilege-missing') ?? {};
    assert.match(fact ?? '', /f2nb@pve!none lacks Sys\.Modify and Sys\.Audit on \//);
    assert.match(command ?? '', /--roles Fail2NetworkBanModify .*--roles Fail2NetworkBanAudit /);
  });

  it('names the network cards without firewall=1 to a token that may see guests', async (t) => {
    const guests = [guest(100, true), guest(101, true, false), guest(102, false)];
    const emulated = await startTemporaryProxmox(t, { clusterFw: good, cluster: { nodes: [pve1], guests } });
    const seeing = await makeDoctor(t, { proxmox: emulated, token: 'f2nb@pve!doctor' });
    const report = await seeing.examine();
    assert.deepEqual(codesOf(report), ['guest-without-firewall', 'not-running']);
    assert.match(report.findings.at(-1)?.fact ?? '', /: 101 guest101 \(net1\), 102 guest102 \(net0\)$/);
  });

  it('does not warn of guests that it may not see', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: good });
    const { findings } = await (await makeDoctor(t, { proxmox: emulated })).examine();
    const note = findings.find(({ code }) => code === 'guests-unreadable');
    assert.equal(note?.level, 'note');
    assert.match(note?.fact ?? '', /cannot be read: needs VM\.Audit on \/vms/);
  });

  it('says that the token is not accepted', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: good, delays: { unauthorizedMs: 0 } });
    emulated.revokedTokens.add('f2nb@pve!server');
    const report = await (await makeDoctor(t, { proxmox: emulated })).examine();
    assert.deepEqual(codesOf(report), ['not-running', 'token-refused']);
    const { fact, command } = report.findings.find(({ code }) => code === 'token-refused') ?? {};
    assert.match(fact ?? '', /does not accept the token f2nb@pve!server \(401\)$/);
    assert.match(
      command ?? '',
      /^pveum user token list f2nb@pve .*; a new one: pveum user token remove f2nb@pve server; /,
    );
  });

  it('says that nobody answers', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: good });
    const doctor = await makeDoctor(t, { proxmox: emulated });
    await emulated.close();
    assert.deepEqual(codesOf(await doctor.examine()), ['not-running', 'proxmox-unreachable']);
  });

  it('does not outwait a Proxmox that hangs', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: good });
    emulated.faults.next({ kind: 'hung-body' });
    const clock = new ManualClock(Date.now());
    const report = (await makeDoctor(t, { proxmox: emulated })).examine({ clock });
    let isDone = false;
    void report.then(() => {
      isDone = true;
    });
    await until(() => {
      // The one timer of ten seconds is that of the call that hangs.
      if (emulated.faults.pending === 0 && clock.nextInMs === 10_000) clock.advance(10_000);
      return isDone;
    }, 'the doctor is done');
    const { fact } = (await report).findings.find(({ code }) => code === 'proxmox-unreachable') ?? {};
    assert.match(fact ?? '', /no answer in 10 s/);
  });

  it('changes nothing', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: good });
    await (await makeDoctor(t, { proxmox: emulated })).examine();
    assert.deepEqual([...new Set(emulated.log.entries.map(({ method }) => method))], ['GET']);
    assert.equal(emulated.readClusterFw(), good);
  });
});
