import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { submit } from '../../client/commands/submit.ts';
import { systemClock } from '../../shared/clock.ts';
import { hasCode } from '../../shared/errors.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';
import { TestServer } from '../client/test-server.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import { type Ending, makeFolder } from '../ending.ts';
import type { Attack, Stage } from './attack.ts';
import type { Chance } from './chance.ts';
import { differenceOf } from './differences.ts';

const program = new URL('../../client/main.js', import.meta.url).pathname;
/** Networks of a round: few, so that their events meet. */
const networksOfRound = 20;
const jail = 'sshd';
const endsOfAgent = ['ECONNRESET', 'EPIPE', 'not-running'];

/**
 * Ends the agent with kill -9 again and again while its spool holds ten taken files and more, events of fail2ban come in,
 * some of them cut off, and a person bans and unbans beside them.
 */
export const agentKilled: Attack = {
  name: 'agent-killed',
  must: 'the last word on each network counts after kill -9 of the agent, whatever lay in its spool and who said it',
  rounds: { inTests: 3, byHand: 50 },
  run: async (stage) => {
    for (let round = 1; round <= stage.rounds; round += 1) await attackOnce(stage, round);
  },
};

async function attackOnce({ ending, chance, tried, failed }: Stage, round: number): Promise<void> {
  const host = await Host.make(ending, round);
  await host.leaveTakenFiles(chance);
  for (let kill = chance.between(1, 3); kill > 0; kill -= 1) {
    const agent = host.start();
    const living = host.live(chance);
    await delay(chance.between(0, 900));
    agent.kill('SIGKILL');
    await Promise.all([once(agent, 'exit'), living]);
    await host.live(chance);
  }
  const last = host.start();
  const difference = await host.settle();
  tried(networksOfRound);
  if (difference !== undefined) failed(`round ${round}: the server has ${difference}`);
  last.kill('SIGKILL');
  await once(last, 'exit');
  await host.server.close();
}

/** A host with an agent, the model of what it should have told, and a server that speaks the protocol. */
class Host {
  readonly server: TestServer;
  readonly #ending: Ending;
  readonly #folder: string;
  readonly #round: number;
  readonly #held = new Set<string>();

  private constructor(parts: { ending: Ending; folder: string; server: TestServer; round: number }) {
    this.#ending = parts.ending;
    this.#folder = parts.folder;
    this.server = parts.server;
    this.#round = parts.round;
  }

  static async make(ending: Ending, round: number): Promise<Host> {
    const server = await new TestServer().listen();
    ending.after(() => server.close());
    const folder = await makeFolder(ending);
    const places = `spool = ${folder}/spool\nstate = ${folder}/state\nsocket = ${folder}/agent.sock`;
    const main = `[server main]\nurl = ${server.url}\nclient = ${server.client}\nkey = ${server.keyText}\nplaintext = yes`;
    const text = `[agent]\n${places}\nfail2ban_client = /bin/false\nlog_level = error\n${main}\n`;
    await writeFile(join(folder, 'client.ini'), text, { mode: 0o600 });
    await mkdir(join(folder, 'spool'), { mode: 0o700 });
    return new Host({ ending, folder, server, round });
  }

  start(): ChildProcess {
    const words = [program, 'agent', '--config', join(this.#folder, 'client.ini')];
    const agent = spawn(process.execPath, words, { stdio: 'ignore' });
    this.#ending.after(async () => {
      if (agent.exitCode !== null || agent.signalCode !== null) return;
      agent.kill('SIGKILL');
      await once(agent, 'exit');
    });
    return agent;
  }

  /** As an agent leaves them that was killed before it had read them: up to sixteen, with a queue behind them. */
  async leaveTakenFiles(chance: Chance): Promise<void> {
    const files = chance.between(10, 16);
    for (let number = 1; number <= files; number += 1) {
      await writeFile(this.#inSpool(`taken.${number}`), this.#linesBy(chance, 12), { mode: 0o600 });
    }
    await appendFile(this.#inSpool('queue'), this.#linesBy(chance, 12), { mode: 0o600 });
  }

  /** fail2ban writes, and a person acts, one after the other. */
  async live(chance: Chance): Promise<void> {
    for (let step = chance.between(2, 6); step > 0; step -= 1) {
      if (chance.happens(0.6)) await appendFile(this.#inSpool('queue'), this.#linesBy(chance, 6), { mode: 0o600 });
      else await this.#actByHand(chance);
      await delay(chance.between(0, 60));
    }
  }

  /** @returns how the server differs from the model when all has arrived */
  async settle(): Promise<string | undefined> {
    const mark = `192.0.2.${this.#round % 250}`;
    await appendFile(this.#inSpool('queue'), lineOf('ban', mark), { mode: 0o600 });
    this.#held.add(mark);
    await waitUntil('the last ban arrives', async () => this.server.has(jail, mark));
    const left = await readdir(this.#inSpool(''));
    const held = [...this.server.reports.values()].map(({ network }) => network);
    const difference = differenceOf(held, [...this.#held]);
    return difference === undefined ? undefined : `${difference} (spool: ${left.length} files)`;
  }

  #linesBy(chance: Chance, most: number): string {
    let text = '';
    for (let count = chance.between(1, most); count > 0; count -= 1) {
      const [verb, network] = this.#choose(chance);
      const line = lineOf(verb, network);
      // A full disk has cut it off, so that fail2ban has it as not done.
      if (chance.happens(0.1)) text += line.slice(0, chance.between(1, line.length - 1));
      else {
        text += line;
        this.#note(verb, network);
      }
    }
    return text;
  }

  async #actByHand(chance: Chance): Promise<void> {
    const [verb, network] = this.#choose(chance);
    const context = {
      config: join(this.#folder, 'client.ini'),
      isJson: true,
      print: () => undefined,
      clock: systemClock,
    };
    const options = verb === 'ban' ? { ttlSeconds: 86_400 } : { ttlSeconds: null };
    try {
      await submit(context, { verb, network: networkOf(network), jail, ...options, waitMs: undefined });
    } catch (error) {
      // It is handed over by then: only the look at what came of it found that the agent had ended.
      if (!endsOfAgent.some((code) => hasCode(error, code))) throw error;
    }
    this.#note(verb, network);
  }

  #choose(chance: Chance): readonly ['ban' | 'unban', string] {
    return [chance.happens(0.55) ? 'ban' : 'unban', `203.0.113.${chance.between(1, networksOfRound)}`];
  }

  #note(verb: 'ban' | 'unban', network: string): void {
    if (verb === 'ban') this.#held.add(network);
    else this.#held.delete(network);
  }

  #inSpool(name: string): string {
    return join(this.#folder, 'spool', name);
  }
}

function lineOf(verb: 'ban' | 'unban', network: string): string {
  return `v1\t${verb}\t${jail}\t${network}\t86400\t5\t1\t${Date.now() / 1_000}\t\n`;
}

function networkOf(text: string): Network {
  const network = parseNetwork(text);
  if (network === undefined) throw new Error(`${text} is no network`);
  return network;
}
