/**
 * Whose an entry of a firewall is, as its comment says: `f2nb:k3x9 sshd web1`, or `f2nb sshd web1` of versions that named nobody. The
 * id is made by chance with the ledger, and goes with each copy of it.
 */
export type Mark =
  | { readonly kind: 'ledger'; readonly id: string }
  | { readonly kind: 'old'; readonly comment: string };

const ledgerPrefix = 'f2nb:';
/** The whole comment, as a ledger's entries carry it: one that merely begins so is the administrator's. */
const ledgerPattern = /^f2nb:([a-z0-9]{4})(?: [A-Za-z0-9._@+%~ -]*)?$/;

/** The mark that a comment carries; undefined for an administrator's. */
export function markIn(comment: string): Mark | undefined {
  const [, id] = ledgerPattern.exec(comment) ?? [];
  if (id !== undefined) return { kind: 'ledger', id };
  return isOldComment(comment) ? { kind: 'old', comment } : undefined;
}

/** How a mark stands in a comment: in its beginning, or the whole of an old one, which may be the administrator's own words. */
export function markText(mark: Mark): string {
  return mark.kind === 'old' ? mark.comment : `${ledgerPrefix}${mark.id}`;
}

/** The id of the ledger that a mark's text names; undefined for an old one. */
export function idInMark(text: string): string | undefined {
  return text.startsWith(ledgerPrefix) ? text.slice(ledgerPrefix.length) : undefined;
}

/** The old comments end here. */
const oldMaxCharacters = 40;
const oldPattern = /^f2nb ([A-Za-z0-9._@+-]+)(?: ([A-Za-z0-9._@+-]+))?$/;

/** Whether a version that named no ledger may have made this comment: `f2nb JAIL CLIENT`, or what the cut left of it. */
function isOldComment(comment: string): boolean {
  const [, , client] = oldPattern.exec(comment) ?? [];
  return client !== undefined || (oldPattern.test(comment) && isCut(comment));
}

/**
 * Whether an old comment names a client that is known: `f2nb was here` does not, unless there is a client `here`.
 *
 * @param isClient takes a name, and whether that is only how the name begins
 */
export function namesClient(comment: string, isClient: (name: string, isBeginning: boolean) => boolean): boolean {
  const [, , client] = oldPattern.exec(comment) ?? [];
  return client === undefined ? isCut(comment) : isClient(client, isCut(comment));
}

/** A blank at the very end was cut off too. */
function isCut(comment: string): boolean {
  return comment.length >= oldMaxCharacters - 1;
}

/** The ids in the marks of the entries that this ledger looks after: its own, and those of lost ledgers that it took over. */
export class OwnMarks {
  /** The one that new entries carry. */
  readonly own: string;
  readonly #ids: Set<string>;

  /** @param ids the own one first */
  constructor(ids: readonly string[]) {
    const [own] = ids;
    if (own === undefined) throw new Error('a ledger has a mark of its own');
    this.own = own;
    this.#ids = new Set(ids);
  }

  /** The own one first. */
  get all(): readonly string[] {
    return [...this.#ids];
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** From now on that ledger's entries are looked after like our own. */
  add(id: string): void {
    this.#ids.add(id);
  }
}
