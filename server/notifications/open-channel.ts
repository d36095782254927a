import type { OpenedChannel } from './delivery.ts';
import type { NotificationSettings } from './notification-settings.ts';
import { openNotifyCommand } from './notify-command.ts';
import { openWebhook, type WebhookOptions } from './webhook.ts';

/** Makes a channel of its section. Nothing is sent before there is something to tell. */
export function openChannel(settings: NotificationSettings, options: WebhookOptions): OpenedChannel {
  const { filter } = settings;
  if (settings.kind === 'webhook') return { channel: openWebhook(settings, options), filter };
  return { channel: openNotifyCommand(settings, options), filter };
}
