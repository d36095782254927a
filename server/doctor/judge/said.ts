import type { Said as PlainSaid } from '../../../shared/finding.ts';
import type { ServiceWords } from '../../../shared/host/supervisor.ts';

/** What is said of a subject; a command about the server's own service depends on what supervises it here. */
export type Said = Omit<PlainSaid, 'command'> & { readonly command?: string | ((service: ServiceWords) => string) };

/** A subject that was looked at. */
export interface Examined {
  readonly subject: string;
  readonly said: readonly Said[];
}

/** With the commands as they are typed on this host. */
export function spellOut({ command, ...said }: Said, words: ServiceWords): PlainSaid {
  if (command === undefined) return said;
  return { ...said, command: typeof command === 'string' ? command : command(words) };
}
