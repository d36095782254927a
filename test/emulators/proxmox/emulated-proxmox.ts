import type { EmulatedUser } from './access/accounts.ts';
import type { EmulatedCluster } from './api/emulated-cluster.ts';
import type { Conditions } from './behaviour/conditions.ts';
import type { Cost } from './behaviour/cost-model.ts';
import type { Delays } from './behaviour/delays.ts';
import type { Faults } from './behaviour/faults.ts';
import type { RequestLog } from './behaviour/request-log.ts';
import type { IpsetEntry } from './cluster-fw/cluster-fw.ts';

/** How an emulated Proxmox is started. */
export interface EmulatedProxmoxOptions {
  /** Folder for `cluster.fw` and the certificates; made when missing, never removed. */
  readonly dir: string;
  /** The TLS port on 127.0.0.1, pveproxy's 8006; 0, the default, takes a free one. */
  readonly port?: number;
  /** A plain HTTP port on 127.0.0.1 as pvedaemon's 85; none by default, 0 takes a free one. */
  readonly plainPort?: number;
  /** The text of cluster.fw to begin with; by default what is in the folder, if anything. */
  readonly clusterFw?: string;
  /** True for the measured cost of reads and writes, or one of your own; false, the default, for none. */
  readonly costModel?: boolean | Cost;
  /** Users and tokens; those of access/accounts.ts by default. */
  readonly users?: readonly EmulatedUser[];
  /** Nodes and guests; one node without guests by default. */
  readonly cluster?: EmulatedCluster;
  /** Waits to be shorter than the real ones. */
  readonly delays?: Partial<Delays>;
  /** Requests that a connection may carry; 100 by default. */
  readonly maxRequestsPerConnection?: number;
}

/** A running emulated Proxmox. */
export interface EmulatedProxmox {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:PORT` of the plain port, when there is one. */
  readonly plainUrl: string | undefined;
  /** PEM file of the authority that signed the server's certificate, and its text. */
  readonly caFile: string;
  readonly caPem: string;
  /** SHA-256 of the server's certificate: upper-case pairs with colons. */
  readonly fingerprint256: string;
  /** The token to use unless a test is about another: f2nb@pve!server, or the first when there is none of that name. */
  readonly token: string;
  /** All tokens, each `USER@REALM!TOKENID=SECRET`. */
  readonly tokens: readonly string[];
  /** One of them by its id `USER@REALM!TOKENID`; throws when there is none. */
  tokenOf(id: string): string;
  /** Tokens (`USER@REALM!TOKENID`) that count as removed; add and delete at any time. */
  readonly revokedTokens: Set<string>;
  /** The file that is the state. */
  readonly clusterFwFile: string;
  /** Its text; undefined when there is none. */
  readClusterFw(): string | undefined;
  /** Replaces it as an editor would; undefined removes it. */
  writeClusterFw(text: string | undefined): void;
  /** The largest size that a write through the API left it with, in bytes, of those that made it larger. */
  grownTo(): number;
  /** The entries of an ipset as Proxmox reads them from the file; empty when there is no such ipset. */
  entriesOf(ipset: string): readonly IpsetEntry[];
  /** What was asked, with counters. */
  readonly log: RequestLog;
  /** Misbehaviour of single requests. */
  readonly faults: Faults;
  /** Misbehaviour until it is set right. */
  readonly conditions: Conditions;
  /** Ends every connection and everything that still waits, and stops listening. */
  close(): Promise<void>;
}
