import { showJail } from '../../../shared/jail-name.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import type { Answer } from '../ask.ts';

/** The objects of a list; none where there is no list. */
export function items(value: unknown): Answer[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** Empty for what is absent. */
export function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

/** Who reports something, as `sshd@web1, nginx@web2 (site=fra1)`. */
export function reporters(reports: unknown): string {
  return items(reports)
    .map(
      ({ jail, client, labels }) =>
        `${showJail(text(jail))}@${text(client)}${isObject(labels) ? ` (${pairs(labels)})` : ''}`,
    )
    .join(', ');
}

function pairs(labels: Readonly<Record<string, unknown>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${text(value)}`)
    .join(' ');
}
