import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EmulatedProxmox } from '../emulated-proxmox.ts';
import { type RawRequest, requestOnce } from '../raw-client.ts';
import { startTemporaryProxmox } from '../temporary-proxmox.ts';

/** A request, the file before, and what comes of it. What is not given does not matter. */
interface Case {
  readonly name: string;
  readonly request: string;
  readonly body?: string;
  readonly json?: unknown;
  readonly token?: string;
  readonly before?: string;
  /** Status and reason phrase. */
  readonly answer: string;
  readonly data?: unknown;
  readonly errors?: Readonly<Record<string, string>>;
  /** The file afterwards; unchanged when not given, null for none. */
  readonly after?: string | null;
}

const REFUSED = '400 Parameter verification failed.';
const LIST = '[IPSET blacklist]\n\n203.0.113.1 # one\n203.0.113.2\n\n';
const SET = '/cluster/firewall/ipset/blacklist';

const CASES: readonly Case[] = [
  {
    name: 'adds an entry with a comment, and sorts',
    request: `POST ${SET}`,
    body: 'cidr=203.0.113.10&comment=f2nb+%C3%A9',
    answer: '200 OK',
    data: null,
    after: '[IPSET blacklist]\n\n203.0.113.1 # one\n203.0.113.10 # f2nb é\n203.0.113.2\n\n',
  },
  {
    name: 'adds from JSON, where true is a boolean and null is nothing',
    request: `POST ${SET}`,
    json: { cidr: '203.0.113.3/32', nomatch: true, comment: null },
    answer: '200 OK',
    after: '[IPSET blacklist]\n\n203.0.113.1 # one\n203.0.113.2\n!203.0.113.3\n\n',
  },
  {
    name: 'does not add twice',
    request: `POST ${SET}`,
    body: 'cidr=203.0.113.1%2F32',
    answer: REFUSED,
    errors: { cidr: "address '203.0.113.1' already exists" },
  },
  {
    name: 'takes what overlaps',
    request: `POST ${SET}`,
    body: 'cidr=203.0.113.77%2F24',
    answer: '200 OK',
    after: '[IPSET blacklist]\n\n203.0.113.0/24\n203.0.113.1 # one\n203.0.113.2\n\n',
  },
  {
    name: 'refuses the whole internet',
    request: `POST ${SET}`,
    body: 'cidr=%3A%3A%2F0',
    answer: REFUSED,
    errors: { cidr: 'a zero prefix is not allowed in ipset entries' },
  },
  {
    name: 'takes a word for an alias',
    request: `POST ${SET}`,
    body: 'cidr=somewhere',
    answer: "500 no such alias 'somewhere'",
  },
  {
    name: 'names all faulty parameters at once',
    request: `POST ${SET}`,
    body: 'nomatch=yes&ttl=5',
    answer: REFUSED,
    errors: {
      cidr: 'property is missing and it is not optional',
      nomatch: "type check ('boolean') failed - got 'yes'",
      ttl: 'property is not defined in schema and the schema does not allow additional properties',
    },
  },
  {
    name: 'takes no lists',
    request: `POST ${SET}`,
    json: { cidr: ['203.0.113.4', '203.0.113.5'] },
    answer: REFUSED,
    errors: { cidr: "type check ('string') failed - got ARRAY" },
  },
  {
    name: 'does not know other lists',
    request: 'POST /cluster/firewall/ipset/other',
    body: 'cidr=203.0.113.4',
    answer: "500 no such IPSet 'other'",
  },
  {
    name: 'lists entries with digest and errors',
    request: `GET ${SET}`,
    before: '[IPSET blacklist]\n\n!203.0.113.1\nnowhere\n',
    answer: '200 OK',
    data: [
      { cidr: '203.0.113.1', nomatch: 1 },
      { cidr: 'nowhere', errors: { cidr: "no such alias 'nowhere'" } },
    ],
  },
  {
    name: 'reads one entry',
    request: `GET ${SET}/203.0.113.1`,
    answer: '200 OK',
    data: { cidr: '203.0.113.1', comment: 'one' },
  },
  {
    name: 'misses an entry',
    request: `GET ${SET}/203.0.113.9`,
    answer: REFUSED,
    errors: { cidr: 'no such IP/Network' },
  },
  {
    name: 'removes an entry',
    request: `DELETE ${SET}/203.0.113.1`,
    answer: '200 OK',
    after: '[IPSET blacklist]\n\n203.0.113.2\n\n',
  },
  { name: 'removes nothing under another spelling', request: `DELETE ${SET}/203.0.113.1%2F32`, answer: '200 OK' },
  {
    name: 'removes a network whose slash is not encoded',
    request: `DELETE ${SET}/2001:db8::/32`,
    before: '[IPSET blacklist]\n\n2001:db8::/32\n\n',
    answer: '200 OK',
    after: '[IPSET blacklist]\n\n\n',
  },
  {
    name: 'takes an empty address for the list',
    request: `DELETE ${SET}/`,
    answer: "500 IPSet 'blacklist' is not empty",
  },
  {
    name: 'removes a list by force, and the file with the last',
    request: `DELETE ${SET}/?force=1`,
    answer: '200 OK',
    after: null,
  },
  {
    name: 'refuses a change meant for another state',
    request: `DELETE ${SET}/203.0.113.1?digest=${'0'.repeat(40)}`,
    answer: '500 detected modified configuration - file changed by other user? Try again.',
  },
  {
    name: 'clears what an update does not give',
    request: `PUT ${SET}/203.0.113.1`,
    body: 'nomatch=1',
    answer: '200 OK',
    after: '[IPSET blacklist]\n\n!203.0.113.1\n203.0.113.2\n\n',
  },
  {
    name: 'renames a list',
    request: 'POST /cluster/firewall/ipset',
    body: 'name=bans&rename=blacklist&comment=x',
    answer: '200 OK',
    after: '[IPSET bans] # x\n\n203.0.113.1 # one\n203.0.113.2\n\n',
  },
  {
    name: 'creates a list under a spelling that it will not find again',
    request: 'POST /cluster/firewall/ipset',
    body: 'name=Bans',
    before: '',
    answer: '200 OK',
    after: '[IPSET Bans]\n\n\n',
  },
  {
    name: 'lists the lists',
    request: 'GET /cluster/firewall/ipset',
    answer: '200 OK',
    data: [{ name: 'blacklist' }],
  },
  {
    name: 'sets and removes options',
    request: 'PUT /cluster/firewall/options',
    body: 'enable=1&policy_in=ACCEPT&delete=ebtables',
    before: '[OPTIONS]\n\nebtables: 0\n\n',
    answer: '200 OK',
    after: '[OPTIONS]\n\nenable: 1\npolicy_in: ACCEPT\n\n',
  },
  {
    name: 'refuses an option that is not there',
    request: 'PUT /cluster/firewall/options',
    body: 'policy_in=MAYBE',
    answer: REFUSED,
    errors: { policy_in: "value 'MAYBE' does not have a value in the enumeration 'ACCEPT, REJECT, DROP'" },
  },
  {
    name: 'puts a new rule first',
    request: 'POST /cluster/firewall/rules',
    body: 'type=in&action=DROP&source=%2Bdc%2Fblacklist&enable=1',
    before: '[IPSET blacklist]\n\n[RULES]\n\nIN ACCEPT\n\n',
    answer: '200 OK',
    after: '[IPSET blacklist]\n\n\n[RULES]\n\nIN DROP -source +dc/blacklist\nIN ACCEPT\n\n',
  },
  {
    name: 'lists rules with their version and position',
    request: 'GET /cluster/firewall/rules',
    before: '[RULES]\n\n|OUT DROP -dest 203.0.113.1\n\n',
    answer: '200 OK',
    data: [{ type: 'out', action: 'DROP', enable: 0, dest: '203.0.113.1', ipversion: 4, pos: 0 }],
  },
  {
    name: 'removes a rule',
    request: 'DELETE /cluster/firewall/rules/0',
    before: '[RULES]\n\nIN DROP\n\n',
    answer: '200 OK',
    after: null,
  },
  {
    name: 'does not remove what is not there',
    request: 'DELETE /cluster/firewall/rules/5',
    answer: '500 no rule at position 5',
  },
  {
    name: 'knows no such method',
    request: `PUT ${SET}`,
    body: 'comment=x',
    answer: `501 Method 'PUT ${SET}' not implemented`,
  },
  {
    name: 'asks for the privilege first',
    request: `POST ${SET}`,
    token: 'f2nb@pve!audit',
    answer: '403 Permission check failed (/, Sys.Modify)',
  },
  {
    name: 'lets a token that only changes not read',
    request: `GET ${SET}`,
    token: 'f2nb@pve!modify',
    answer: '403 Permission check failed (/, Sys.Audit)',
  },
  {
    name: 'knows no path with a blank in it',
    request: `DELETE ${SET}/203.0.113.1%20`,
    answer: `501 Method 'DELETE ${SET}/203.0.113.1 ' not implemented`,
  },
  {
    name: 'nor with a tab',
    request: `GET ${SET}/203.0.113.1%09`,
    answer: `501 Method 'GET ${SET}/203.0.113.1\t' not implemented`,
  },
  {
    name: 'takes off a prefix length of 32 that is written so, and no other',
    request: `POST ${SET}`,
    body: 'cidr=198.51.100.7%2F032',
    answer: '200 OK',
    after: '[IPSET blacklist]\n\n198.51.100.7/032\n203.0.113.1 # one\n203.0.113.2\n\n',
  },
  {
    name: 'names an alias that is not there without its scope',
    request: `POST ${SET}`,
    body: 'cidr=dc%2Fhome',
    answer: "500 no such alias 'home'",
  },
  {
    name: 'does not rename a list onto another',
    request: 'POST /cluster/firewall/ipset',
    body: 'name=blacklist&rename=other',
    before: `[IPSET blacklist]\n\n203.0.113.1\n\n[IPSET other]\n\n203.0.113.2\n\n`,
    answer: REFUSED,
    errors: { name: "IPSet 'blacklist' does already exist" },
  },
  {
    name: 'keeps an alias as it was given',
    request: 'POST /cluster/firewall/aliases',
    body: 'name=home&cidr=192.0.2.9%2F32',
    before: '[OPTIONS]\n\nenable: 1\n\n',
    answer: '200 OK',
    after: '[OPTIONS]\n\nenable: 1\n\n[ALIASES]\n\nhome 192.0.2.9/32\n\n',
  },
  {
    name: 'shows it without /32 when it was read again',
    request: 'GET /cluster/firewall/aliases',
    before: '[ALIASES]\n\nhome 192.0.2.9/32\n\n',
    answer: '200 OK',
    data: [{ name: 'home', cidr: '192.0.2.9', ipversion: 4 }],
  },
  {
    name: 'changes an alias, and its name',
    request: 'PUT /cluster/firewall/aliases/home',
    body: 'cidr=192.0.2.10&rename=office',
    before: '[ALIASES]\n\nhome 192.0.2.9\n\n',
    answer: '200 OK',
    after: '[ALIASES]\n\noffice 192.0.2.10\n\n',
  },
  {
    name: 'changes no alias without an address',
    request: 'PUT /cluster/firewall/aliases/home',
    body: 'comment=x',
    before: '[ALIASES]\n\nhome 192.0.2.9\n\n',
    answer: REFUSED,
    errors: { cidr: 'property is missing and it is not optional' },
  },
  {
    name: 'removes an alias that is not there without a word',
    request: 'DELETE /cluster/firewall/aliases/home',
    answer: '200 OK',
    data: null,
  },
  {
    name: 'takes a time that is over for off',
    request: 'GET /cluster/firewall/options',
    before: '[OPTIONS]\n\nenable: 1600000000\n\n',
    answer: '200 OK',
    data: { enable: 0 },
  },
  {
    name: 'checks how often may be logged',
    request: 'PUT /cluster/firewall/options',
    body: 'log_ratelimit=1%2Cburst%3D5%2Crate%3D7%2Ffortnight',
    answer: REFUSED,
    errors: { log_ratelimit: 'invalid format - format error: rate=7/fortnight\n' },
  },
  {
    name: 'says of a rule which family its alias has',
    request: 'GET /cluster/firewall/rules',
    before: '[ALIASES]\n\nhome 2001:db8::1\n\n[RULES]\n\nIN ACCEPT -source home\n\n',
    answer: '200 OK',
    data: [{ type: 'in', action: 'ACCEPT', enable: 1, source: 'home', ipversion: 6, pos: 0 }],
  },
  { name: 'tells anybody the version', request: 'GET /version', token: 'f2nb@pve!none', answer: '200 OK' },
];

describe('the firewall API', () => {
  for (const each of CASES) {
    it(each.name, async (t) => {
      const file = each.before ?? LIST;
      const emulated = await startTemporaryProxmox(t, { clusterFw: file });
      const answer = await requestOnce(emulated, toRequest(each, emulated));
      assert.equal(`${answer.status} ${answer.reason}`, each.answer);
      checkBody(answer.body, each);
      assert.equal(emulated.readClusterFw() ?? null, each.after === undefined ? file : each.after);
    });
  }

  it('writes the time for an enable of 2, and is on for a minute', async (t) => {
    const emulated = await startTemporaryProxmox(t);
    const { token } = emulated;
    const path = '/api2/json/cluster/firewall/options';
    assert.equal((await requestOnce(emulated, { method: 'PUT', path, token, body: 'enable=2' })).status, 200);
    const [, written = ''] = /^enable: (\d+)$/m.exec(emulated.readClusterFw() ?? '') ?? [];
    assert.ok(Math.abs(Number(written) - Date.now() / 1_000) < 600, written);
    emulated.writeClusterFw(`[OPTIONS]\n\nenable: ${Math.floor(Date.now() / 1_000) + 3_600}\n\n`);
    const { body } = await requestOnce(emulated, { method: 'GET', path, token });
    assert.match(body, /"enable":\d{10}\b/);
  });

  it('sees an edit by hand at once', async (t) => {
    const emulated = await startTemporaryProxmox(t);
    emulated.writeClusterFw('[IPSET blacklist]\n203.0.113.7\n');
    assert.deepEqual(emulated.entriesOf('blacklist'), [{ cidr: '203.0.113.7' }]);
    const token = emulated.token;
    const answer = await requestOnce(emulated, { method: 'GET', path: `/api2/json${SET}/203.0.113.7`, token });
    assert.equal(answer.status, 200);
  });

  it('takes no file above 1 MiB, and leaves the old one', async (t) => {
    const full = `[IPSET blacklist]\n\n${'10.0.0.1 # '.padEnd(1024 * 1024 - 64, 'c')}\n\n`;
    const emulated = await startTemporaryProxmox(t, { clusterFw: full });
    const token = emulated.token;
    const answer = await requestOnce(emulated, {
      method: 'POST',
      path: `/api2/json${SET}`,
      token,
      body: `cidr=203.0.113.1&comment=${'x'.repeat(50)}`,
    });
    assert.match(answer.reason, /^unable to write '\/etc\/pve\/firewall\/cluster\.fw\.tmp\.\d+' - File too large$/);
    assert.equal(emulated.readClusterFw(), full);
    assert.equal(
      (await requestOnce(emulated, { method: 'DELETE', path: `/api2/json${SET}/10.0.0.1`, token })).status,
      200,
    );
  });

  it('answers nothing at all once the file is too large to be read, until an editor has made it shorter', async (t) => {
    const emulated = await startTemporaryProxmox(t);
    const file = (bytes: number): string => `[IPSET blacklist]\n\n${'10.0.0.1 # '.padEnd(bytes - 21, 'c')}\n\n`;
    for (const [bytes, status] of [
      [1_048_527, 200],
      [1_048_565, 500],
      [100_000, 200],
    ] as const) {
      emulated.writeClusterFw(file(bytes));
      assert.equal(Buffer.byteLength(emulated.readClusterFw() ?? ''), bytes);
      const { token } = emulated;
      for (const path of [SET, '/cluster/firewall/rules', '/cluster/firewall/ipset']) {
        const answer = await requestOnce(emulated, { method: 'GET', path: `/api2/json${path}`, token });
        assert.equal(answer.status, status, `${path} at ${bytes}`);
        if (status === 500) assert.equal(answer.reason, 'No buffer space available');
      }
      const removed = await requestOnce(emulated, { method: 'DELETE', path: `/api2/json${SET}/10.0.0.2`, token });
      assert.equal(removed.status, status);
    }
  });
});

function toRequest({ request, token, body, json }: Case, emulated: EmulatedProxmox): RawRequest {
  const [method = '', path = ''] = request.split(' ');
  const base = { method, path: `/api2/json${path}`, token: emulated.tokenOf(token ?? 'f2nb@pve!server') };
  if (json !== undefined)
    return { ...base, body: JSON.stringify(json), headers: { 'Content-Type': 'application/json' } };
  return body === undefined ? base : { ...base, body };
}

/** Digests are left out: the table says what they belong to, and digest.ts has its own tests. */
function checkBody(body: string, { answer, data, errors }: Case): void {
  const parsed: unknown = JSON.parse(body, (key: string, value: unknown) => (key === 'digest' ? undefined : value));
  assert(typeof parsed === 'object' && parsed !== null);
  if (data !== undefined) assert.deepEqual(parsed, { data });
  if (errors !== undefined) assert.deepEqual(parsed, { data: null, message: `${answer.slice(4)}\n`, errors });
}
