import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeCertificates } from '../certificates.ts';
import { ServerProcess } from '../end-to-end/server-process.ts';
import { makeFolder } from '../ending.ts';
import type { Attack, Stage } from './attack.ts';
import { Claims } from './claims.ts';
import { differenceOf } from './differences.ts';

const libraries = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (architecture) => `/usr/lib/${architecture}/faketime/libfaketimeMT.so.1`,
);
/** As libfaketime takes them: a wrong BIOS, no battery, a wrong zone, a wrong hour. */
const jumps = ['+60d', '+365d', '-60d', '-1h', '+1h', '@1970-01-01 00:00:10', '+10y'];

/** Sets the server's clock wrong and right again, while it runs and between two of its starts. */
export const clockJumped: Attack = {
  name: 'clock-jumped',
  must: 'a clock that is wrong for a while ends no ban and no whitelist entry whose time is not over',
  rounds: { inTests: 3, byHand: 60 },
  run: async (stage) => {
    const dir = await makeFolder(stage.ending);
    const clock = await fakeClock(dir);
    const server = await ServerProcess.start({
      dir: join(dir, 'server'),
      certificates: await makeCertificates(join(dir, 'tls')),
      enforcers: ['[dry-run]'],
      environment: clock.environment,
    });
    stage.ending.after(() => server.stop());
    const claims = new Claims(0, 40);
    await server.command('allow', 'add', '203.0.113.0/28', '--for', '7d');
    for (let round = 1; round <= stage.rounds; round += 1) {
      await banSome(server, claims, stage);
      const way = await goWrong(server, clock, stage);
      stage.tried(1);
      const difference = differenceOf(await standing(server), [...claims.held, 'allow 203.0.113.0/28']);
      if (difference !== undefined) stage.failed(`round ${round}, ${way}: the record has ${difference}`);
    }
  },
};

interface FakeClock {
  readonly environment: NodeJS.ProcessEnv;
  readonly set: (offset: string) => Promise<void>;
}

/** The wall clock that a process sees; its monotonic clock stays. @throws when Debian's package faketime is missing */
async function fakeClock(dir: string): Promise<FakeClock> {
  const found = await Promise.allSettled(libraries.map((library) => access(library)));
  const library = libraries.find((_, at) => found[at]?.status === 'fulfilled');
  if (library === undefined) throw new Error('libfaketime is missing: as root, apt-get install faketime');
  const file = join(dir, 'clock');
  const set = (offset: string): Promise<void> => writeFile(file, `${offset}\n`);
  await set('+0');
  const environment = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
  return { environment, set };
}

async function banSome(server: ServerProcess, claims: Claims, { chance }: Stage): Promise<void> {
  for (let count = 0; count < 2; count += 1) {
    const { network } = claims.choose(chance);
    await server.command('ban', network, ...chance.oneOf([['--ttl', '30d'], ['--ttl', '2h'], []]));
    claims.note({ verb: 'ban', network });
  }
}

/** @returns what was done */
async function goWrong(server: ServerProcess, clock: FakeClock, { chance }: Stage): Promise<string> {
  const jump = chance.oneOf(jumps);
  const isBetween = chance.happens(0.5);
  if (isBetween) await server.stop();
  await clock.set(jump);
  if (isBetween) await server.start();
  // The sweep looks each second.
  await delay(2_500);
  const isSetRightBetween = chance.happens(0.5);
  if (isSetRightBetween) await server.stop();
  await clock.set('+0');
  if (isSetRightBetween) await server.start();
  await delay(2_500);
  return `${jump}${isBetween ? ' at a start' : ''}, right again${isSetRightBetween ? ' at the next' : ''}`;
}

async function standing(server: ServerProcess): Promise<string[]> {
  const { bans } = (await server.ask('bans')) as { bans: { network: string }[] };
  const { timed } = (await server.ask('allow', 'list')) as { timed: { network: string }[] };
  return [...bans.map(({ network }) => network), ...timed.map(({ network }) => `allow ${network}`)];
}
