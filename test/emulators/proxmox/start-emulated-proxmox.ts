import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { systemClock } from '../../../shared/clock.ts';
import { makeCertificates } from '../../certificates.ts';
import { AccessControl } from './access/access-control.ts';
import { DEFAULT_USERS, RECOMMENDED_TOKEN } from './access/accounts.ts';
import { ACCESS_METHODS } from './api/access-methods.ts';
import { makeClusterMethods } from './api/cluster-methods.ts';
import { SINGLE_NODE } from './api/emulated-cluster.ts';
import { FIREWALL_METHODS } from './api/firewall-methods.ts';
import { type Daemon, FrontDoor } from './api/front-door.ts';
import { IPSET_METHODS } from './api/ipset-methods.ts';
import { Router } from './api/router.ts';
import { RULE_METHODS } from './api/rule-methods.ts';
import { Conditions } from './behaviour/conditions.ts';
import { CostModel, MEASURED_COST, NO_COST } from './behaviour/cost-model.ts';
import { type Delays, REAL_DELAYS } from './behaviour/delays.ts';
import { Faults } from './behaviour/faults.ts';
import { FirewallLock } from './behaviour/firewall-lock.ts';
import { RequestLog } from './behaviour/request-log.ts';
import { ClusterFwFile } from './cluster-fw/cluster-fw-file.ts';
import type { EmulatedProxmox, EmulatedProxmoxOptions } from './emulated-proxmox.ts';
import { listenPlain, listenTls } from './http/listen.ts';
import { redirectToTls } from './http/redirect-to-tls.ts';
import { type ConnectionRules, serveConnection } from './http/serve-connection.ts';

/** Requests that the real server answers on one connection (pveproxy.pm keep_alive). */
const MAX_REQUESTS = 100;

/** What a running emulator consists of, its ports aside. */
interface Parts {
  readonly file: ClusterFwFile;
  readonly access: AccessControl;
  readonly log: RequestLog;
  readonly faults: Faults;
  readonly conditions: Conditions;
  readonly delays: Delays;
  readonly frontDoor: FrontDoor;
  readonly maxRequests: number;
  readonly startedAt: number;
}

/**
 * Starts a Proxmox VE API that keeps its state in a real `cluster.fw` and behaves, down to the reason phrases and the end
 * of connections, like pve-manager 9.2.11. The folder may be used again by a later start.
 *
 * @throws when the folder cannot be written or the port is taken
 */
export async function startEmulatedProxmox(options: EmulatedProxmoxOptions): Promise<EmulatedProxmox> {
  await mkdir(options.dir, { recursive: true });
  // With the cost model a handshake is to cost what the real one does, so the key is of Proxmox's kind.
  const keys = options.costModel === undefined || options.costModel === false ? 'ec' : 'rsa';
  const certificates = await makeCertificates(join(options.dir, 'tls'), { keys });
  const stop = new AbortController();
  const parts = assemble(options, stop.signal);
  if (options.clusterFw !== undefined) parts.file.writeText(options.clusterFw);
  const listeners = await listen(options, parts, certificates);
  const { file, access, log, faults, conditions } = parts;
  return {
    url: `https://127.0.0.1:${listeners.port}`,
    host: '127.0.0.1',
    port: listeners.port,
    plainUrl: listeners.plainPort === undefined ? undefined : `http://127.0.0.1:${listeners.plainPort}`,
    caFile: certificates.caFile,
    caPem: await readFile(certificates.caFile, 'utf8'),
    fingerprint256: certificates.fingerprint256,
    token: access.tokens.find((token) => token.startsWith(`${RECOMMENDED_TOKEN}=`)) ?? access.tokens[0] ?? '',
    tokens: access.tokens,
    tokenOf: (id) => access.tokenOf(id),
    revokedTokens: access.revoked,
    clusterFwFile: file.path,
    readClusterFw: () => file.readText(),
    writeClusterFw: (text) => file.writeText(text),
    grownTo: () => file.grownTo,
    entriesOf: (ipset) => file.read().ipsets.get(ipset)?.entries ?? [],
    log,
    faults,
    conditions,
    close: async () => {
      stop.abort();
      await listeners.close();
    },
  };
}

function assemble(options: EmulatedProxmoxOptions, signal: AbortSignal): Parts {
  const clock = systemClock;
  const delays = { ...REAL_DELAYS, ...options.delays };
  const file = new ClusterFwFile(options.dir);
  const access = new AccessControl(options.users ?? DEFAULT_USERS);
  const conditions = new Conditions();
  const faults = new Faults();
  const costModel = options.costModel ?? false;
  const cost = typeof costModel === 'object' ? costModel : costModel ? MEASURED_COST : NO_COST;
  const clusterMethods = makeClusterMethods(options.cluster ?? SINGLE_NODE, () => conditions.quorate);
  const frontDoor = new FrontDoor({
    access,
    router: new Router([...ACCESS_METHODS, ...IPSET_METHODS, ...FIREWALL_METHODS, ...RULE_METHODS, ...clusterMethods]),
    workplace: {
      file,
      lock: new FirewallLock(conditions, delays, clock, signal),
      cost: new CostModel(cost, clock, signal),
      clock,
    },
    conditions,
    faults,
    delays,
    clock,
    signal,
  });
  const maxRequests = options.maxRequestsPerConnection ?? MAX_REQUESTS;
  return {
    file,
    access,
    log: new RequestLog(),
    faults,
    conditions,
    delays,
    frontDoor,
    maxRequests,
    startedAt: clock.elapsed(),
  };
}

async function listen(
  options: EmulatedProxmoxOptions,
  parts: Parts,
  files: { readonly certFile: string; readonly keyFile: string },
): Promise<{ port: number; plainPort: number | undefined; close(): Promise<void> }> {
  const { log, delays } = parts;
  const identity = { cert: await readFile(files.certFile), key: await readFile(files.keyFile) };
  const tls = await listenTls(options.port ?? 0, identity, {
    onTls: (socket) => {
      log.countHandshake();
      serve(socket, 'pveproxy', parts);
    },
    onPlain: (socket) => void redirectToTls(socket, delays.idleMs),
    idleMs: delays.idleMs,
  });
  const plain =
    options.plainPort === undefined
      ? undefined
      : await listenPlain(options.plainPort, (socket) => serve(socket, 'pvedaemon', parts));
  return {
    port: tls.port,
    plainPort: plain?.port,
    close: async () => {
      await Promise.all([tls.close(), plain?.close()]);
    },
  };
}

/** Serves a connection and logs its requests. */
function serve(socket: Duplex, daemon: Daemon, { log, delays, frontDoor, maxRequests, startedAt }: Parts): void {
  const connection = log.countConnection();
  let readAt = 0;
  const rules: ConnectionRules = {
    idleMs: delays.idleMs,
    maxRequests,
    answer: (request) => {
      readAt = systemClock.elapsed();
      return frontDoor.answer(request, daemon);
    },
    answered: ({ head, ordinal }, status) =>
      log.add({
        method: head.method,
        path: head.target,
        status,
        connection,
        newConnection: ordinal === 1,
        atMs: readAt - startedAt,
        tookMs: systemClock.elapsed() - readAt,
      }),
  };
  socket.on('error', () => socket.destroy());
  void serveConnection(socket, rules);
}
