import { systemClock } from '../../shared/clock.ts';
import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { commandRunner } from '../../shared/host/command-runner.ts';
import { ArgumentError } from '../../shared/host/local-socket.ts';
import { nftRunner } from '../enforcers/nftables/run-nft.ts';
import type { SetupHost } from '../setup/host.ts';
import { setUp } from '../setup/setup.ts';
import { undoSetup } from '../setup/undo.ts';
import type { CommandContext } from './command-context.ts';

/** The options of the command as commander spells them. */
export interface SetupWords {
  readonly name: string;
  readonly force?: boolean;
  readonly via?: string;
  readonly jails: string;
  readonly peers?: boolean;
  /** False with --no-fail2ban. */
  readonly fail2ban: boolean;
  readonly nftables?: boolean;
  readonly dryRun?: boolean;
  readonly undo?: boolean;
}

/** What the process gives to setup. */
export interface SetupSurroundings {
  readonly isRoot: boolean;
  readonly nodeVersion: string;
  /** As PATH is written. */
  readonly path: string;
}

/** `setup` and `setup --undo`, on this very host. @param line the enrolment, when one is given */
export async function setup(
  context: CommandContext,
  words: SetupWords,
  surroundings: SetupSurroundings & { readonly line: string | undefined },
): Promise<ExitCode> {
  const said: string[] = [];
  const host = makeHost(surroundings, context.isJson ? (line) => void said.push(line) : context.print);
  const exit = await run(context, words, { host, line: surroundings.line });
  if (context.isJson) context.print(JSON.stringify({ isComplete: exit === exitCodes.done, said }));
  return exit;
}

async function run(
  { config }: CommandContext,
  words: SetupWords,
  { host, line }: { readonly host: SetupHost; readonly line: string | undefined },
): Promise<ExitCode> {
  const isDry = words.dryRun === true;
  if (words.undo === true) {
    if (line !== undefined) throw new ArgumentError('give either --undo or --enroll');
    return (await undoSetup({ config, isDry }, host)) ? exitCodes.done : exitCodes.failed;
  }
  const { name, via } = words;
  const jails = words.jails.split(/[\s,]+/).filter((pattern) => pattern !== '');
  const enrolment = { line, name, via, force: words.force === true };
  const takesPeers = words.peers === true;
  const hasFail2ban = words.fail2ban;
  if (!hasFail2ban && (takesPeers || words.jails !== '*')) {
    throw new ArgumentError('--no-fail2ban: --peers and --jails are about jails of fail2ban; give --nftables instead');
  }
  const usesNftables = words.nftables === true;
  await setUp({ config, enrolment, jails, takesPeers, hasFail2ban, usesNftables, isDry }, host);
  return exitCodes.done;
}

function makeHost({ isRoot, nodeVersion, path }: SetupSurroundings, print: (line: string) => void): SetupHost {
  return {
    // sudo may have left out the folders of administrators' programs.
    run: commandRunner(`${path}:/usr/local/sbin:/usr/sbin:/sbin`),
    nft: nftRunner(),
    clock: systemClock,
    isRoot,
    nodeVersion,
    root: '/',
    print,
  };
}
