import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { proxmoxApi } from 'proxmox-api';
import { commentFor } from '../../server/enforcers/proxmox/ipset-entries.ts';
import { addresses } from './networks.ts';
import type { ProxmoxAddress } from './proxmox-script.ts';

/** Fills the blacklist of a Proxmox one entry after the other, in one of two ways, and ends. */
export interface PostTask extends ProxmoxAddress {
  readonly way: 'kept connection' | 'proxmox-api';
  readonly count: number;
}

type Post = (cidr: string) => Promise<unknown>;

/** As long as the server's own. */
const comment = commentFor('k3x9', 'sshd host0');
/** pveproxy ends a connection after 100. */
const requestsPerConnection = 100;

const task = JSON.parse(process.argv[2] ?? '') as PostTask;
const post = task.way === 'proxmox-api' ? throughProxmoxApi(task) : overKeptConnection(task);
for (const cidr of addresses(task.count)) await post(cidr);
process.exit();

/** As its page of instructions says. */
function throughProxmoxApi({ host, port, token }: PostTask): Post {
  const [tokenID = '', tokenSecret = ''] = token.split('=');
  const api = proxmoxApi({ host, port, tokenID, tokenSecret });
  return (cidr) => api.cluster.firewall.ipset.$('blacklist').$post({ cidr, comment });
}

/** The least that a client can do: node:https on a connection that stays, whatever its headers say. */
function overKeptConnection({ host, port, caFile, token }: PostTask): Post {
  const ca = readFileSync(caFile);
  const path = '/api2/json/cluster/firewall/ipset/blacklist';
  const newAgent = (): Agent => new Agent({ keepAlive: true, maxSockets: 1, ca });
  let agent = newAgent();
  let sent = 0;
  return (cidr) =>
    new Promise((resolve, reject) => {
      if (sent > 0 && sent % requestsPerConnection === 0) agent = newAgent();
      sent += 1;
      const body = new URLSearchParams({ cidr, comment }).toString();
      const headers = {
        authorization: `PVEAPIToken=${token}`,
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': body.length,
      };
      const outgoing = request({ agent, host, port, path, method: 'POST', headers }, (incoming) => {
        outgoing.shouldKeepAlive = true;
        incoming.resume().on('end', resolve);
      });
      outgoing.on('error', reject).end(body);
    });
}
