import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

/** The bound for any server of HTTP in this runtime: node:https, which answers each request with the same text. Prints its port. */
export interface BareHttpTask {
  readonly certFile: string;
  readonly keyFile: string;
  readonly bodyBytes: number;
}

const { certFile, keyFile, bodyBytes } = JSON.parse(process.argv[2] ?? '') as BareHttpTask;
const body = Buffer.alloc(bodyBytes, 'x');
const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`port ${typeof address === 'object' && address !== null ? address.port : 0}\n`);
});
