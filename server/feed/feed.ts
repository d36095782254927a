import type { SubscribeFrame } from '../../shared/frames.ts';
import type { Change, Client } from '../ledger/ledger.ts';
import { type FeedParts, Follower, type SendFeed } from './follower.ts';
import { RecentChanges } from './recent-changes.ts';
import { Turns } from './turns.ts';

export interface FeedOptions extends Omit<FeedParts, 'recent' | 'course' | 'turns'> {
  /** Tells one ledger from another. */
  readonly ledgerId: string;
  /** Calls back once the events that have already arrived are handled. */
  readonly soon: (then: () => void) => void;
}

/** The standing bans and their changes, pushed to every connection that subscribed. */
export class Feed {
  readonly #parts: FeedParts;
  readonly #followers = new Set<Follower>();
  #restarts = 0;

  /** The sequence number of the standing bans is where this feed begins. */
  constructor({ ledgerId, soon, ...parts }: FeedOptions) {
    // A ledger that comes from a backup gives its numbers again, and a policy may change between two starts.
    const startedAt = parts.clock.now();
    const course = (): string => `${ledgerId} ${startedAt} ${this.#restarts}`;
    const recent = new RecentChanges(parts.standing.sequence);
    this.#parts = { ...parts, course, recent, turns: new Turns(soon) };
  }

  /** For whoever follows without a connection that stays. */
  get recent(): RecentChanges {
    return this.#parts.recent;
  }

  get size(): number {
    return this.#followers.size;
  }

  /** @returns ends the subscription */
  follow(client: Client, request: SubscribeFrame, send: SendFeed): () => void {
    const follower = new Follower(this.#parts, client, request, send);
    this.#followers.add(follower);
    follower.pump();
    return () => {
      follower.end();
      this.#followers.delete(follower);
    };
  }

  /** Takes in what was committed; the standing bans know it already. */
  committed(changes: readonly Change[], first: number): void {
    this.#parts.recent.add(changes, first);
    if (first <= this.#parts.standing.sequence) for (const follower of this.#followers) follower.pump();
  }

  /** Tells what is next, where it was held up. */
  resume(): void {
    for (const follower of this.#followers) follower.pump();
  }

  /** What may be blocked has changed. */
  restart(): void {
    this.#restarts += 1;
    for (const follower of this.#followers) follower.restart();
  }
}
