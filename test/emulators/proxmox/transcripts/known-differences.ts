/** Records that the emulator does not answer identically, each with the reason. */
export const KNOWN_DIFFERENCES: ReadonlyMap<string, string> = new Map([
  [
    'trouble2: 1 MiB limit, this entry does not fit any more',
    "the text names the temporary file, which ends in the process id of the daemon: 50 there, the emulator's own here",
  ],
]);
