/** What is missing of what should be, and what should not be there, in a sentence; undefined when both are the same. */
export function differenceOf(found: readonly string[], wanted: readonly string[]): string | undefined {
  const [has, must] = [new Set(found), new Set(wanted)];
  const missing = wanted.filter((each) => !has.has(each));
  const extra = found.filter((each) => !must.has(each));
  if (missing.length + extra.length === 0) return undefined;
  return [...told('missing', missing), ...told('too much', extra)].join('; ');
}

function told(what: string, values: readonly string[]): string[] {
  return values.length === 0 ? [] : [`${values.length} ${what} (${values.slice(0, 3).join(', ')})`];
}
