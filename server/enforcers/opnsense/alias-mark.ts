import { markText } from '../ownership/ledger-mark.ts';

/** A ledger's mark among the words of a description. */
const markPattern = /(?<![A-Za-z0-9])f2nb:([a-z0-9]{4})(?![A-Za-z0-9])/g;

/** The ids of the ledgers that keep an alias, as its description says; none when it names nobody. */
export function keepersIn(description: string): readonly string[] {
  return Array.from(description.matchAll(markPattern), ([, id = '']) => id);
}

/** The first of them that is not ours: pf keeps no marks, so an alias is one ledger's or another's. */
export function otherKeeperIn(description: string, isOurs: (id: string) => boolean): string | undefined {
  return keepersIn(description).find((id) => !isOurs(id));
}

/** A description that names this ledger and no other, with all other words kept. */
export function withKeeper(description: string, id: string): string {
  const mark = markText({ kind: 'ledger', id });
  if (keepersIn(description).length > 0) return description.replaceAll(markPattern, mark);
  return description === '' ? mark : `${description} ${mark}`;
}
