/** Room for as many lines as have a turn; more is made when it is needed. */
const roomBytes = 1_048_576;

/** The digits that are reckoned with as an integer of 32 bits. */
const wordDigits = 9;
const wordMax = 10 ** wordDigits;
const zero = 0x30;

/**
 * Lines in the making, as the bytes that they become: a hundred thousand lines put together as strings take half as long again,
 * and leave tens of megabytes behind. For ASCII alone, as are networks and all names.
 */
export class LineBytes {
  #bytes = Buffer.allocUnsafe(roomBytes);
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

  /** What was written since the last time, in memory of its own. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  /** Makes room for so many bytes, and says where they begin. */
  #extend(by: number): number {
    const start = this.#length;
    this.#length = start + by;
    if (this.#length > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * this.#length);
    return start;
  }
}

function countDigits(value: number): number {
  const whole = value | 0;
  let count = 1;
  for (let least = 10; least <= whole && count < wordDigits; least *= 10) count += 1;
  return count;
}
