import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { env } from 'node:process';
import type { CrowdSecBouncer, CrowdSecBouncerConfigurations } from '@crowdsec/nodejs-bouncer';
import { BouncerClient } from 'crowdsec-client';

/** Where a bouncer asks. */
export interface LocalApi {
  readonly url: string;
  readonly key: string;
}

/** A real client of CrowdSec's local API from the npm registry, as its users use it. */
export interface NpmBouncer {
  /** As after a start of its program. */
  readonly start: () => Promise<void>;
  /** Asks for what has changed. */
  readonly poll: () => Promise<void>;
  readonly isBlocked: (address: string) => Promise<boolean>;
}

/** It reads how much it logs when it is loaded, and keeps what it holds for all of a program unless it is given a place. */
async function makeNodejs({ url, key }: LocalApi, streamMode: boolean): Promise<CrowdSecBouncer> {
  env['LOG_LEVEL'] = 'silent';
  const program = await import('@crowdsec/nodejs-bouncer');
  const held = new Map<string, NonNullable<Awaited<ReturnType<CacheAdapter['getItem']>>>>();
  const cacheAdapter: CacheAdapter = {
    getItem: async (name) => held.get(name) ?? null,
    setItem: async (item) => {
      held.set(item.key, item);
      return item;
    },
    deleteItem: async (name) => held.delete(name),
    clear: async () => {
      held.clear();
      return true;
    },
  };
  return new program.CrowdSecBouncer({ url, bouncerApiToken: key, streamMode, cacheAdapter });
}
type CacheAdapter = NonNullable<CrowdSecBouncerConfigurations['cacheAdapter']>;

/** CrowdSec's own for Node, by the stream: it applies what is new before what is deleted. */
export function nodejsStream(api: LocalApi): NpmBouncer {
  let bouncer: CrowdSecBouncer | undefined;
  const poll = async (): Promise<void> => {
    await bouncer?.refreshDecisions();
  };
  return {
    start: async () => {
      bouncer = await makeNodejs(api, true);
      await poll();
    },
    poll,
    isBlocked: async (address) => (await bouncer?.getIpRemediation(address))?.remediation === 'ban',
  };
}

/** The same, which asks about each visitor: a bouncer for each question, as a web server has that starts a process for it. */
export function nodejsLive(api: LocalApi): NpmBouncer {
  const isBlocked = async (address: string): Promise<boolean> => {
    const bouncer = await makeNodejs(api, false);
    return (await bouncer.getIpRemediation(address)).remediation === 'ban';
  };
  return { start: nothing, poll: nothing, isBlocked };
}

/** The client that others build bouncers with: it logs in by HEAD, and gives the lists as they came. */
export function crowdsecClient({ url, key }: LocalApi): NpmBouncer {
  const client = new BouncerClient({ url, auth: { apiKey: key } });
  const held = new Set<string>();
  const take = async (startup: boolean): Promise<void> => {
    const told = await client.Decisions.getRawStream({ startup, scopes: ['ip', 'range'] });
    for (const { value } of told.new ?? []) held.add(value);
    for (const { value } of told.deleted ?? []) held.delete(value);
  };
  return {
    start: async () => {
      held.clear();
      await client.login();
      await take(true);
    },
    poll: () => take(false),
    isBlocked: async (address) => {
      const found = await client.Decisions.search({ ip: address });
      return held.has(address) || [...(found ?? [])].some(({ value }) => held.has(value));
    },
  };
}

type Middleware = (request: object, response: object, next: () => void) => Promise<void>;

/** CrowdSec's own for Express, which asks about each visitor; here behind a bare server that does what Express does for it. */
export function expressLive({ url, key }: LocalApi): NpmBouncer {
  const makeMiddleware: (options: object) => Promise<Middleware> = createRequire(import.meta.url)(
    '@crowdsec/express-bouncer',
  );
  const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const isBlocked = async (address: string): Promise<boolean> => {
    const options = { url, apiKey: key, customLogger: silent, trustedRangesForIpForwarding: ['127.0.0.0/8'] };
    const middleware = await makeMiddleware(options);
    const server = createServer((request, response) => {
      const express = Object.assign(response, {
        status: (code: number) => Object.assign(response, { statusCode: code }),
        send: (body: string) => response.end(body),
      });
      void middleware(request, express, () => response.end('let in'));
    });
    return await askThrough(server, address);
  };
  return { start: nothing, poll: nothing, isBlocked };
}

/** Whether a visitor is turned away. */
async function askThrough(server: ReturnType<typeof createServer>, address: string): Promise<boolean> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const place = server.address();
  if (place === null || typeof place === 'string') throw new Error('it does not listen');
  try {
    const answer = await fetch(`http://127.0.0.1:${place.port}`, {
      headers: { 'x-forwarded-for': address, connection: 'close' },
    });
    await answer.text();
    return answer.status === 403;
  } finally {
    server.close();
  }
}

function nothing(): Promise<void> {
  return Promise.resolve();
}
