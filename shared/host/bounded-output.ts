/** Bytes of a program's output that are kept. */
export const outputKeptMaxBytes = 4_096;

/** What a program prints: the beginning is kept, all of it is read, so that a talkative program is not held up. */
export class BoundedOutput {
  readonly #kept: Buffer[] = [];
  #bytes = 0;

  take(data: Buffer): void {
    const room = outputKeptMaxBytes - this.#bytes;
    if (room > 0) this.#kept.push(Buffer.from(data.subarray(0, room)));
    this.#bytes += data.length;
  }

  /** On one line, without control characters; says how much was left out. */
  get text(): string {
    const kept = Buffer.concat(this.#kept)
      .toString('utf8')
      .trim()
      .replaceAll(/[\s\p{Cc}]+/gu, ' ');
    const left = this.#bytes - outputKeptMaxBytes;
    return left > 0 ? `${kept} … and ${left} bytes more` : kept;
  }
}
