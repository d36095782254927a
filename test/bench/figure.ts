import type { Place } from './place.ts';

/** What was measured, before it is judged. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Something comparable, measured in the same run. */
  readonly peer?: { readonly name: string; readonly value: number };
  /** How it was observed, where that is not plain. */
  readonly note?: string;
}

/** One row of the table. */
export interface Figure extends Measurement {
  /** Value by peer. */
  readonly ratio?: number;
  /** The bound in words. */
  readonly must: string;
  readonly isMet: boolean;
}

/** A group of rows that are measured together. */
export interface Bench {
  /** As `--only` takes it. */
  readonly name: string;
  /** What is started and written goes through the place, which clears it away. @throws when something is missing */
  readonly measure: (place: Place) => Promise<readonly Figure[]>;
}

export function atLeast(measurement: Measurement, least: number): Figure {
  const must = `≥ ${least.toLocaleString('en')}`;
  return { ...measurement, ...ratioOf(measurement), must, isMet: measurement.value >= least };
}

export function atMost(measurement: Measurement, most: number): Figure {
  const must = `≤ ${most.toLocaleString('en')}`;
  return { ...measurement, ...ratioOf(measurement), must, isMet: measurement.value <= most };
}

/** Holds a measurement to a share of its peer. */
export function atLeastOfPeer(measurement: Measurement, least: number): Figure {
  const { ratio = 0 } = ratioOf(measurement);
  return { ...measurement, ratio, must: `≥ ${least} of peer`, isMet: ratio >= least };
}

/** Holds a measurement to a multiple of its peer. */
export function atMostOfPeer(measurement: Measurement, most: number): Figure {
  const { ratio = Number.POSITIVE_INFINITY } = ratioOf(measurement);
  return { ...measurement, ratio, must: `≤ ${most} of peer`, isMet: ratio <= most };
}

function ratioOf({ value, peer }: Measurement): { readonly ratio?: number } {
  return peer === undefined ? {} : { ratio: value / peer.value };
}

/** The middle one; of an even count the lower of the two. @throws for none */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}
