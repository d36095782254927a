import { clientAlphabet, clientPattern } from '../shared/names.ts';
import { quote } from '../shared/refusal.ts';
import type { SectionReader } from '../shared/section-reader.ts';
import type { SettingsReader } from '../shared/settings-reader.ts';

/**
 * The sections `[kind NAME]`, by name, in the file's order. Names stand in logs and in comments of firewalls, so they are held to
 * the alphabet of clients; what is wrong is reported to the reader.
 */
export function namedSections(reader: SettingsReader, kind: string): ReadonlyMap<string, SectionReader> {
  const sections = reader.named(kind);
  for (const [name, section] of sections) {
    if (!clientPattern.test(name)) section.problem(quote(name), `the name of a section is ${clientAlphabet}`);
  }
  return sections;
}
