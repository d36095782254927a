/** What is sent back for one request. */
export interface HttpAnswer {
  readonly status: number;
  /** The reason phrase, which is where Proxmox puts its error text. */
  readonly reason: string;
  /** Undefined for the answers that have no body and no Content-Length at all. */
  readonly body?: Buffer;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly location?: string;
  /**
   * Whether it came from pvedaemon through pveproxy. A good answer then carries pvedaemon's `Connection: close` beside
   * pveproxy's `Connection: Keep-Alive`, and the connection stays open.
   */
  readonly throughDaemon?: boolean;
  /** Who sends it; pveproxy unless said otherwise. */
  readonly from?: 'pveproxy' | 'pvedaemon';
}

/** An answer in plain text, as the HTTP layer itself gives it. */
export function textAnswer(status: number, reason: string, text = reason): HttpAnswer {
  return { status, reason, body: Buffer.from(text) };
}

/** An answer without a body: 401, 595, 596 and refused methods. */
export function emptyAnswer(status: number, reason: string): HttpAnswer {
  return { status, reason };
}

/** Whether an answer of this status ends its connection (AnyEvent.pm response()). */
export function endsConnection(status: number): boolean {
  return status >= 400;
}

/** The bytes of status line and headers, in the order of the real server (AnyEvent.pm response()). */
export function formatHead(answer: HttpAnswer, keepAlive: boolean): Buffer {
  const date = new Date().toUTCString();
  const [reason = ''] = answer.reason.split(/[\r\n]/, 1);
  const lines = [`HTTP/1.1 ${answer.status} ${reason}`, 'Cache-Control: max-age=0'];
  const isPassedOn = answer.throughDaemon === true && answer.from !== 'pvedaemon';
  if (!keepAlive || isPassedOn) lines.push('Connection: close');
  if (keepAlive) lines.push('Connection: Keep-Alive');
  lines.push(`Date: ${date}`, 'Pragma: no-cache');
  if (answer.location !== undefined) lines.push(`Location: ${answer.location}`);
  lines.push('Server: pve-api-daemon/3.0');
  if (answer.contentEncoding !== undefined) lines.push(`Content-Encoding: ${answer.contentEncoding}`);
  if (answer.body !== undefined) lines.push(`Content-Length: ${answer.body.length}`);
  if (answer.contentType !== undefined) lines.push(`Content-Type: ${answer.contentType}`);
  lines.push(`Expires: ${date}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}
