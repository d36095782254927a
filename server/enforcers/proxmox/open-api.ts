import type { Proxmox } from 'proxmox-api';
import type { ProxmoxTransport } from './proxmox-transport.ts';

/**
 * The API as proxmox-api spells its paths and types, carried by our transport; its calls end with `signal`. Importing
 * proxmox-api takes 190 ms, so that is left to the first call: programs without a Proxmox need not spend it.
 */
export async function openApi(transport: ProxmoxTransport, signal: AbortSignal): Promise<Proxmox.Api> {
  const { proxmoxApi } = await import('proxmox-api');
  return proxmoxApi(transport.requestable(signal));
}
