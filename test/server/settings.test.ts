import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noInfrastructure } from '../../server/policy/infrastructure.ts';
import { readServerSettings, type ServerSettings } from '../../server/settings.ts';
import { durationAllowed } from '../../shared/duration.ts';
import { ConfigError } from '../../shared/errors.ts';

interface Files {
  readonly [path: string]: string;
}

function absent(path: string): never {
  throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });
}

function read(lines: readonly string[], files: Files = {}, credentialsFolder?: string): ServerSettings {
  return readServerSettings({
    file: '/etc/server.ini',
    hostname: 'pve1',
    credentialsFolder,
    readConfig: () => lines.join('\n'),
    files: { read: (path) => files[path] ?? absent(path), modeOf: () => 0o600 },
  });
}

/** What is wrong, as `line: key: detail`. */
function problemsOf(lines: readonly string[], files: Files = {}): string[] {
  try {
    read(lines, files);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(
      ({ where, key, detail }) => `${where.replace('/etc/server.ini:', '')}: ${key}: ${detail}`,
    );
  }
}

describe('server.ini', () => {
  it('may be empty: everything has a default', () => {
    assert.deepEqual(read([]), {
      name: 'pve1',
      listen: undefined,
      port: 1514,
      publicHost: 'pve1',
      hasPublicHost: false,
      protection: { rememberHostsSeconds: 2_592_000, withoutSources: [], isIgnoreipTrusted: false },
      tls: { certificate: '/etc/pve/local/pve-ssl.pem', key: '/etc/pve/local/pve-ssl.key' },
      database: '/var/lib/fail2networkban/ledger.db',
      socket: '/run/fail2networkban/admin.sock',
      historyDays: 90,
      historyMax: 1_000_000,
      logLevel: 'info',
      logFormat: 'auto',
      policy: {
        allowPrivate: false,
        widest: { 4: 16, 6: 32 },
        infrastructure: noInfrastructure,
        reportsPerClientMax: 20_000,
      },
      whitelist: [],
      whitelistFromFile: [],
      whitelistNames: [],
      enforcers: [],
      escalation: undefined,
      http: { enabled: true, urlBans: false },
      crowdsec: [],
      notifications: [],
    });
  });

  it('is read key by key', () => {
    const settings = read(
      [
        '; the server of the office',
        '[server]',
        'name = Büro',
        'listen = 2001:db8::1',
        'port = 15140',
        'public_host = f2nb.example.org',
        'certificate = /etc/f2nb/cert.pem',
        'certificate_key = /etc/f2nb/key.pem',
        'database = /srv/ledger.db',
        'socket = /run/f2nb.sock',
        'history_days = 7',
        'history_max = 5000',
        'log_level = debug',
        'log_format = json',
        '[policy]',
        'private = yes',
        'widest_ipv4 = 24',
        'widest_ipv6 = 48',
        'reports_per_client = 10',
        'remember_hosts = 1h',
        'without_sources = server/resolvers, server/public-host',
        'trust_ignoreip = yes',
        'whitelist = 192.0.2.7/24, 2001:DB8::A',
        'whitelist_file = /etc/f2nb/whitelist',
        '[dry-run]',
        '[http]',
        'enabled = no',
        'url_bans = yes',
      ],
      { '/etc/f2nb/whitelist': '# ours\n\n198.51.100.0/24 # the office\n::ffff:203.0.113.9\n' },
    );
    const { enforcers, ...rest } = settings;
    assert.deepEqual(rest, {
      name: 'Büro',
      listen: '2001:db8::1',
      port: 15_140,
      publicHost: 'f2nb.example.org',
      hasPublicHost: true,
      protection: {
        rememberHostsSeconds: 3_600,
        withoutSources: ['server/resolvers', 'server/public-host'],
        isIgnoreipTrusted: true,
      },
      tls: { certificate: '/etc/f2nb/cert.pem', key: '/etc/f2nb/key.pem' },
      database: '/srv/ledger.db',
      socket: '/run/f2nb.sock',
      historyDays: 7,
      historyMax: 5_000,
      logLevel: 'debug',
      logFormat: 'json',
      policy: {
        allowPrivate: true,
        widest: { 4: 24, 6: 48 },
        infrastructure: noInfrastructure,
        reportsPerClientMax: 10,
      },
      whitelist: ['192.0.2.0/24', '2001:db8::a', '198.51.100.0/24', '203.0.113.9'],
      whitelistFromFile: ['198.51.100.0/24', '203.0.113.9'],
      whitelistNames: [],
      escalation: undefined,
      http: { enabled: false, urlBans: true },
      crowdsec: [],
      notifications: [],
    });
    assert.deepEqual(
      enforcers.map(({ kind }) => kind),
      ['dry-run'],
    );
  });

  it('takes the certificate from systemd where it names none, and none with plaintext', () => {
    assert.deepEqual(read([], {}, '/run/credentials').tls, {
      certificate: '/run/credentials/certificate',
      key: '/run/credentials/certificate-key',
    });
    assert.equal(read(['[server]', 'plaintext = yes'], {}, '/run/credentials').tls, undefined);
  });

  const listenAllowed =
    'allowed is an IPv4 or IPv6 address of this host, the port stands in port; left out: all addresses';
  const wrong: readonly (readonly [section: string, line: string, problem: string])[] = [
    ['server', 'name = \u0007', 'name: "\\u0007": allowed is 1–64 characters, no control characters'],
    ['policy', 'remember_hosts = ever', `remember_hosts: "ever": allowed is ${durationAllowed}, at least 0s`],
    [
      'policy',
      'without_sources = proxmox/x/nodes',
      'without_sources: "proxmox/x/nodes": allowed are server/addresses, server/gateways, server/resolvers, server/public-host',
    ],
    ['server', 'listen = everywhere', `listen: "everywhere": ${listenAllowed}`],
    ['server', 'listen = *', `listen: "*": ${listenAllowed}`],
    ['server', 'listen = 192.0.2.1:1514', `listen: "192.0.2.1:1514": ${listenAllowed}`],
    ['server', 'listen = [2001:db8::1]:1514', `listen: "[2001:db8::1]:1514": ${listenAllowed}`],
    ['server', 'listen = 192.0.2.256', `listen: "192.0.2.256": ${listenAllowed}`],
    ['server', 'port = 65536', 'port: "65536": allowed is a whole number from 0 to 65535'],
    [
      'server',
      'public_host = https://pve1:1514',
      'public_host: "https://pve1:1514": allowed is a host name or address, the port stands in port',
    ],
    [
      'server',
      'public_host = 192.0.2.1:1514',
      'public_host: "192.0.2.1:1514": allowed is a host name or address, the port stands in port',
    ],
    ['server', 'plaintext = maybe', 'plaintext: "maybe": allowed is yes or no'],
    ['server', 'database = ledger.db', 'database: "ledger.db": allowed is an absolute path'],
    [
      'server',
      `socket = /run/${'a'.repeat(103)}`,
      `socket: "/run/${'a'.repeat(75)}…": allowed is an absolute path, at most 107 bytes, and this has 108`,
    ],
    ['server', 'socket = admin.sock', 'socket: "admin.sock": allowed is an absolute path, at most 107 bytes'],
    ['server', 'history_max = 1', 'history_max: "1": allowed is a whole number from 1000 to 1000000000'],
    ['server', 'history_days = 0', 'history_days: "0": allowed is a whole number from 1 to 36500'],
    ['server', 'log_level = loud', 'log_level: "loud": allowed is one of debug, info, warn, error'],
    ['server', 'log_format = xml', 'log_format: "xml": allowed is one of auto, json'],
    ['server', 'prot = 1514', 'prot: unknown key: did you mean port?'],
    ['server', 'port', '"port": is not of the form key = value'],
    ['policy', 'private = perhaps', 'private: "perhaps": allowed is yes or no'],
    ['policy', 'widest_ipv4 = 33', 'widest_ipv4: "33": allowed is a whole number from 1 to 32'],
    ['policy', 'widest_ipv6 = 0', 'widest_ipv6: "0": allowed is a whole number from 1 to 128'],
    ['policy', 'reports_per_client = -1', 'reports_per_client: "-1": allowed is a whole number from 1 to 10000000'],
    [
      'policy',
      'whitelist = 192.0.2.1, localhost',
      'whitelist: "localhost": allowed is an IPv4 or IPv6 address or CIDR, or a DNS name with a dot, as home.example.org',
    ],
  ];
  for (const [section, line, problem] of wrong) {
    it(`says of "${line}" the line, the value and what is allowed`, () => {
      const key = problem.startsWith('"') ? problem : `[${section}] ${problem}`;
      assert.deepEqual(problemsOf(['', `[${section}]`, line]), [`3: ${key}`]);
    });
  }

  it('says everything that is wrong at once', () => {
    const lines = ['port = 1', '[server]', 'port = x', '[server]', '[severs]', 'a = b', '[policy]', 'whitelist = y'];
    assert.deepEqual(problemsOf(lines), [
      '1: "port": stands before the first [section]',
      '4: [server]: stands twice',
      '8: [policy] whitelist: "y": allowed is an IPv4 or IPv6 address or CIDR, or a DNS name with a dot, as home.example.org',
      '5: [severs]: unknown section: did you mean [server]?',
    ]);
  });

  it('says which of certificate and key is missing, and that plaintext needs none', () => {
    assert.deepEqual(problemsOf(['[server]', 'certificate = /a']), [
      '1: [server] certificate_key: is missing: both are needed',
    ]);
    assert.deepEqual(problemsOf(['[server]', 'certificate_key = /a']), [
      '1: [server] certificate: is missing: both are needed',
    ]);
    assert.deepEqual(problemsOf(['[server]', 'plaintext = yes', 'certificate = /a', 'certificate_key = /b']), [
      '2: [server] plaintext: yes, while a certificate is given: leave one of them out',
    ]);
  });

  it('says that the whitelist file is not there, with all else that is wrong', () => {
    const lines = [
      '[policy]',
      'whitelist = 192.0.2.1, x, 192.0.2.2, y',
      'whitelist_file = /w',
      '[proxmox]',
      'tokn = z',
    ];
    assert.deepEqual(problemsOf(lines), [
      '2: [policy] whitelist: "x": allowed is an IPv4 or IPv6 address or CIDR, or a DNS name with a dot, as home.example.org',
      '2: [policy] whitelist: "y": allowed is an IPv4 or IPv6 address or CIDR, or a DNS name with a dot, as home.example.org',
      '3: [policy] whitelist_file: /w cannot be read: it is not there',
      '4: [proxmox]: needs a name, as [proxmox main]',
    ]);
  });

  it('says which line of the whitelist file is wrong', () => {
    const problems = problemsOf(['[policy]', 'whitelist_file = /w'], { '/w': '192.0.2.1\n192.0.2.256\n' });
    assert.deepEqual(problems, [
      '2: [policy] whitelist_file: /w:2: "192.0.2.256" is not an address, a CIDR or a DNS name with a dot, as home.example.org',
    ]);
  });
});
