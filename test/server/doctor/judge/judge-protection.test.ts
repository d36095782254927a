import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProtectionFacts } from '../../../../server/doctor/facts/read-protection.ts';
import { judgeProtection } from '../../../../server/doctor/judge/judge-protection.ts';

const nowMs = Date.UTC(2026, 0, 10);
const none: ProtectionFacts = { sources: [], heldBack: 0, hostBans: [], doubtful: [], elsewhere: [], offers: [] };
const failure = { reason: 'no answer', forSeconds: 600 };
const around = { proxmoxes: [], failing: [] };
const source = { name: 'proxmox/main/management', reason: 'in the management ipset of proxmox/main', failure };

const cases: readonly (readonly [name: string, facts: Partial<ProtectionFacts>, level: string, said: RegExp])[] = [
  [
    'a source that was never read',
    { sources: [{ ...source, kind: 'unread' }] },
    'broken protection-unread',
    /management.* was never read for 10m: no answer.*without_sources = proxmox\/main\/management/,
  ],
  [
    'a name on the whitelist that was never answered',
    {
      sources: [{ name: 'name/home.example.org', reason: 'whitelisted as home.example.org', kind: 'unread', failure }],
    },
    'broken protection-unread',
    /whitelisted as home\.example\.org .*getent ahosts home\.example\.org.*allow remove home\.example\.org/,
  ],
  [
    'a source that cannot be read now',
    { sources: [{ ...source, kind: 'read' }] },
    'warning protection-not-read',
    /cannot be read for 10m: no answer/,
  ],
  [
    'a source that is done without',
    { sources: [{ ...source, kind: 'waived' }] },
    'note protection-waived',
    /cannot be/,
  ],
  [
    "a ban of a host's address",
    { heldBack: 1, hostBans: [{ network: '203.0.113.7', detail: 'address of host web1', hosts: ['web1'] }] },
    'warning host-banned',
    /203\.0\.113\.7 .*address of host web1.*client revoke web1.*ban 203\.0\.113\.7 --even-host/,
  ],
  [
    'a host that comes from where a ban is in force',
    { doubtful: [{ client: 'web1', address: '203.0.113.7', ban: '203.0.113.0/24', isConnected: true }] },
    'warning host-from-banned-address',
    /web1 is connected from 203\.0\.113\.7.*unban 203\.0\.113\.0\/24.*client revoke web1/,
  ],
  [
    'a good key in the wrong place',
    { elsewhere: [{ client: 'web1', address: '198.51.100.9', atMs: nowMs - 7_200_000, from: ['203.0.113.0/24'] }] },
    'warning login-from-elsewhere',
    /web1 was refused at 198\.51\.100\.9, 2h ago.*rotate web1 --overlap 0s.*--from 203\.0\.113\.0\/24,198\.51\.100\.9/,
  ],
  [
    'what hosts offer by ignoreip, and is not trusted',
    { offers: [{ client: 'web1', networks: ['203.0.113.7', '198.51.100.0/24'], isProtected: false }] },
    'note ignoreip-offered',
    /web1 \(203\.0\.113\.7, 198\.51\.100\.0\/24\).*trust_ignoreip = yes/,
  ],
  [
    'what hosts offer by ignoreip, and is trusted',
    { offers: [{ client: 'web1', networks: ['203.0.113.7'], isProtected: true }] },
    'note ignoreip-trusted',
    /web1 \(203\.0\.113\.7\).*trust_ignoreip = no/,
  ],
  ['other bans that are held back', { heldBack: 3 }, 'note bans-held-back', /3 other bans.*status/],
];

describe('what the doctor says of protection', () => {
  for (const [name, facts, level, expected] of cases) {
    it(`names ${name}`, () => {
      const [said, ...more] = judgeProtection({ ...none, ...facts }, around, nowMs);
      assert.ok(said !== undefined && more.length === 0);
      assert.equal(`${said.level} ${said.code}`, level);
      assert.match(`${said.fact}. ${said.command}`, expected);
    });
  }

  it('leaves a source that was read once to the finding of its firewall, when that fails', () => {
    const failing = { proxmoxes: [], failing: ['proxmox/main'] };
    const judge = (kind: string) => judgeProtection({ ...none, sources: [{ ...source, kind }] }, failing, nowMs);
    assert.deepEqual([judge('read').length, judge('unread').length], [0, 1]);
  });

  it('is nothing when all is well, or was so long ago', () => {
    const old = { client: 'web1', address: '198.51.100.9', atMs: nowMs - 86_400_000, from: ['203.0.113.0/24'] };
    const read = { ...source, kind: 'read', failure: undefined };
    assert.deepEqual(judgeProtection({ ...none, sources: [read], elsewhere: [old] }, around, nowMs), []);
  });
});
