import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  channelsMax,
  type NotificationSettings,
  readNotificationSettings,
} from '../../../server/notifications/notification-settings.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { SettingsReader } from '../../../shared/settings-reader.ts';

const modes: Readonly<Record<string, number>> = { '/bin/tell': 0o755, '/etc/secret': 0o600, '/etc/open': 0o644 };

function read(...lines: readonly string[]): readonly NotificationSettings[] {
  const reader = new SettingsReader('server.ini', lines.join('\n'));
  const files = {
    read: (path: string): string => (path in modes ? '0123456789abcdef\n' : absent()),
    modeOf: (path: string): number => modes[path] ?? absent(),
  };
  const settings = readNotificationSettings(reader, files);
  reader.finish();
  return settings;
}

function absent(): never {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
}

const good = ['url = https://chat.example.org/hooks/1', 'secret_file = /etc/secret'];

describe('the sections of notifications', () => {
  it('are none by default', () => {
    assert.deepEqual(read(), []);
  });

  it('have defaults', () => {
    const [webhook, command] = read(
      '[webhook chat]',
      ...good,
      '[notify-command mail]',
      'argv = /bin/tell "the admins"',
    );
    const filter = { kinds: new Set(['ban', 'refused', 'enforcer', 'room']), jails: ['*'] };
    assert.ok(webhook?.kind === 'webhook');
    const { readSecret, ...rest } = webhook;
    assert.equal(readSecret(), '0123456789abcdef');
    assert.deepEqual(rest, {
      ...{ kind: 'webhook', name: 'chat', filter, target: '/hooks/1' },
      endpoint: { scheme: 'https', host: 'chat.example.org', port: 443, trust: { kind: 'system' } },
    });
    assert.deepEqual(command, {
      ...{ kind: 'notify-command', name: 'mail', filter, argv: ['/bin/tell', 'the admins'], timeoutMs: 10_000 },
    });
  });

  it('take a port, a query, events and jails', () => {
    const lines = ['url = https://[2001:db8::1]:8443/a?b=c&d=%20', 'secret = 0123456789abcdef'];
    const [webhook] = read('[webhook chat]', ...lines, 'events = unban, room', 'jails = sshd nginx-*');
    assert.ok(webhook?.kind === 'webhook');
    assert.deepEqual(webhook.filter, { kinds: new Set(['unban', 'room']), jails: ['sshd', 'nginx-*'] });
    const { host, port } = webhook.endpoint;
    assert.deepEqual([host, port, webhook.target], ['2001:db8::1', 8443, '/a?b=c&d=%20']);
  });

  const wrong: readonly (readonly [what: string, lines: readonly string[], problem: RegExp])[] = [
    ['no url', ['[webhook a]', 'secret_file = /etc/secret'], /^\[webhook a\] url: is missing: https:\/\/HOST\/PATH/],
    [
      'another scheme',
      ['[webhook a]', 'url = ftp://x/y', good[1] ?? ''],
      /^\[webhook a\] url: "ftp:\/\/x\/y": allowed is/,
    ],
    [
      'plain HTTP elsewhere',
      ['[webhook a]', 'url = http://192.0.2.1/x', good[1] ?? ''],
      /url: .*only a loopback address/,
    ],
    ['a user in the url', ['[webhook a]', 'url = https://u:p@x/y', good[1] ?? ''], /url: .*allowed is/],
    ['a fragment in the url', ['[webhook a]', 'url = "https://x/y#z"', good[1] ?? ''], /url: .*allowed is/],
    ['a long url', ['[webhook a]', `url = https://x/${'y'.repeat(2_000)}`, good[1] ?? ''], /url: .*allowed is/],
    ['no secret', ['[webhook a]', good[0] ?? ''], /secret_file: is missing: a file with 16–256 characters/],
    [
      'a short secret',
      ['[webhook a]', good[0] ?? '', 'secret = short'],
      /secret: what stands here does not hold 16–256/,
    ],
    [
      'a secret for all to read',
      ['[webhook a]', good[0] ?? '', 'secret_file = /etc/open'],
      /secret_file: \/etc\/open has mode 0644/,
    ],
    [
      'an unknown event',
      ['[webhook a]', ...good, 'events = ban bann'],
      /events: "bann": allowed are ban, unban, refused, enforcer, room$/,
    ],
    [
      'a jail that is none',
      ['[webhook a]', ...good, 'jails = a/b'],
      /jails: "a\/b": allowed are jails, or patterns as nginx-\*$/,
    ],
    [
      'more patterns of jails than are tried on each ban',
      ['[webhook a]', ...good, `jails = ${'a '.repeat(101)}`],
      /jails: 101 patterns: allowed are 100$/,
    ],
    ['a name that is none', ['[webhook a b]', ...good], /^\[webhook a b\] "a b": the name of a section is/],
    ['no name', ['[webhook]', ...good], /^\[webhook\]: needs a name, as \[webhook main\]/],
    ['no argv', ['[notify-command a]'], /^\[notify-command a\] argv: is missing/],
    ['an open quote', ['[notify-command a]', 'argv = /bin/tell "x'], /argv: .*a double quote is not closed$/],
    [
      'a relative program',
      ['[notify-command a]', 'argv = tell'],
      /argv: "tell": the first word is the program: allowed is an absolute path$/,
    ],
    ['a program that is not there', ['[notify-command a]', 'argv = /bin/none'], /argv: \/bin\/none cannot be run/],
    [
      'a program that cannot be run',
      ['[notify-command a]', 'argv = /etc/secret'],
      /argv: \/etc\/secret is not executable$/,
    ],
    [
      'no time',
      ['[notify-command a]', 'argv = /bin/tell', 'timeout = 0s'],
      /timeout: "0s": allowed is .*, at least 1s$/,
    ],
    [
      'too many',
      Array.from({ length: channelsMax + 1 }, (_, at) => [`[webhook a${at}]`, ...good]).flat(),
      /^\[webhook NAME\]: 33 sections of webhooks and notify-commands: allowed are 32$/,
    ],
  ];
  for (const [what, lines, problem] of wrong) {
    it(`may not have ${what}`, () => {
      assert.throws(
        () => read(...lines),
        (error) => {
          assert.ok(error instanceof ConfigError);
          assert.match(error.problems.map(({ key, detail }) => `${key}: ${detail}`).join('\n'), problem);
          return true;
        },
      );
    });
  }
});
