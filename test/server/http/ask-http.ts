import type { RunningServer } from '../running-server.ts';

/** An answer as a test looks at it; `json` is undefined where the body is none. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** Asks a running server; `token` goes into the header Authorization. */
export async function askHttp(
  server: RunningServer,
  request: string,
  { token, ...init }: RequestInit & { readonly token?: string } = {},
): Promise<HttpAnswer> {
  const [method = 'GET', path = '/'] = request.split(' ');
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  const url = `http://127.0.0.1:${server.server.port}${path}`;
  const response = await fetch(url, { redirect: 'manual', ...init, method, headers });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
}

/** Enrolls another program and gives its token. */
export async function makeHttpClient(server: RunningServer, args: object): Promise<string> {
  const { token } = await server.ask('client-add', { http: true, ...args });
  return String(token);
}
