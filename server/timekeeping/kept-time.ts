import { isObject, parseObject } from '../../shared/sealed-channel.ts';
import type { KeptDispute, KeptTime } from '../../shared/trusted-clock.ts';

export function formatKeptTime(kept: KeptTime): string {
  return `${JSON.stringify(kept)}\n`;
}

/** Undefined unless it is as {@link formatKeptTime} writes it. */
export function parseKeptTime(text: string): KeptTime | undefined {
  const { time, boot, uptimeMs, dispute } = parseObject(text) ?? {};
  if (!isInstant(time) || !isInstant(uptimeMs)) return undefined;
  return { time, boot: typeof boot === 'string' ? boot : undefined, uptimeMs, dispute: readDispute(dispute) };
}

function readDispute(value: unknown): KeptDispute | undefined {
  if (!isObject(value)) return undefined;
  const { offsetMs, stoodMs } = value;
  return typeof offsetMs === 'number' && isInstant(stoodMs) ? { offsetMs, stoodMs } : undefined;
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
