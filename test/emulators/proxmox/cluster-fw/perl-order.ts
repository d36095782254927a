/** The order in which Perl sorts a hash's keys: by code unit, not by language. */
export function comparePerl(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
