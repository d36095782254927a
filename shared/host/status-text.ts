/** What `systemctl status` shows in one line. */
const mostCharacters = 500;

/** Puts what is wrong first, then what is; one line, cut where it is very long. */
export function statusText(wrong: readonly string[], right: readonly string[]): string {
  const text = [...wrong, right.join(', ')].filter((part) => part !== '').join('; ');
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, mostCharacters);
}
