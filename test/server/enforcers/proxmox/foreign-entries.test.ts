import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showBans } from '../../../../server/commands/show/show-bans.ts';
import { timesAt } from '../../../../server/commands/show/times.ts';
import type { EmulatedProxmox } from '../../../emulators/proxmox/emulated-proxmox.ts';
import { RawClient } from '../../../emulators/proxmox/raw-client.ts';
import { until } from '../../../until.ts';
import { askHttp, makeHttpClient } from '../../http/ask-http.ts';
import { OpenApiCheck } from '../../http/openapi-check.ts';
import { type RunningServer, withServer } from '../../running-server.ts';
import { editIpset, firewallOn, startProxmox } from './emulated-ipset.ts';

const about = '203.0.113.7';
const clusterFw =
  '[OPTIONS]\n\nenable: 1\n\n[ALIASES]\n\nOffice 203.0.113.0/28 # the office\n\n[IPSET blacklist]\n\n198.51.100.1\n\n';

/** A line of the administrator's below [IPSET blacklist] that contains 203.0.113.7, and how it is named. */
const lines: readonly (readonly [line: string, entry: string])[] = [
  ['203.0.113.7 # scanner of march', '203.0.113.7 in ipset blacklist of proxmox/main ("scanner of march")'],
  ['203.0.113.7/32', '203.0.113.7 in ipset blacklist of proxmox/main'],
  ['203.0.113.0/24', '203.0.113.0/24 in ipset blacklist of proxmox/main'],
  ['203.0.113.5/24 # odd', '203.0.113.5/24 (203.0.113.0/24) in ipset blacklist of proxmox/main ("odd")'],
  ['office # of ours', 'office (203.0.113.0/28) in ipset blacklist of proxmox/main ("of ours")'],
  ['dc/Office', 'dc/Office (203.0.113.0/28) in ipset blacklist of proxmox/main'],
  ['203.0.113.7 # f2nb was here too', '203.0.113.7 in ipset blacklist of proxmox/main ("f2nb was here too")'],
];

interface Bench {
  readonly server: RunningServer;
  readonly proxmox: EmulatedProxmox;
  readonly say: (verb: 'unban' | 'lookup') => Promise<string>;
}

async function withProxmox(work: (bench: Bench) => Promise<void>): Promise<void> {
  const proxmox = await startProxmox({ clusterFw });
  const run = async (server: RunningServer): Promise<void> => {
    const show = showBans(timesAt(server.clock.now()));
    const say: Bench['say'] = async (verb) => show[verb](await server.ask(verb, { network: about }));
    await until(async () => /in-sync/.test(JSON.stringify(await server.ask('status'))), 'the firewall is in sync');
    await work({ server, proxmox, say });
  };
  try {
    await withServer(run, undefined, { parts: { firewalls: [firewallOn(proxmox, 'mem1')] } });
  } finally {
    await proxmox.close();
  }
}

/** Carries out what an answer proposes, as pvesh does. */
async function carryOut(proxmox: EmulatedProxmox, text: string): Promise<void> {
  const path = /pvesh delete (\S+)$/m.exec(text)?.[1] ?? assert.fail(`no command in ${text}`);
  const client = await RawClient.connect(proxmox);
  const { status } = await client.request({ method: 'DELETE', path: `/api2/json${path}`, token: proxmox.token });
  client.close();
  assert.equal(status, 200, path);
}

describe("the administrator's own entry", () => {
  for (const [line, entry] of lines) {
    it(`is named by unban and lookup as theirs, with what takes it out: ${line}`, () =>
      withProxmox(async ({ server, proxmox, say }) => {
        await server.ask('ban', { network: about });
        editIpset(proxmox, (before) => [...before.filter((each) => !each.startsWith(about)), line]);
        const unbanned = await say('unban');
        assert.ok(
          unbanned.includes(`still blocked by your own entry ${entry}; it stays until you take it out`),
          unbanned,
        );
        assert.ok((await say('lookup')).includes(`still blocked by your own entry ${entry};`));
        await carryOut(proxmox, unbanned);
        await server.ask('reconcile');
        const after = await say('lookup');
        assert.ok(after.endsWith('firewalls: proxmox/main absent'), after);
        assert.doesNotMatch(await say('unban'), /blocked/);
      }));
  }

  it('is named as what blocks beside a ban, and is not ours to end', () =>
    withProxmox(async ({ server, proxmox, say }) => {
      editIpset(proxmox, (before) => [...before, `${about} # by hand`]);
      await server.ask('ban', { network: about });
      await until(
        async () => /also blocked by your own entry 203\.0\.113\.7 .*"by hand"/.test(await say('lookup')),
        'the duplicate is looked at',
      );
      await server.ask('unban', { network: about });
      assert.match(proxmox.readClusterFw() ?? '', /203\.0\.113\.7 # by hand/);
    }));

  /** Lines of the administrator's, and what is said of a ban of 203.0.113.7 beside them. */
  const exceptions: readonly (readonly [lines: readonly string[], said: RegExp])[] = [
    [
      [`!${about}`],
      /proxmox\/main refused: the firewall does not take it: ipset blacklist has the exception !203\.0\.113\.7$/,
    ],
    [['203.0.113.0/24', `!${about}`], /proxmox\/main refused: .* the exception !203\.0\.113\.7$/],
    [['203.0.113.0/24', '!203.0.113.0/28'], /\nfirewalls: proxmox\/main in force$/],
  ];
  for (const [set, said] of exceptions) {
    it(`that is an exception undoes what is wider: ${set.join(' and ')}`, () =>
      withProxmox(async ({ server, proxmox, say }) => {
        editIpset(proxmox, (before) => [...before, ...set]);
        await server.ask('reconcile');
        assert.doesNotMatch(await say('lookup'), /blocked by/, 'nothing blocks it');
        await server.ask('ban', { network: about });
        await until(async () => said.test(await say('lookup')), `${said}`);
      }));
  }

  it('stands in the answers of the HTTP API, as declared', () =>
    withProxmox(async ({ server, proxmox }) => {
      editIpset(proxmox, (before) => [...before, `${about} # by hand`]);
      await server.ask('reconcile');
      const check = await OpenApiCheck.of(server);
      const token = await makeHttpClient(server, { name: 'admin', may: 'ban,unban,operate' });
      const foreign = [
        {
          ...{
            enforcer: 'proxmox/main',
            place: 'ipset blacklist',
            network: about,
            spelling: about,
            comment: 'by hand',
          },
          command: `pvesh delete /cluster/firewall/ipset/blacklist/${about}`,
        },
      ];
      const operation = 'DELETE /api/v1/bans/{network}';
      for (const query of ['', '?lift']) {
        const answer = await askHttp(server, `DELETE /api/v1/bans/${about}${query}`, { token });
        check.check(operation, answer);
        assert.deepEqual(answer.json?.['foreign'], foreign, query);
      }
      server.server.reload({ ...server.settings, http: { enabled: true, urlBans: true } }, undefined);
      const { text } = await askHttp(server, `GET /?ip=${about}&ban=unbanip`, { token });
      assert.match(text, /^OK unban .*still blocked by the administrator's own entry 203\.0\.113\.7 .*"by hand"/);
    }));
});
