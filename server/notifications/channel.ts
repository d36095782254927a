import type { Told } from './notice.ts';

/** What is told at once. Sent again, it is the same in every byte: whoever got it twice knows it by its id. */
export interface Batch {
  readonly id: string;
  readonly events: readonly BatchEvent[];
  /** Notices that were dropped since the batch before. */
  readonly dropped: number;
}

/** One of a batch, by which the receiver knows it again. */
export interface BatchEvent {
  readonly id: string;
  readonly told: Told;
}

/**
 * Why a batch did not arrive:
 * - `retry`: it may at the next try
 * - `rejected`: the receiver does not want this batch, and may want the next
 */
export class DeliveryError extends Error {
  readonly code: 'retry' | 'rejected';

  constructor(code: 'retry' | 'rejected', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DeliveryError';
    this.code = code;
  }
}

/** A way to tell others. */
export interface Channel {
  /** As `webhook/chat`. */
  readonly name: string;
  /** Called for one batch at a time. @throws DeliveryError */
  send(batch: Batch, signal: AbortSignal): Promise<void>;
  /** Ends what it keeps open. A later call opens it again. */
  close(): void;
}
