import { asRow, text } from '../cells.ts';
import type { Database, Statement } from '../database.ts';
import { digestOf } from './digests.ts';

/** By what a ledger is known: to its followers, and in the marks of its entries in firewalls. */
interface Identity {
  readonly id: string;
  /** Separated by commas, the own one first. */
  readonly marks: string;
}

/** Made by chance with the ledger. */
const idPattern = /^[0-9a-f]{16}$/;
/** Of a ledger, or of entries whose mark names none. */
const markPattern = /^(?:[a-z0-9]{4}|old)(?:,(?:[a-z0-9]{4}|old))*$/;

/** Without the letters and digits that are easily taken for others. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const oneOfThem = `substr('${alphabet}', 1 + abs(random() % ${alphabet.length}), 1)`;

/** SQL that makes an id, four of 31 characters: two servers of one cluster have the same once in 900,000. */
export const newMark = Array.from({ length: 4 }, () => oneOfThem).join(' || ');
const newId = 'lower(hex(randomblob(8)))';

/** Reads and writes id and marks. They stand twice, the second time with a checksum: without them nothing in a firewall is its own. */
export class IdentityRows {
  readonly #get: Statement;
  readonly #put: Statement;

  private constructor(get: Statement, put: Statement) {
    this.#get = get;
    this.#put = put;
  }

  static async prepare(database: Database): Promise<IdentityRows> {
    return new IdentityRows(
      await database.prepare('SELECT CAST(value AS BLOB) AS value FROM setting WHERE name = ?'),
      await database.prepare('INSERT OR REPLACE INTO setting VALUES (?, ?)'),
    );
  }

  /** Entries with this mark too belong to the ledger. Runs inside the caller's transaction. */
  adopt(mark: string): void {
    const { id, marks } = this.#written();
    this.put({ id, marks: `${marks},${mark}` });
  }

  put({ id, marks }: Identity): void {
    this.#put.run('id', id);
    this.#put.run('marks', marks);
    this.#put.run('identity', [id, marks, digestOf([], [id, marks])].join(' '));
  }

  /** Writes the second copy of what stands. */
  copy(): void {
    this.put(this.#written());
  }

  /** Both copies are as they were written. */
  get isWhole(): boolean {
    const [written, copy] = [this.#written(), this.#copied()];
    return copy?.id === written.id && copy.marks === written.marks;
  }

  /**
   * Mends what is damaged from the other copy, inside the caller's transaction. What is lost in both is made anew: entries with the
   * lost mark count as another ledger's until they are adopted.
   *
   * @returns what was found, one sentence
   */
  mend(fresh: Identity): string {
    const [written, copy] = [this.#written(), this.#copied()];
    if (copy !== undefined) {
      this.put(copy);
      return "the ledger's id or marks were not as they were written; their second copy stands again";
    }
    const isId = idPattern.test(written.id);
    const isMarks = markPattern.test(written.marks);
    this.put({ id: isId ? written.id : fresh.id, marks: isMarks ? written.marks : fresh.marks });
    const lost = [...(isId ? [] : ['id']), ...(isMarks ? [] : ['marks'])];
    if (lost.length === 0) return "the second copy of the ledger's id and marks was not as it was written";
    return `the ledger's ${lost.join(' and ')} cannot be read, and its new ones are other ones: its entries count as another ledger's`;
  }

  #written(): Identity {
    return { id: this.#read('id'), marks: this.#read('marks') };
  }

  #copied(): Identity | undefined {
    const [id = '', marks = '', digest] = this.#read('identity').split(' ');
    return digest === String(digestOf([], [id, marks])) ? { id, marks } : undefined;
  }

  #read(name: string): string {
    const found = this.#get.get(name);
    return found === undefined ? '' : text(asRow(found), 'value');
  }
}

/** One that no ledger has. */
export async function makeIdentity(database: Database): Promise<Identity> {
  const row = asRow((await database.prepare(`SELECT ${newId} AS id, ${newMark} AS marks`)).get());
  return { id: text(row, 'id'), marks: text(row, 'marks') };
}
