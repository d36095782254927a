/** Longest path of a Unix socket on Linux, in bytes (unix(7)). Node cuts a longer one off without a word, and binds elsewhere. */
export const socketPathMaxBytes = 107;

/** @throws Error that names path, length and limit */
export function checkSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > socketPathMaxBytes)
    throw new Error(`${path}: has ${bytes} bytes, the path of a Unix socket may have ${socketPathMaxBytes}`);
}
