/** Options of a firewall as far as a doctor looks at them; what is not given is not set. */
export interface EmulatedFirewallOptions {
  readonly enable?: boolean;
  /** Only nodes: whether proxmox-firewall (nftables) does the filtering. */
  readonly nftables?: boolean;
}

/** A node of the emulated cluster. */
export interface EmulatedNode {
  readonly name: string;
  /** 127.0.0.1 by default. */
  readonly ip?: string;
  /** The interface that has it, as `192.0.2.10/24`; the address alone by default, undefined for one that gets it by DHCP. */
  readonly cidr?: string | undefined;
  /** True by default. */
  readonly online?: boolean;
  readonly firewall?: EmulatedFirewallOptions;
  /** How far the node's clock is ahead of the real one; 0 by default. */
  readonly clockAheadMs?: number;
}

/** A guest of the emulated cluster. */
export interface EmulatedGuest {
  readonly vmid: number;
  readonly type: 'qemu' | 'lxc';
  readonly node: string;
  readonly name: string;
  /** True by default. */
  readonly running?: boolean;
  /** `net0`, `net1` … in order; `firewall` is the box that puts the NIC behind the firewall. */
  readonly networks: readonly { readonly firewall: boolean }[];
  readonly firewall?: EmulatedFirewallOptions;
}

/** What the emulated Proxmox runs. */
export interface EmulatedCluster {
  /** The cluster's name; undefined for a single node that never joined one. */
  readonly name?: string;
  /** The first is the one that answers. */
  readonly nodes: readonly EmulatedNode[];
  readonly guests: readonly EmulatedGuest[];
}

/** One node without guests and without a cluster. */
export const SINGLE_NODE: EmulatedCluster = { nodes: [{ name: 'pve1' }], guests: [] };
