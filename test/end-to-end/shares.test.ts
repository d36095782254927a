import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeCertificates } from '../certificates.ts';
import { RawClient } from './raw-client.ts';
import { ServerProcess } from './server-process.ts';

const connections = 4;
const framesEach = 16;
const eventsPerFrame = 500;

describe('a client that sends all it can', () => {
  let dir: string;
  let server: ServerProcess;
  let caFile: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fail2networkban-shares-'));
    const certificates = await makeCertificates(join(dir, 'tls'));
    caFile = certificates.caFile;
    server = await ServerProcess.start({ dir: join(dir, 'server'), certificates, enforcers: ['[dry-run]'] });
  });

  after(async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('holds up neither another’s ban nor the operator, and is told in few lines', async () => {
    const enrolment = await server.enrolmentFor('flood');
    const flood = await Promise.all(Array.from({ length: connections }, () => RawClient.connect(enrolment, caFile)));
    const lone = await RawClient.connect(await server.enrolmentFor('web1'), caFile);
    await lone.ask(events('lone', 1, ['198.51.100.1']));
    let answered = 0;
    const floods = flood.flatMap((client, at) =>
      Array.from({ length: framesEach }, async (_, frame) => {
        await client.ask(events(`flood-${at}`, 1 + frame * eventsPerFrame, networksOf(at, frame)));
        answered += 1;
      }),
    );
    await Promise.race(floods);
    const { results } = await lone.ask(events('lone', 2, ['198.51.100.3']));
    const beforeLone = answered;
    await server.ask('unban', '198.51.100.1');
    await Promise.all(floods);
    assert.equal((results as { outcome: string }[])[0]?.outcome, 'recorded');
    assert.ok(beforeLone < floods.length / 2, `${beforeLone} of ${floods.length} frames were answered first`);
    assert.ok(!(await server.command('lookup', '198.51.100.1', '--json')).stdout.includes('"client":"web1"'));
    await Promise.all([...flood, lone].map((client) => client.close()));
    await server.stop();
    const lines = server.program.output.split('\n').filter((line) => line.includes('"client":"flood"'));
    assert.ok(lines.length < 5_000, `${lines.length} lines`);
    assert.match(server.program.output, /flood: [\d,]+ more (?:bans|refusals of quota-exceeded) in \d+ s/);
    await server.start();
  });
});

function events(stream: string, first: number, networks: readonly string[]): object {
  const all = networks.map((network, at) => ({
    number: first + at,
    verb: 'ban',
    jail: 'sshd',
    network,
    ttlSeconds: 3_600,
    source: 'jail',
  }));
  return { type: 'events', stream: `${stream}-stream`, events: all };
}

function networksOf(connection: number, frame: number): string[] {
  return Array.from({ length: eventsPerFrame }, (_, at) => `11.${connection}.${frame * 2 + (at >> 8)}.${at & 255}`);
}
