import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as startRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { suiteMaxMs } from '../end-to-end/wait-until.ts';
import { lastFirst } from '../ending.ts';
import { makeHttpClient } from '../server/http/ask-http.ts';
import { RunningServer } from '../server/running-server.ts';
import { CrowdsecProcess } from './crowdsec-process.ts';

/** One for each server, as a bouncer has it; fetch takes turns with two. */
const oneConnection = new Agent({ keepAlive: true, maxSockets: 1 });
const limits = { timeout: suiteMaxMs };

/** The same bans in both. */
const bans = [
  ['203.0.113.7', 'ssh-bf', '3h'],
  ['203.0.113.0/24', 'web', '1h'],
  ['2001:db8::7', 'ssh-slow', '2h'],
] as const;

/**
 * What is the same, word for word but for what each server makes up: ids, origins and times. A bouncer begins with a
 * startup; one that does not is told everything by ours, and by the real one what came since it was added.
 */
const requests = [
  'GET /v1/decisions/stream?startup=true',
  'GET /v1/decisions/stream',
  'GET /v1/decisions/stream?',
  'GET /v1/decisions',
  'GET /v1/decisions/stream?startup=false',
  'GET /v1/decisions/stream?startup=maybe',
  'GET /v1/decisions/stream?startup=true&scopes=range',
  'GET /v1/decisions/stream?startup=true&scopes=ip,range',
  'GET /v1/decisions/stream?startup=true&scopes=Country',
  'GET /v1/decisions/stream?startup=true&scopes=',
  'GET /v1/decisions/stream?startup=true&origins=nobody',
  'GET /v1/decisions/stream?startup=true&scenarios_containing=SSH',
  'GET /v1/decisions/stream?startup=true&scenarios_containing=bf,web',
  'GET /v1/decisions/stream?startup=true&scenarios_not_containing=ssh',
  'GET /v1/decisions/stream?startup=true&community_pull=true',
  'GET /v1/decisions/stream?startup=true&limit=1',
  'GET /health',
  'GET /v1/decisions/',
  'GET /v1/decisions/?ip=203.0.113.7&what=<b>',
  'GET /v1/decisions/stream/?startup=true',
  'GET /v1/decisions?ip=203.0.113.7&ip=198.51.100.1',
  'GET /v1/decisions?type=ban&type=captcha',
  'GET /v1/decisions?value=203.0.113.7&value=203.0.113.0/24',
  'GET /v1/decisions?scope=ip&scopes=range',
  'GET /v1/decisions?limit=0',
  'GET /v1/decisions?limit=x',
  'GET /v1/decisions?value=',
  'GET /v1/decisions?ip=203.0.113.7&banned=true',
  'GET /v1/decisions?ip=203.0.113.7&scope=ip&value=203.0.113.7',
  'GET /v1/decisions?ip=203.0.113.0/24',
  'GET /v1/decisions?range=203.0.113.7',
  'GET /v1/decisions?ip=::ffff:203.0.113.7',
  'GET /v1/decisions?ip=203.0.113.7',
  'GET /v1/decisions?ip=203.0.113.8',
  'GET /v1/decisions?ip=9.9.9.9',
  'GET /v1/decisions?ip=2001:db8::7',
  'GET /v1/decisions?range=203.0.113.0/24',
  'GET /v1/decisions?range=203.0.113.0/25',
  'GET /v1/decisions?range=203.0.0.0/16',
  'GET /v1/decisions?range=203.0.0.0/16&contains=false',
  'GET /v1/decisions?scopes=ip',
  'GET /v1/decisions?value=203.0.113.7',
  'GET /v1/decisions?value=203.0.113.9',
  'GET /v1/decisions?type=ban',
  'GET /v1/decisions?type=captcha',
  'GET /v1/decisions?scenarios_containing=ssh',
  'GET /v1/decisions?what=unknown',
  'HEAD /v1/decisions?ip=203.0.113.7',
  'HEAD /v1/decisions/stream?startup=true',
  'POST /v1/decisions/stream',
] as const;

/** What is the same in kind: the real one answers 500 where it cannot read an address. */
const wrong = ['GET /v1/decisions?ip=x', 'GET /v1/decisions?contains=maybe'] as const;

describe('our answers to a bouncer are those of the real CrowdSec', () => {
  const ending = lastFirst({ after });
  let sides: readonly { readonly url: string; readonly key: string }[];

  before(async () => {
    const crowdsec = await CrowdsecProcess.start(ending);
    for (const [network, reason, duration] of bans) await crowdsec.add(network, { reason, duration });
    const ours = await RunningServer.start();
    ending.after(() => ours.stop());
    ending.after(() => Promise.resolve(oneConnection.destroy()));
    for (const [network, jail, ttl] of bans) await ours.ask('ban', { network, jail, ttl });
    const url = `http://127.0.0.1:${ours.server.port}`;
    sides = [
      { url: crowdsec.url, key: await crowdsec.addBouncer('edge') },
      { url, key: await makeHttpClient(ours, { name: 'edge' }) },
    ];
  }, limits);

  for (const request of requests) {
    it(`to ${request}`, limits, async () => {
      const [theirs, ours] = await Promise.all(sides.map(({ url, key }) => ask(url, request, key)));
      assert.deepEqual(ours, theirs);
    });
  }

  for (const key of ['', 'wrong', 'key-0000.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']) {
    it(`to the key ${key || 'of nobody'}`, limits, async () => {
      const [theirs, ours] = await Promise.all(sides.map(({ url }) => ask(url, 'GET /v1/decisions/stream', key)));
      assert.deepEqual(ours, theirs);
      assert.equal(ours?.status, 403);
    });
  }

  for (const request of wrong) {
    it(`in kind to ${request}`, limits, async () => {
      const [theirs, ours] = await Promise.all(sides.map(({ url, key }) => ask(url, request, key)));
      assert.deepEqual(shapeOf(ours?.body), shapeOf(theirs?.body));
      assert.deepEqual([theirs?.status, ours?.status], [500, 400]);
    });
  }
});

async function ask(url: string, request: string, key: string) {
  const [method = '', path = ''] = request.split(' ');
  const headers = { 'user-agent': 'crowdsec-firewall-bouncer/v0.0.25', ...(key === '' ? {} : { 'x-api-key': key }) };
  const asked = startRequest(`${url}${path}`, { method, headers, agent: method === 'GET' ? oneConnection : false });
  const [answer] = await once(asked.end(), 'response');
  const body = await text(answer);
  const { statusCode: status } = answer;
  if (method !== 'GET') return { status, type: undefined, location: undefined, body: undefined };
  const { 'content-type': type, location } = answer.headers;
  if (!/json/.test(type)) return { status, type, location, body };
  const json: Json = JSON.parse(body);
  // To the byte: some bouncers compare bodies as text.
  assert.equal(body, JSON.stringify(json));
  return { status, type, location, body: withoutOwn(json) };
}

type Json = null | string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

/** Members whose values differ by nature. */
const own = ['id', 'origin', 'duration'];

/** Sorted: neither promises an order. Of durations what remains is their hours, and how they are written. */
function withoutOwn(value: Json): Json {
  if (Array.isArray(value))
    return value.map(withoutOwn).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !own.includes(name));
  const { duration, id } = Object.assign({ duration: undefined, id: undefined }, value);
  const written = typeof duration === 'string' && /^-?(\d+h)?(\d+m)?[\d.]+m?s$/.test(duration);
  return Object.fromEntries([
    ...kept.map(([name, each]) => [name, withoutOwn(each)]),
    ['made up', [written, typeof id]],
    ['in this order', Object.keys(value)],
  ]);
}

function shapeOf(value: Json | undefined): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
