import type { SubscribeFrame } from '../../shared/frames.ts';
import type { Change, Client } from '../ledger/ledger.ts';
import { type FeedSource, Follower, type SendFeed } from './follower.ts';
import { RecentChanges } from './recent-changes.ts';

/** The standing bans and their changes, pushed to every connection that subscribed. */
export class Feed {
  readonly #source: FeedSource;
  readonly #followers = new Set<Follower>();
  #restarts = 0;

  /**
   * @param source what followers are told from; its sequence number is where this feed begins
   * @param ledgerId tells one ledger from another
   */
  constructor(source: Omit<FeedSource, 'recent' | 'course'>, ledgerId: string) {
    // A ledger that comes from a backup gives its numbers again, and a policy may change between two starts.
    const startedAt = source.clock.now();
    const course = (): string => `${ledgerId} ${startedAt} ${this.#restarts}`;
    this.#source = { ...source, course, recent: new RecentChanges(source.standing.sequence) };
  }

  get size(): number {
    return this.#followers.size;
  }

  /** @returns ends the subscription */
  follow(client: Client, request: SubscribeFrame, send: SendFeed): () => void {
    const follower = new Follower(this.#source, client, request, send);
    this.#followers.add(follower);
    follower.pump();
    return () => {
      follower.end();
      this.#followers.delete(follower);
    };
  }

  /** Takes in what was committed; the standing bans know it already. */
  committed(changes: readonly Change[], first: number): void {
    this.#source.recent.add(changes, first, this.#source.mayBlock);
    if (first <= this.#source.standing.sequence) for (const follower of this.#followers) follower.pump();
  }

  /** What may be blocked has changed. */
  restart(): void {
    this.#restarts += 1;
    for (const follower of this.#followers) follower.restart();
  }
}
