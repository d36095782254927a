import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { type WebSocket, WebSocketServer } from 'ws';
import { formatEnrolment } from '../../shared/enrolment.ts';
import { subprotocol } from '../../shared/frames.ts';
import { parseObject, SealedChannel } from '../../shared/sealed-channel.ts';
import { deriveSessionKeys, nonceBytes, secretBytes } from '../../shared/signing.ts';

/**
 * The bound for any server of this protocol: ws over TLS, each frame's MAC verified, its JSON read, its events answered
 * with `recorded`, and nothing else done. Prints an enrolment line that serves any number of connections.
 */
export interface BareServerTask {
  readonly certFile: string;
  readonly keyFile: string;
}

const { certFile, keyFile } = JSON.parse(process.argv[2] ?? '') as BareServerTask;
const secret = randomBytes(secretBytes);
const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
const sockets = new WebSocketServer({ server, perMessageDeflate: false, handleProtocols: () => subprotocol });
sockets.on('connection', serve);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const key = `bare-key.${secret.toString('base64url')}`;
  process.stdout.write(`${formatEnrolment({ client: 'bare', host: '127.0.0.1', port, key })}\n`);
});

function serve(socket: WebSocket): void {
  const nonce = randomBytes(nonceBytes);
  socket.send(JSON.stringify({ type: 'hello', nonce: nonce.toString('base64url') }));
  socket.once('message', (login) => {
    const payload = parseObject(String(login).replace(/^[^.]*\./, ''));
    const clientNonce = Buffer.from(String(payload?.['nonce']), 'base64url');
    const channel = new SealedChannel(deriveSessionKeys(secret, nonce, clientNonce), 'server');
    socket.send(channel.seal({ type: 'welcome', server: 'bare', may: ['ban'], jails: ['*'] }));
    socket.on('message', (data) => socket.send(channel.seal(answerTo(channel, String(data)))));
  });
}

function answerTo(channel: SealedChannel, text: string): object {
  const opened = channel.open(text);
  if (opened.kind === 'refused') throw new Error(opened.refusal.detail);
  const events = opened.value['events'] as { number: number }[];
  return { type: 'results', results: events.map(({ number }) => ({ number, outcome: 'recorded' })) };
}
