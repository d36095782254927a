import type { Proxmox } from 'proxmox-api';
import { objectOf, objectsOf, type Readable, readable, textOf } from './readable.ts';

/** A guest, and which of its network cards banned addresses still reach. */
export interface GuestFacts {
  readonly vmid: number;
  readonly name: string;
  readonly node: string;
  readonly isRunning: boolean;
  /** The cards without `firewall=1`, as `net0`. */
  readonly openCards: Readable<readonly string[]>;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The guests that the token may see; those it may not see are left out by Proxmox without a word.
 *
 * @throws EnforcerError
 */
export async function readGuests(api: Proxmox.Api): Promise<readonly GuestFacts[]> {
  const guests: GuestFacts[] = [];
  for (const item of objectsOf(await api.cluster.resources.$get({ type: 'vm' }), 'guests')) {
    if (item['template'] !== 1) guests.push(await readGuest(api, item));
  }
  return guests;
}

async function readGuest(api: Proxmox.Api, item: Fields): Promise<GuestFacts> {
  const vmid = Number(item['vmid']);
  const node = api.nodes.$(textOf(item['node']));
  const config = item['type'] === 'lxc' ? node.lxc.$(vmid).config : node.qemu.$(vmid).config;
  return {
    vmid,
    name: textOf(item['name']),
    node: textOf(item['node']),
    isRunning: item['status'] === 'running',
    openCards: await readable(async () => openCardsOf(objectOf(await config.$get(), `guest ${vmid}`))),
  };
}

/** A card is `net0: virtio=BC:24:…,bridge=vmbr0,firewall=1`. */
function openCardsOf(config: Fields): readonly string[] {
  return Object.keys(config)
    .filter((key) => /^net[0-9]+$/.test(key) && !/(?:^|,)firewall=1(?:,|$)/.test(textOf(config[key])))
    .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)));
}
