import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { entry } from '../../../contracts/reconciler-bench.ts';
import type { EmulatedProxmox } from '../../../emulators/proxmox/emulated-proxmox.ts';
import { startTemporaryProxmox } from '../../../emulators/proxmox/temporary-proxmox.ts';
import { makeDoctor } from '../../doctor/doctor-under-test.ts';
import { ipsetOn, startProxmox } from './emulated-ipset.ts';

const signal = new AbortController().signal;
const aliases = '[ALIASES]\n\noffice 198.51.100.17\nhome 203.0.113.128/26\n\n';
const around = ['192.0.2.1', '192.0.2.2'];

function fileWith(...lines: readonly string[]): string {
  return `[OPTIONS]\n\nenable: 1\n\n${aliases}[IPSET blacklist]\n\n${[around[0], ...lines, around[1]].join('\n')}\n\n`;
}

/** A line below [IPSET blacklist], the networks that it blocks, and what the doctor says of it. */
const lines: readonly (readonly [line: string, blocks: readonly string[], finding?: string, said?: RegExp])[] = [
  ['203.0.113.1 # scanner', ['203.0.113.1']],
  ['203.0.113.1\r', ['203.0.113.1']],
  ['  203.0.113.1   #   blanks', ['203.0.113.1']],
  ['203.0.113.5/24', ['203.0.113.0/24'], 'entries-misspelt', /203\.0\.113\.5\/24 \(203\.0\.113\.0\/24\)/],
  ['2001:DB8::1', ['2001:db8::1'], 'entries-misspelt', /2001:DB8::1 \(2001:db8::1\)/],
  ['192.0.2.1', [], 'entries-repeated', /192\.0\.2\.1 = 192\.0\.2\.1/],
  ['office', ['198.51.100.17']],
  ['dc/OFFICE # of ours', ['198.51.100.17']],
  ['home\r', ['203.0.113.128/26']],
  ['nobody', [], 'entries-unusable', /nobody \(no such alias 'nobody'\).*pvesh delete \S+\/blacklist\/nobody"/],
  ['guest/office', [], 'entries-unusable', /guest\/office \(the alias of a guest/],
  ['192.0.2.300', [], 'entries-unusable', /192\.0\.2\.300 \(value does not look like/],
  ['0.0.0.0/0', [], 'entries-unusable', /0\.0\.0\.0\/0 \(a zero prefix is not allowed/],
  ['[BOGUS]', [], 'entries-unusable', /\[BOGUS\] \(/],
  ['!', [], 'entries-unusable', /! \(what Proxmox left of a line/],
  ['203.0.113.201 scanner of march', [], 'entries-unusable', /line 13: 203\.0\.113\.201 scanner of march \(/],
  ['scanner of march # lost', [], 'entries-unusable', /line 13: scanner of march # lost \(/],
  ['!203.0.113.9', [], 'exceptions', /203\.0\.113\.9/],
];

describe('a line of the administrator’s in the blacklist', () => {
  for (const [line, blocks, finding, said] of lines) {
    it(`${JSON.stringify(line)} keeps no ban of ours out, and is ${finding ?? 'well'} to the doctor`, async (t) => {
      const proxmox = await startTemporaryProxmox(t, { clusterFw: fileWith(line) });
      const doctor = await makeDoctor(t, { proxmox });
      await mkdir(join(doctor.host.proxmoxFolder, 'firewall'), { recursive: true });
      await writeFile(join(doctor.host.proxmoxFolder, 'firewall', 'cluster.fw'), fileWith(line));
      const { findings } = await doctor.examine();
      const of = findings.filter(({ code }) => /^entries-|^exceptions$|^sections-/.test(code));
      assert.deepEqual([...new Set(of.map(({ code }) => code))], finding === undefined ? [] : [finding]);
      if (said !== undefined) assert.match(JSON.stringify(of), said);

      const ipset = ipsetOn(proxmox);
      const held = await ipset.list(signal);
      const networks = new Set(held.filter((each) => each.isException !== true).map(({ network }) => network));
      assert.deepEqual([...networks].sort(), [...new Set([...around, ...blocks])].sort());
      await ipset.apply([{ verb: 'add', entry: entry('203.0.113.77') }], signal);
      const spelled = proxmox.entriesOf('blacklist').map(({ cidr }) => cidr);
      for (const each of ['203.0.113.77', ...around]) assert.ok(spelled.includes(each), `${each} in ${spelled}`);
      await ipset.close();
    });
  }

  it('names an alias that is defined below the set, which Proxmox does not know there yet', async (t) => {
    const text = `[OPTIONS]\n\nenable: 1\n\n[IPSET blacklist]\n\noffice\n192.0.2.1\n\n${aliases}`;
    const proxmox = await startTemporaryProxmox(t, { clusterFw: text });
    const finding = async () =>
      (await (await makeDoctor(t, { proxmox })).examine()).findings.find(({ code }) => code === 'entries-unusable');
    assert.match(JSON.stringify(await finding()), /office \(no such alias 'office'\).*move \[ALIASES\] above/);
    const ipset = ipsetOn(proxmox);
    assert.deepEqual(
      (await ipset.list(signal)).map(({ network }) => network),
      ['192.0.2.1'],
      'a ban inside of it is not taken for blocked',
    );
    await ipset.apply([{ verb: 'add', entry: entry('198.51.100.17') }], signal);
    assert.equal(await finding(), undefined, 'the change through the API has moved it');
    await ipset.close();
  });
});

describe('lines of the administrator’s, whatever they are', () => {
  let proxmox: EmulatedProxmox;
  before(async () => {
    proxmox = await startProxmox();
  });
  after(() => proxmox.close());

  it('keep no ban of ours out, and lose none of the entries that are well', async () => {
    const good = fc.constantFrom(
      '203.0.113.1 # why',
      '203.0.113.0/24',
      'office',
      'dc/home',
      '2001:db8::1',
      '!203.0.113.9',
    );
    const bad = fc.constantFrom('two words', 'nobody', '1.2.3', '!', '[BOGUS]', '0.0.0.0/0', 'x # y', '# only', '\r');
    const words = fc
      .stringMatching(/^[ -~\t\r]{0,20}$/)
      .filter((text) => !/^\s*\[(ipset|group|rules|options|aliases)/i.test(text));
    const file = fc.array(fc.oneof(good, bad, words), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(file, async (noise) => {
        proxmox.writeClusterFw(fileWith(...noise));
        const ipset = ipsetOn(proxmox);
        const held = (await ipset.list(signal)).map(({ network }) => network);
        for (const each of around) assert.ok(held.some((network) => network === each));
        await ipset.apply([{ verb: 'add', entry: entry('198.18.0.77') }], signal);
        const spelled = proxmox.entriesOf('blacklist').map(({ cidr }) => cidr);
        for (const each of ['198.18.0.77', ...around]) assert.ok(spelled.includes(each));
        await ipset.close();
      }),
      { numRuns: 60 },
    );
  });
});
