import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fail2banProcess } from '../end-to-end/fail2ban-process.ts';
import { atLeastOfPeer, type Bench, median } from './figure.ts';
import { addresses } from './networks.ts';
import { requireProgram } from './place.ts';

const rounds = 10;
const bansPerRound = 100;

const trueAction = `[Definition]
actionban = true
actionunban =
`;

/** The real fail2ban with two jails by turns: one hands over to us, the other runs `true` for each ban. */
export const fail2banRate: Bench = {
  name: 'fail2ban',
  measure: async (place) => {
    await requireProgram('fail2ban-server', 'fail2ban');
    const dir = join(place.dir, 'fail2ban');
    const spool = join(dir, 'spool');
    for (const folder of [spool, join(dir, 'etc/action.d')]) await mkdir(folder, { recursive: true });
    await writeFile(join(dir, 'etc/action.d/only-true.conf'), trueAction);
    const fail2ban = await Fail2banProcess.prepare({
      dir,
      spool,
      jails: [
        { name: 'ours', bantimeSeconds: 600 },
        { name: 'peer', bantimeSeconds: 600, more: ['action = only-true'] },
      ],
    });
    place.atEnd(() => fail2ban.kill());
    await fail2ban.start();
    for (let round = 0; round < rounds; round += 1) {
      const networks = addresses(bansPerRound, round * bansPerRound);
      for (const jail of ['ours', 'peer']) await fail2ban.client('set', jail, 'banip', ...networks);
    }
    const log = await fail2ban.log();
    return [
      atLeastOfPeer(
        {
          name: 'fail2ban driving our action',
          value: median(banRates(log, 'ours')),
          unit: 'bans/s',
          peer: { name: 'actionban = true', value: median(banRates(log, 'peer')) },
          note: `medians of ${rounds} rounds by turns, ${bansPerRound} bans each, by the times in fail2ban's log`,
        },
        0.9,
      ),
    ];
  },
};

/** Bans a second of each round, by the lines that fail2ban writes before it runs the action. */
function banRates(log: string, jail: string): number[] {
  const times = [...log.matchAll(/^(\S+ \S+),(\d+) .*\[(\w+)\] Ban /gm)]
    .filter(([, , , name]) => name === jail)
    .map(([, second, millisecond]) => Date.parse(`${second}.${millisecond}Z`));
  if (times.length !== rounds * bansPerRound) throw new Error(`${jail} banned ${times.length} times`);
  return Array.from({ length: rounds }, (_, round) => {
    const [first = 0, last = 0] = [times[round * bansPerRound], times[(round + 1) * bansPerRound - 1]];
    return ((bansPerRound - 1) * 1_000) / (last - first);
  });
}
