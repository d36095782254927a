import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

/** The bound for any server of lists: node:https that answers every request with the bytes of one file. Prints its port. */
export interface PlainServerTask {
  readonly certFile: string;
  readonly keyFile: string;
  readonly bodyFile: string;
}

const { certFile, keyFile, bodyFile } = JSON.parse(process.argv[2] ?? '') as PlainServerTask;
const body = readFileSync(bodyFile);
const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': String(body.length) };
const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (_request, response) => {
  response.writeHead(200, headers);
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`port ${typeof address === 'object' && address !== null ? address.port : 0}\n`);
});
