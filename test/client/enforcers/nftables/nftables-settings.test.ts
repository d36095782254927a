import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type NftablesSettings,
  readNftablesSettings,
} from '../../../../client/enforcers/nftables/nftables-settings.ts';
import { ConfigError } from '../../../../shared/errors.ts';
import { SettingsReader } from '../../../../shared/settings-reader.ts';

function read(text: string): NftablesSettings {
  const reader = new SettingsReader('client.ini', text);
  const settings = readNftablesSettings(reader.section('nftables'));
  reader.finish();
  return settings;
}

describe('[nftables]', () => {
  for (const [text, hooks] of [
    ['', ['host']],
    ['[nftables]\n', ['host']],
    ['[nftables]\nhooks = bridge\n', ['bridge']],
    ['[nftables]\nhooks = bridge, host\n', ['host', 'bridge']],
    ['[nftables]\nhooks = host host\n', ['host']],
  ] as const) {
    it(`takes ${JSON.stringify(text)} for ${hooks.join(' and ')}`, () => {
      assert.deepEqual(read(text).hooks, hooks);
    });
  }

  for (const [text, said] of [
    ['[nftables]\nhooks = guest\n', /client\.ini:2: \[nftables\] hooks: .guest.: allowed are host, bridge/],
    ['[nftables]\nhooks = ,\n', /names none/],
    ['[nftables]\nhook = host\n', /unknown key/],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => read(text),
        (error) => error instanceof ConfigError && said.test(error.message),
      );
    });
  }
});
