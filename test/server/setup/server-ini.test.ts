import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withProxmox } from '../../../server/setup/server-ini.ts';

const access = { url: 'https://127.0.0.1:8006', caFile: '/etc/x/ca.pem', tokenFile: '/etc/x/token' };
const section = '[proxmox main]\nurl = https://127.0.0.1:8006\nca = /etc/x/ca.pem\ntoken_file = /etc/x/token\n';

describe('server.ini', () => {
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    ['is left as it is when the section is there', '[proxmox main]\nurl = http://127.0.0.1:85\n', undefined],
    ['is left as it is however the section is spaced', 'a\n  [ proxmox  main ]  \n', undefined],
    ['is added to when the section is only in a comment', '# [proxmox main]\n', `# [proxmox main]\n\n${section}`],
    ['is added to when there is another Proxmox', '[proxmox far]\nx = y', `[proxmox far]\nx = y\n\n${section}`],
  ];
  for (const [name, existing, expected] of cases) {
    it(name, () => assert.equal(withProxmox(existing, access), expected));
  }

  it('begins with a whitelist to be filled in', () => {
    const text = withProxmox(undefined, access) ?? '';
    assert.match(text, /^# whitelist = /m);
    assert.ok(text.endsWith(section));
  });

  it('names no authority over plain HTTP', () => {
    assert.doesNotMatch(withProxmox('', { ...access, caFile: undefined }) ?? '', /^ca =/m);
  });
});
