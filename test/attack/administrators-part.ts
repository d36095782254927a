import type { EmulatedProxmox } from '../emulators/proxmox/emulated-proxmox.ts';
import type { Chance } from './chance.ts';

const comment = 'who asked for it, when, why, and whom to ask before it is taken out again: '.repeat(2);

/** What an administrator keeps in cluster.fw beside the blacklist: rules, aliases and other ipsets, edited by hand. */
export class AdministratorsPart {
  readonly #proxmox: EmulatedProxmox;
  readonly #chance: Chance;

  constructor(proxmox: EmulatedProxmox, chance: Chance) {
    this.#proxmox = proxmox;
    this.#chance = chance;
  }

  /** All of the file but the lines of the blacklist. */
  get bytes(): number {
    const text = this.#proxmox.readClusterFw() ?? '';
    return Buffer.byteLength(text) - Buffer.byteLength(blacklistIn(text));
  }

  /** Writes the file anew with so many bytes beside the blacklist, and that as it is. */
  resize(bytes: number): void {
    const blacklist = blacklistIn(this.#proxmox.readClusterFw() ?? '');
    const parts = { aliases: [''], others: [''], rules: [''] };
    let left = bytes - Buffer.byteLength(textOf(parts, ''));
    for (let at = 0; left > 0; at += 1) {
      const [which, line] = this.#line(at);
      // The last one to the byte, where there is room for a comment.
      const cut = line.slice(0, Math.max(40, left - 1));
      parts[which].push(`${cut}\n`);
      left -= Buffer.byteLength(cut) + 1;
    }
    this.#proxmox.writeClusterFw(textOf(parts, blacklist));
  }

  #line(at: number): [keyof Parts, string] {
    const address = `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`;
    switch (this.#chance.between(0, 2)) {
      case 0:
        return ['aliases', `alias-${at} ${address} # ${comment}`];
      case 1:
        return ['others', `${address} # ${comment}`];
      default:
        return ['rules', `IN ACCEPT -source ${address} -p tcp -dport 22 # ${comment}`];
    }
  }
}

interface Parts {
  readonly aliases: readonly string[];
  readonly others: readonly string[];
  readonly rules: readonly string[];
}

function textOf({ aliases, others, rules }: Parts, blacklist: string): string {
  const before = `[OPTIONS]\n\nenable: 1\n\n[ALIASES]\n\n${aliases.join('')}\n[IPSET allowed]\n\n${others.join('')}`;
  return `${before}\n[IPSET blacklist]\n\n${blacklist}\n[RULES]\n\n${rules.join('')}\n`;
}

/** The lines of the blacklist. */
function blacklistIn(text: string): string {
  const [, rest = ''] = text.split(/^\[IPSET blacklist\][^\n]*\n\n/m);
  const [lines = ''] = rest.split(/^\n/m);
  return lines;
}
