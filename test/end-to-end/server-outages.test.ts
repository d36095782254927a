import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { stretched } from '../patience.ts';
import { handOver } from './action-text.ts';
import { BanStream } from './ban-stream.ts';
import { Fleet } from './fleet.ts';
import { RawClient } from './raw-client.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

const stopMaxMs = 5_000;
const clients = 4;
const bansOfFrame = 128;

/** The /25 networks of 198.18.0.0/17 in turn, a frame each, so that in the end few entries block all of it. */
function frameOf(client: number, frame: number): string[] {
  const place = frame * clients + client;
  return Array.from({ length: bansOfFrame }, (_, index) => `198.18.${place >> 1}.${(place & 1) * 128 + index}`);
}

async function streamsTo(fleet: Fleet, framesOfClient: number): Promise<BanStream[]> {
  const streams: BanStream[] = [];
  for (let client = 0; client < clients; client += 1) {
    const enrolment = await fleet.server.enrolmentFor(`client${client}`);
    const frames = Array.from({ length: framesOfClient }, (_, frame) => frameOf(client, frame));
    streams.push(new BanStream({ enrolment, caFile: fleet.certificates.caFile, frames }));
  }
  return streams;
}

const acknowledgedBy = (streams: readonly BanStream[]): string[] =>
  streams.flatMap(({ acknowledged }) => [...acknowledged]);

describe('a server that ends', { timeout: suiteMaxMs }, () => {
  it('by kill -9, again and again in the middle of 10,240 bans, has lost nothing that it acknowledged', async (context) => {
    const fleet = await Fleet.start(context);
    const streams = await streamsTo(fleet, 20);
    const ending = new AbortController();
    context.after(() => ending.abort());
    const all = Promise.all(streams.map((stream) => stream.run(ending.signal)));
    for (let kills = 1; kills <= 5; kills += 1) {
      await waitUntil('more is acknowledged', () => acknowledgedBy(streams).length >= kills * 1_600);
      await fleet.server.kill();
      const acknowledged = acknowledgedBy(streams);
      await fleet.server.start();
      assert.deepEqual(await missing(fleet, acknowledged), []);
    }
    await all;
    assert.equal(acknowledgedBy(streams).length, clients * 20 * bansOfFrame);
    assert.deepEqual(await missing(fleet, acknowledgedBy(streams)), []);
    await fleet.blocks(['198.18.0.0/19', '198.18.32.0/21'], 90_000);
    const { writes } = fleet.proxmox.log;
    assert.ok(writes < 1_500, `${writes} writes to Proxmox`);
  });

  it('by SIGTERM under load does so within 5 s and has lost nothing that it acknowledged', async (context) => {
    const fleet = await Fleet.start(context);
    const streams = await streamsTo(fleet, 60);
    const ending = new AbortController();
    const all = Promise.all(streams.map((stream) => stream.run(ending.signal)));
    await waitUntil('the load is on', () => acknowledgedBy(streams).length >= 2_000);
    ending.abort();
    await stopInTime(fleet);
    assert.ok(acknowledgedBy(streams).length < clients * 60 * bansOfFrame, 'the load was over before');
    await all;
    await fleet.server.start();
    assert.deepEqual(await missing(fleet, acknowledgedBy(streams)), []);
  });

  it('by SIGTERM does so within 5 s though Proxmox does not answer and some peers neither speak nor listen', async (context) => {
    const fleet = await Fleet.start(context);
    const { agent } = await fleet.host('web1');
    const silent = connect(fleet.server.port, '127.0.0.1');
    context.after(() => silent.destroy());
    await once(silent, 'connect');
    const deaf = await RawClient.connect(await fleet.server.enrolmentFor('deaf1'), fleet.certificates.caFile);
    deaf.socket.pause();
    fleet.proxmox.faults.next({ kind: 'hung-body' }, { method: 'POST' });
    await handOver('actionban', ['203.0.113.1'], agent.spool);
    await waitUntil('Proxmox is asked', () => fleet.proxmox.faults.pending === 0);
    await stopInTime(fleet);
    await fleet.server.start();
    await fleet.blocks(['203.0.113.1']);
    deaf.socket.terminate();
  });

  it('is started again, with all agents, and writes nothing to a Proxmox that has all of 600 bans', async (context) => {
    const fleet = await Fleet.start(context);
    const hosts = [await fleet.host('web1'), await fleet.host('mail1')];
    const networks = Array.from({ length: 600 }, (_, index) => `198.18.${index >> 7}.${((index & 127) << 1) | 1}`);
    await Promise.all(
      hosts.map(({ agent }, at) => handOver('actionban', networks.slice(at * 300, (at + 1) * 300), agent.spool)),
    );
    await fleet.blocks(networks, 90_000);
    const { writes } = fleet.proxmox.log;
    for (const { agent } of hosts) await agent.stop();
    await fleet.server.stop();
    await fleet.server.start();
    for (const { agent } of hosts) await agent.start();
    await waitUntil('all have compared', async () => {
      const { connected, enforcers } = (await fleet.server.ask('status')) as {
        connected: unknown[];
        enforcers: { state: { kind: string } }[];
      };
      return connected.length === hosts.length && enforcers.every(({ state }) => state.kind === 'in-sync');
    });
    assert.equal(fleet.proxmox.log.writes, writes);
    fleet.assertBlocks(networks);
  });
});

async function stopInTime({ server }: Fleet): Promise<void> {
  const startedAtMs = performance.now();
  await server.stop();
  assert.ok(performance.now() - startedAtMs < stretched(stopMaxMs));
  assert.equal(server.program.finished().code, 0, server.program.output);
}

/** Which of these the server does not know to be banned. */
async function missing({ server }: Fleet, networks: readonly string[]): Promise<string[]> {
  const { bans } = (await server.ask('bans')) as { bans: { network: string }[] };
  const known = new Set(bans.map(({ network }) => network));
  return networks.filter((network) => !known.has(network));
}
