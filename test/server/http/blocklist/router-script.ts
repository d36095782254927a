/** One entry that a script adds to an address list. */
export interface AddedEntry {
  readonly menu: string;
  readonly list: string;
  readonly address: string;
  readonly timeoutSeconds: number;
}

/** What a script for `/import` of RouterOS does, statement by statement, in its order. */
export type RouterStep =
  | { readonly does: 'empty'; readonly menu: string; readonly list: string }
  | ({ readonly does: 'add' } & AddedEntry)
  | { readonly does: 'log'; readonly text: string };

const menuPattern = /^\/(ip|ipv6) firewall address-list$/;
const emptyPattern = /^:foreach entry in=\[find list="([^"$\\]+)"\] do=\{ :do \{ remove \$entry \} on-error=\{\} \}$/;
const addPattern =
  /^:do \{ add list="([^"$\\]+)" address=([0-9a-f.:/]+) timeout=([0-9]+)d([0-9]+)h([0-9]+)m([0-9]+)s \} on-error=\{\}$/;
const logPattern = /^:log info "([^"$\\]+)"$/;

/**
 * Reads the few statements of the RouterOS script language that such a script may be made of, each on a line of its own. There
 * is no RouterOS to run it here: what it knows of the language comes from MikroTik's manual.
 *
 * @throws for any other line
 */
export function readRouterScript(text: string): RouterStep[] {
  let menu = '';
  const steps: RouterStep[] = [];
  for (const line of text.split('\n').filter((each) => each !== '' && !each.startsWith('#'))) {
    const entered = menuPattern.exec(line);
    if (entered === null) steps.push(readStatement(line, menu));
    else menu = entered[1] ?? '';
  }
  return steps;
}

function readStatement(line: string, menu: string): RouterStep {
  const [, emptied] = emptyPattern.exec(line) ?? [];
  if (emptied !== undefined) return { does: 'empty', menu, list: emptied };
  const [, list, address = '', ...time] = addPattern.exec(line) ?? [];
  if (list !== undefined) return { does: 'add', menu, list, address, timeoutSeconds: secondsOf(time.map(Number)) };
  const [, logged] = logPattern.exec(line) ?? [];
  if (logged !== undefined) return { does: 'log', text: logged };
  throw new Error(`not a statement that is known here: ${line}`);
}

function secondsOf([days = 0, hours = 0, minutes = 0, seconds = 0]: readonly number[]): number {
  if (hours > 23 || minutes > 59 || seconds > 59) throw new Error('not a time as RouterOS writes it');
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}
