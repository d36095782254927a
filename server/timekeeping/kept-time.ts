import { isObject, parseObject } from '../../shared/sealed-channel.ts';
import type { KeptDispute, KeptTime } from '../../shared/trusted-clock.ts';
import { emptyChecksum, withText } from '../ledger/integrity/checksum.ts';

/** The time as it lies in a file. */
export interface WrittenTime {
  readonly kept: KeptTime;
  /** Grows with each writing: of two files the higher one counts, for a time may also be an earlier one than before. */
  readonly revision: number;
}

/** With a checksum: one changed digit would be a jump that nothing disputes, and end every ban and whitelist entry for good. */
export function formatKeptTime(written: WrittenTime): string {
  const { kept, revision } = written;
  return `${JSON.stringify({ ...kept, revision, check: checksumOf(written) })}\n`;
}

/** Undefined unless it is as {@link formatKeptTime} writes it. */
export function parseKeptTime(text: string): WrittenTime | undefined {
  const { check, revision, ...rest } = parseObject(text) ?? {};
  const kept = readKept(rest);
  if (kept === undefined || !isInstant(revision)) return undefined;
  return check === checksumOf({ kept, revision }) ? { kept, revision } : undefined;
}

function checksumOf({ kept: { time, boot, uptimeMs, dispute }, revision }: WrittenTime): number {
  const { offsetMs, stoodMs, disputedMs } = dispute ?? {};
  return withText(emptyChecksum, JSON.stringify([time, boot, uptimeMs, offsetMs, stoodMs, disputedMs, revision]));
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
