import type { HeldBack } from '../protection/held-back.ts';
import type { ClientRoute } from './route.ts';

/**
 * The same route, which answers 503 until all is known that must not be banned: a list without the bans would have its readers
 * take everything off, and one with them might ban what must not be.
 */
export function onceKnown(route: ClientRoute, protection: { readonly unread: HeldBack | undefined }): ClientRoute {
  return {
    ...route,
    problems: [...new Set([...(route.problems ?? []), 'unavailable' as const])],
    handle: (request, client) => {
      const { unread } = protection;
      if (unread === undefined) return route.handle(request, client);
      return { problem: { code: 'unavailable', detail: unread.detail } };
    },
  };
}
