import { httpLimits } from './http-limits.ts';

/** A long answer on its way to a reader. */
interface Unread {
  readonly client: string;
  readonly body: string | Buffer;
  readonly cut: () => void;
}

/**
 * The long answers that are not read yet. Bodies have a bound over all; one that several readers get counts once. Beyond it
 * whoever holds most gives way: his oldest answer is cut, so that nobody who does not read holds up who does.
 */
export class UnreadAnswers {
  /** Oldest first. */
  readonly #unread = new Set<Unread>();
  readonly #maxBytes: number;

  constructor(maxBytes: number = httpLimits.unreadMaxBytes) {
    this.#maxBytes = maxBytes;
  }

  /** Of all bodies, each once. */
  get bytes(): number {
    return bytesOf(this.#unread);
  }

  /** @param cut ends the answer's connection @returns to be called when the answer has left, or nobody takes it any more */
  hold(client: string, body: string | Buffer, cut: () => void): () => void {
    const unread = { client, body, cut };
    this.#unread.add(unread);
    while (this.#unread.size > 1 && this.bytes > this.#maxBytes) this.#giveWay(unread);
    return () => this.#unread.delete(unread);
  }

  /** One client's only answer stays where it came last, however long it is. */
  #giveWay(newest: Unread): void {
    const oldest = this.#ofLargest().find((each) => each !== newest) ?? this.#others(newest);
    if (oldest === undefined) return;
    this.#unread.delete(oldest);
    oldest.cut();
  }

  #others(newest: Unread): Unread | undefined {
    return [...this.#unread].find((each) => each !== newest);
  }

  /** Those of the client that holds most. */
  #ofLargest(): readonly Unread[] {
    const byClient = new Map<string, Unread[]>();
    for (const unread of this.#unread) byClient.set(unread.client, [...(byClient.get(unread.client) ?? []), unread]);
    let largest: readonly Unread[] = [];
    for (const each of byClient.values()) if (bytesOf(each) > bytesOf(largest)) largest = each;
    return largest;
  }
}

function bytesOf(all: Iterable<Unread>): number {
  let bytes = 0;
  for (const body of new Set([...all].map((each) => each.body))) bytes += body.length;
  return bytes;
}
