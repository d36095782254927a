/**
 * Splits an argument vector as it stands in a configuration. Blanks part words; between double quotes blanks belong to the
 * word, and two double quotes are one. Nothing else is special: no shell reads it.
 *
 * @returns undefined when a quote is not closed
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  // Runs of quoted parts and others, without a blank between: one word.
  for (const [run] of text.matchAll(/(?:"(?:[^"]|"")*"(?!")|[^\s"])+|"/g)) {
    if (run === '"') return undefined;
    words.push(run.replaceAll(/"((?:[^"]|"")*)"(?!")/g, (_, inside: string) => inside.replaceAll('""', '"')));
  }
  return words;
}
