import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Ending } from '../../ending.ts';

/** What is said of a name: records, an error code of DNS, or nothing at all. */
export type Said = readonly DnsRecord[] | 'NXDOMAIN' | 'SERVFAIL' | 'silence';

export interface DnsRecord {
  readonly type: 'A' | 'AAAA' | 'CNAME';
  readonly value: string;
  readonly ttl?: number;
}

const types = { A: 1, CNAME: 5, AAAA: 28 } as const;
const codes = { NXDOMAIN: 3, SERVFAIL: 2 } as const;

/** A small authoritative DNS server over UDP on loopback (RFC 1035). It gives the CNAME of a name with what that leads to. */
export class DnsServer {
  readonly zone = new Map<string, Said>();
  /** The questions so far, as `A home.example.org`. */
  readonly questions: string[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (message, { port, address }) => {
      const answer = this.#answer(message);
      if (answer !== undefined) socket.send(answer, port, address);
    });
  }

  static async start(test: Ending): Promise<DnsServer> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const server = new DnsServer(socket);
    test.after(async () => {
      socket.close();
      await once(socket, 'close');
    });
    return server;
  }

  /** As a resolver's configuration names it. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  #answer(message: Buffer): Buffer | undefined {
    const { name, end } = readName(message);
    const type = message.readUInt16BE(end);
    this.questions.push(`${type === types.A ? 'A' : 'AAAA'} ${name}`);
    const said = this.zone.get(name) ?? 'NXDOMAIN';
    if (said === 'silence') return undefined;
    const question = message.subarray(12, end + 4);
    if (typeof said === 'string') return Buffer.concat([header(message, codes[said], 0), question]);
    const records = this.#follow(name, type);
    return Buffer.concat([header(message, 0, records.length), question, ...records]);
  }

  #follow(name: string, type: number): Buffer[] {
    const said = this.zone.get(name);
    if (said === undefined || typeof said === 'string') return [];
    return said.flatMap((record) => {
      if (record.type === 'CNAME') return [encode(name, record), ...this.#follow(record.value, type)];
      return types[record.type] === type ? [encode(name, record)] : [];
    });
  }
}

function readName(message: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('ascii', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function header(message: Buffer, code: number, count: number): Buffer {
  const head = Buffer.alloc(12);
  message.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x8580 | code, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(count, 6);
  return head;
}

function encode(name: string, { type, value, ttl = 300 }: DnsRecord): Buffer {
  const data = type === 'CNAME' ? encodeName(value) : encodeAddress(value);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(types[type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(name), fixed, data]);
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** Of IPv6, only with all eight groups. */
function encodeAddress(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  return Buffer.from(
    address
      .split(':')
      .map((group) => group.padStart(4, '0'))
      .join(''),
    'hex',
  );
}
