import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An alias as config.xml has it. */
export interface ConfiguredAlias {
  name: string;
  type: string;
  enabled: string;
  content: string;
  description: string;
}

/** The part of config.xml that holds aliases, in a real file, of which each save leaves a backup (Config.php, save and backup). */
export class Configuration {
  readonly #dir: string;
  readonly aliases = new Map<string, ConfiguredAlias>();
  /** How often it was written. */
  saves = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  byName(name: string): ConfiguredAlias | undefined {
    return [...this.aliases.values()].find((alias) => alias.name === name);
  }

  async save(): Promise<void> {
    this.saves += 1;
    const file = join(this.#dir, 'config.xml');
    await writeFile(file, [...this.aliases].map(([uuid, alias]) => toXml(uuid, alias)).join('\n'));
    await copyFile(file, join(this.#dir, `config-${this.saves % 60}.xml`));
  }
}

function toXml(uuid: string, { name, type, enabled, content, description }: ConfiguredAlias): string {
  const fields = Object.entries({ name, type, enabled, content, description });
  return `<alias uuid="${uuid}">${fields.map(([key, value]) => `<${key}>${value}</${key}>`).join('')}</alias>`;
}
