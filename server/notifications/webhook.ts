import { createHmac } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import { OutgoingCalls } from '../outgoing/outgoing-calls.ts';
import { OutgoingError } from '../outgoing/outgoing-error.ts';
import { type Batch, type Channel, DeliveryError } from './channel.ts';
import { eventsOf } from './events-of.ts';
import type { WebhookSettings } from './notification-settings.ts';

export interface WebhookOptions {
  readonly clock: Clock;
  /** How the server calls itself. */
  readonly serverName: string;
  readonly version: string;
}

/** For a whole request with its answer. */
const callMaxMs = 10_000;
/** Nothing of the answer but its status is used. */
const answerMaxBytes = 65_536;
/** The receiver has read this batch and will never want it. */
const rejecting: readonly number[] = [400, 413, 415, 422];

/** POSTs batches as JSON, signed with a secret that the receiver knows. Redirects are not followed. */
export function openWebhook(settings: WebhookSettings, options: WebhookOptions): Channel {
  const name = `webhook/${settings.name}`;
  const calls = new OutgoingCalls({
    endpoint: settings.endpoint,
    readHeaders: () => ({ 'user-agent': `fail2networkban/${options.version}` }),
    clock: options.clock,
    callMaxMs,
    bodyMaxBytes: answerMaxBytes,
  });
  return {
    name,
    close: () => calls.close(),
    send: async (batch, signal) => {
      try {
        const body = bodyOf(batch, options.serverName);
        const headers = headersOf(batch.id, body, { secret: settings.readSecret(), now: options.clock.now() });
        const { target } = settings;
        const { status } = await calls.call({ method: 'POST', target, headers, body, isRepeatable: true }, signal);
        refuseStatus(status);
      } catch (error) {
        throw error instanceof OutgoingError ? new DeliveryError('retry', describeError(error)) : error;
      }
    },
  };
}

function bodyOf({ id, events, dropped }: Batch, server: string): string {
  return JSON.stringify({ id, server, dropped, events: eventsOf(events) });
}

/** The signature covers time and body, so that a body which somebody recorded is of no use to him later. */
function headersOf(
  id: string,
  body: string,
  { secret, now }: { readonly secret: string; readonly now: number },
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1_000));
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`, 'utf8').digest('hex');
  return {
    'content-type': 'application/json',
    'x-fail2networkban-id': id,
    'x-fail2networkban-timestamp': timestamp,
    'x-fail2networkban-signature': `sha256=${signature}`,
  };
}

function refuseStatus(status: number): void {
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400)
    throw new DeliveryError(
      'retry',
      `it answers with a redirect (${status}), and none is followed: put the last address in url`,
    );
  const code = rejecting.includes(status) ? 'rejected' : 'retry';
  throw new DeliveryError(code, `it answers with the status ${status}`);
}
