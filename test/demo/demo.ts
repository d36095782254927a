import { describeError } from '../../shared/errors.ts';
import { setStage } from './stage.ts';
import { steps } from './steps.ts';

/** `npm run demo`: the main job, running, in the order of steps.ts. Ends with 1, and says where, when a step does not happen. */
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

say(
  'fail2networkban: an emulated Proxmox, the real server, two hosts with a real agent each, and one that learns from them\n',
);
const stage = await setStage();
try {
  for (const [index, { title, show }] of steps.entries()) {
    const lines = await show(stage).catch((error: unknown) => {
      throw new Error(`step ${index + 1} failed (${title})`, { cause: error });
    });
    say(`── ${index + 1}. ${title}`);
    for (const line of lines) say(`   ${line}`);
    say('');
  }
  say('All of it happened.');
} catch (error) {
  say(describeError(error));
  process.exitCode = 1;
} finally {
  await stage.close();
}
