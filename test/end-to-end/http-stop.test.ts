import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { addresses } from '../bench/networks.ts';
import { reportsOf, writeLedger } from '../bench/write-ledger.ts';
import { makeCertificates } from '../certificates.ts';
import { makeFolder, testWithEnding } from '../ending.ts';
import { ServerProcess } from './server-process.ts';

/** More than the buffers of a connection hold, so that who does not read keeps it on its way. */
const bans = 100_000;
testWithEnding('a server stops in order while connections are kept and a download stands still', async (ending) => {
  const folder = await makeFolder(ending);
  const certificates = await makeCertificates(join(folder, 'tls'));
  await writeLedger(join(folder, 'server/ledger.db'), reportsOf(addresses(bans)));
  const server = await ServerProcess.start({ dir: join(folder, 'server'), certificates });
  ending.after(() => server.kill());
  const { token } = await server.ask('client', 'add', 'reader', '--http');
  const request = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${String(token)}\r\n\r\n`;

  const open = async (path: string): Promise<TLSSocket> => {
    const socket = connect({ port: server.port, host: '127.0.0.1', ca: readFileSync(certificates.caFile) });
    ending.after(() => Promise.resolve(void socket.destroy()));
    socket.on('error', () => socket.destroy());
    await once(socket, 'secureConnect');
    socket.write(request(path));
    const [head] = await once(socket, 'data');
    assert.match(String(head), /^HTTP\/1\.1 200 OK\r\n/);
    return socket;
  };
  for (let count = 0; count < 5; count += 1) await open('/api/v1/bans/203.0.113.7');
  (await open('/blocklist.json')).pause();
  await server.stop();
  // After 4.5 s it would have ended itself, loudly.
  assert.equal(server.program.finished().code, 0, server.program.output);
});
