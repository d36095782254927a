/** @throws with what to do, when a test that needs root is run by somebody else */
export function assertRoot(why: string): void {
  if (process.getuid?.() === 0) return;
  throw new Error(`${why} needs root: run these tests as root, on a machine or in a container made for it`);
}
