import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readOpnsense } from '../../../server/doctor/facts/read-opnsense.ts';
import { isAliasOpen, judgeOpnsense } from '../../../server/doctor/judge/judge-opnsense.ts';
import type { OpnsenseSettings } from '../../../server/enforcers/opnsense/opnsense-settings.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { EmulatedOpnsenseOptions } from '../../emulators/opnsense/emulated-opnsense.ts';
import { settingsFor, startOpnsense } from '../enforcers/opnsense/opnsense-under-test.ts';

const alias = (type: string, enabled = '1', description = 'of the WAN f2nb:k3x9') => ({
  aliases: [{ name: 'blocklist', type, enabled, description }],
});

interface Cause {
  readonly opnsense?: Partial<EmulatedOpnsenseOptions>;
  readonly settings?: Partial<OpnsenseSettings>;
  /** Of the running server. */
  readonly marks?: readonly string[];
}

/** What is wrong, the codes of what the doctor says of it, and whether bans get there. */
const causes: readonly (readonly [string, Cause, readonly string[], boolean, RegExp?])[] = [
  ['nothing', { opnsense: alias('external') }, ['alias-is-ours'], true, /rule .* cannot be seen/],
  ['the alias is not there', {}, ['alias-missing'], false, /add blocklist of type external/],
  ['it is not there, but may be made', { settings: { mayCreate: true } }, ['alias-is-ours'], true],
  [
    'it is not there, and a key that sees tables only makes none',
    { opnsense: { privileges: ['alias_util'] }, settings: { mayCreate: true } },
    ['alias-missing'],
    false,
    /or give the key \\"Firewall: Alias: Edit\\""/,
  ],
  ['it is of another type', { opnsense: alias('network') }, ['alias-type'], false, /alias_type = network/],
  [
    'it is switched off',
    { opnsense: alias('external', '0') },
    ['alias-off', 'alias-is-ours'],
    false,
    /opnsense toggle/,
  ],
  [
    'it takes addresses only',
    { opnsense: alias('host'), settings: { aliasType: 'host' } },
    ['alias-takes-no-cidr', 'alias-is-ours'],
    true,
  ],
  [
    'another ledger keeps it',
    { opnsense: alias('external', '1', 'f2nb:aaaa') },
    ['alias-of-another-ledger'],
    false,
    /kept by ledger aaaa.* this server's is k3x9.*opnsense take-over blocklist --firewall main/,
  ],
  [
    'another ledger keeps it too',
    { opnsense: alias('external', '1', 'f2nb:k3x9 f2nb:aaaa') },
    ['alias-of-another-ledger'],
    false,
  ],
  ['a ledger that was taken over keeps it', { opnsense: alias('external', '1', 'f2nb:lost') }, ['alias-is-ours'], true],
  [
    'nobody is named as its keeper',
    { opnsense: alias('external', '1', 'of the WAN') },
    ['alias-unmarked', 'alias-is-ours'],
    true,
    /put f2nb:k3x9 into the description of blocklist/,
  ],
  [
    'nobody can say whose it is, as no server runs',
    { opnsense: alias('external', '1', 'f2nb:aaaa'), marks: [] },
    ['alias-is-ours'],
    true,
  ],
  [
    'the key sees tables only',
    { opnsense: { ...alias('external'), privileges: ['alias_util'] } },
    ['alias-hidden', 'alias-is-ours'],
    true,
  ],
  [
    'the key may do nothing with tables',
    { opnsense: { ...alias('external'), privileges: ['alias'] } },
    ['privilege-missing'],
    false,
    /Diagnostics: PF Table IP addresses/,
  ],
  [
    'the key may not edit aliases, which an alias of networks needs',
    { opnsense: { ...alias('network'), privileges: ['alias_util'] }, settings: { aliasType: 'network' } },
    ['privilege-missing'],
    false,
    /Firewall: Alias: Edit/,
  ],
  [
    'the key is not known',
    { opnsense: alias('external'), settings: { readKey: () => 'other:other' } },
    ['key-refused'],
    false,
  ],
  [
    'nobody answers',
    { settings: { endpoint: { scheme: 'http', host: '127.0.0.1', port: 1 } } },
    ['opnsense-unreachable'],
    false,
    /ECONNREFUSED/,
  ],
];

describe('the doctor, asking an OPNsense', () => {
  for (const [
    what,
    { opnsense: options = {}, settings = {}, marks = ['k3x9', 'lost'] },
    codes,
    isOpen,
    text,
  ] of causes) {
    it(`finds that ${what}`, async (context) => {
      const { opnsense, close } = await startOpnsense(options);
      context.after(close);
      const [facts] = await readOpnsense(settingsFor(opnsense, settings), systemClock, new AbortController().signal);
      assert.ok(facts);
      const said = judgeOpnsense(facts, marks);
      assert.deepEqual(
        said.map(({ code }) => code),
        codes,
      );
      assert.equal(facts.name, 'opnsense/main/blocklist');
      assert.equal(isAliasOpen(facts, marks), isOpen);
      if (text !== undefined) assert.match(JSON.stringify(said), text);
      assert.equal(opnsense.workplace.configuration.saves, 0);
    });
  }
});
