import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseLogin } from '../../../client/safety/logins.ts';
import { parseTcpConnections } from '../../../client/safety/ssh-sessions.ts';
import { parseSshdPorts } from '../../../client/safety/sshd-ports.ts';

const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 18290 1 0000000000000000 100 0 0 10 0
   1: 0A02A8C0:0016 077100CB:C8F2 01 00000000:00000000 02:000A7214 00000000     0        0 41200 4 0000000000000000 20 4 29 10 -1
   2: 0A02A8C0:0016 087100CB:C8F3 06 00000000:00000000 03:000004E7 00000000     0        0 0 3 0000000000000000
   3: 0A02A8C0:9C40 096433C6:05EA 01 00000000:00000000 02:000A7214 00000000     0        0 41201 2 0000000000000000 20 4 29 10 -1
`;

const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 18292 1 0000000000000000 100 0 0 10 0
   1: B80D0120000000000000000010000000:0016 B80D01200100000000000000EFBEADDE:D431 01 00000000:00000000 02:0005E9AA 00000000     0        0 42717 2 0000000000000000 21 4 31 10 -1
   2: 0000000000000000FFFF00000A02A8C0:0016 0000000000000000FFFF0000077100CB:D432 01 00000000:00000000 02:0005E9AA 00000000     0        0 42718 2 0000000000000000 21 4 31 10 -1
`;

describe('established connections', () => {
  const ends = (text: string) => parseTcpConnections(text).map(({ localPort, remote }) => `${localPort} ${remote}`);

  it('are read with their port and the address of the other end', () => {
    assert.deepEqual(ends(tcp), ['22 203.0.113.7', '40000 198.51.100.9']);
  });

  it('have their IPv4 address also on a socket of both families', () => {
    assert.deepEqual(ends(tcp6), ['22 2001:db8:0:1::dead:beef', '22 203.0.113.7']);
  });

  it('are none in a text of something else', () => {
    fc.assert(fc.property(fc.string(), (text) => assert.deepEqual(parseTcpConnections(text), [])));
  });
});

describe("sshd's ports", () => {
  const cases: readonly (readonly [name: string, texts: readonly string[], ports: readonly number[]])[] = [
    ['without configuration', [], [22]],
    ['without a word of ports', ['#Port 2222\nPermitRootLogin no\n'], [22]],
    ['from several lines and files', ['Port 22\nport=2222\n', 'PORT "2022" # second\n'], [22, 2222, 2022]],
    ['from addresses', ['ListenAddress 192.0.2.1:2200\nListenAddress [2001:db8::1]:2201 rdomain x\n'], [2200, 2201]],
    ['not from bare addresses', ['ListenAddress 2001:db8::1\nListenAddress ::\nListenAddress 192.0.2.1\n'], [22]],
    ['not from nonsense', ['Port 0\nPort 99999\nPort ssh\nPorts 1\n'], [22]],
  ];
  for (const [name, texts, ports] of cases) {
    it(`are read ${name}`, () => assert.deepEqual([...parseSshdPorts(texts)], ports));
  }
});

describe('a session of logind', () => {
  const file = (state: string, host: string) =>
    `# This is private data. Do not parse.\nUID=1000\nUSER=admin\nACTIVE=1\nSTATE=${state}\nREMOTE=1\nTYPE=tty\nREMOTE_HOST=${host}\nSERVICE=sshd\n`;

  it('says where its user is', () => {
    assert.equal(parseLogin(file('active', '203.0.113.7')), '203.0.113.7');
    assert.equal(parseLogin(file('online', '2001:DB8::7')), '2001:db8::7');
  });

  it('does not when it ends, is local, or has but a name', () => {
    assert.equal(parseLogin(file('closing', '203.0.113.7')), undefined);
    assert.equal(parseLogin(file('active', 'office.example')), undefined);
    assert.equal(parseLogin('UID=0\nSTATE=active\nREMOTE=0\n'), undefined);
    assert.equal(parseLogin(''), undefined);
  });
});
