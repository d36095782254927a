import { isObject, parseObject } from '../../shared/sealed-channel.ts';
import type { KeptDispute, KeptTime } from '../../shared/trusted-clock.ts';
import { emptyChecksum, withText } from '../ledger/integrity/checksum.ts';

/** With a checksum: one changed digit would be a jump that nothing disputes, and end every ban and whitelist entry for good. */
export function formatKeptTime(kept: KeptTime): string {
  return `${JSON.stringify({ ...kept, check: checksumOf(kept) })}\n`;
}

/** Undefined unless it is as {@link formatKeptTime} writes it. */
export function parseKeptTime(text: string): KeptTime | undefined {
  const { check, ...rest } = parseObject(text) ?? {};
  const kept = readKept(rest);
  return kept !== undefined && check === checksumOf(kept) ? kept : undefined;
}

function checksumOf({ time, boot, uptimeMs, dispute }: KeptTime): number {
  const { offsetMs, stoodMs, disputedMs } = dispute ?? {};
  return withText(emptyChecksum, JSON.stringify([time, boot, uptimeMs, offsetMs, stoodMs, disputedMs]));
}

function readKept({ time, boot, uptimeMs, dispute }: Readonly<Record<string, unknown>>): KeptTime | undefined {
  if (!isInstant(time) || !isInstant(uptimeMs)) return undefined;
  return { time, boot: typeof boot === 'string' ? boot : undefined, uptimeMs, dispute: readDispute(dispute) };
}

function readDispute(value: unknown): KeptDispute | undefined {
  if (!isObject(value)) return undefined;
  const { offsetMs, stoodMs, disputedMs } = value;
  if (typeof offsetMs !== 'number' || !isInstant(stoodMs) || !isInstant(disputedMs)) return undefined;
  return { offsetMs, stoodMs, disputedMs };
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
