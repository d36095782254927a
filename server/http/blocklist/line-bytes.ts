/** Room to begin with; more is made when it is needed. */
const roomBytes = 65_536;
/** Room that stays unused in what is kept, at most. */
const unusedShare = 0.2;

/** The digits that are reckoned with as an integer of 32 bits. */
const wordDigits = 9;
const wordMax = 10 ** wordDigits;
const zero = 0x30;

/**
 * Lines in the making, as the bytes that they become: a hundred thousand lines put together as strings take half as long again,
 * and leave tens of megabytes behind. For ASCII alone, as are networks and all names.
 */
export class LineBytes {
  #bytes = Buffer.allocUnsafeSlow(roomBytes);
  #length = 0;

  /** What comes in every line. */
  put(bytes: Uint8Array): void {
    const start = this.#extend(bytes.length);
    this.#bytes.set(bytes, start);
  }

  text(text: string): void {
    const { length } = text;
    const start = this.#extend(length);
    const bytes = this.#bytes;
    for (let at = 0; at < length; at += 1) bytes[start + at] = text.charCodeAt(at);
  }

  /** @param value whole, and not negative */
  number(value: number): void {
    if (value < wordMax) {
      this.digits(value, countDigits(value));
      return;
    }
    const head = Math.floor(value / wordMax);
    this.number(head);
    this.digits(value - head * wordMax, wordDigits);
  }

  /**
   * @param value whole, not negative and below 10^9
   * @param count how many digits are written, zeros at the front
   */
  digits(value: number, count: number): void {
    const start = this.#extend(count);
    const bytes = this.#bytes;
    let rest = value | 0;
    for (let at = start + count - 1; at >= start; at -= 1) {
      const tens = (rest / 10) | 0;
      bytes[at] = zero + rest - tens * 10;
      rest = tens;
    }
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written from a place on; good until more is written. */
  from(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#length);
  }

  /** Makes room for so many bytes in all, so that what is there moves once and not each time that room runs out. */
  reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const wider = Buffer.allocUnsafeSlow(bytes);
    this.#bytes.copy(wider, 0, 0, this.#length);
    this.#bytes = wider;
  }

  /** All of it, at the end. */
  end(): Buffer {
    const all = this.#bytes.subarray(0, this.#length);
    return all.length < this.#bytes.length * (1 - unusedShare) ? Buffer.from(all) : all;
  }

  /** Makes room for so many bytes more, and says where they begin. */
  #extend(by: number): number {
    const start = this.#length;
    const length = start + by;
    if (length > this.#bytes.length) this.reserve(2 * length);
    this.#length = length;
    return start;
  }
}

function countDigits(value: number): number {
  const whole = value | 0;
  let count = 1;
  for (let least = 10; least <= whole && count < wordDigits; least *= 10) count += 1;
  return count;
}
