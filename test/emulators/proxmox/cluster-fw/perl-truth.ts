/** Perl's truth, which decides whether a comment is there: neither empty nor "0". */
export function isTrue(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text !== '0';
}
