import type { EnforcerSettings } from '../enforcers/settings.ts';

/** Names of all sources of what must not be banned that these settings make. */
export function sourceNames(enforcers: readonly EnforcerSettings[]): readonly string[] {
  return [
    'server/addresses',
    'server/gateways',
    'server/resolvers',
    'server/public-host',
    ...enforcers.flatMap(namesOf),
  ];
}

function namesOf(settings: EnforcerSettings): readonly string[] {
  switch (settings.kind) {
    case 'proxmox':
      return [`proxmox/${settings.name}/nodes`, `proxmox/${settings.name}/management`];
    case 'opnsense':
      return [`opnsense/${settings.name}/address`];
    case 'dry-run':
      return [];
  }
}
