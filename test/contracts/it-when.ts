import { it } from 'node:test';

/** `it` for a test of what not every firewall is for: without it there is no such test. */
export function itWhen(applies: boolean): (name: string, test: () => Promise<void>) => void {
  return (name, test) => {
    if (applies) it(name, test);
  };
}
