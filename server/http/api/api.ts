import type { Clock } from '../../../shared/clock.ts';
import type { LocalVerb } from '../../../shared/host/local-socket.ts';
import type { Clients } from '../../clients.ts';
import type { EnforcementOfBans } from '../../enforcement.ts';
import type { Feed } from '../../feed/feed.ts';
import type { Intake } from '../../intake.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Policy } from '../../policy/policy.ts';
import type { PolicyChanges } from '../../policy/policy-changes.ts';
import type { Whitelist } from '../../policy/whitelist.ts';
import type { Protection } from '../../protection/protection.ts';
import type { Record } from '../../record.ts';
import type { Rescue } from '../../rescue/rescue.ts';
import type { StandingBans } from '../../standing-bans.ts';
import type { Teller } from '../../teller.ts';
import { blocklistRoutes } from '../blocklist/blocklist-routes.ts';
import { crowdsecFront, crowdsecRoutes } from '../crowdsec/crowdsec-routes.ts';
import type { Positions } from '../crowdsec/positions.ts';
import { onceKnown } from '../once-known.ts';
import type { Route } from '../route.ts';
import { banRoutes } from './ban-routes.ts';
import { clientRoutes } from './client-routes.ts';
import { frontRoutes } from './front-routes.ts';
import { listRoutes } from './list-routes.ts';
import { openApiRoute } from './openapi.ts';
import { serverRoutes } from './server-routes.ts';
import { whitelistRoutes } from './whitelist-routes.ts';

/** What the API is made of. */
export interface ApiParts {
  readonly intake: Intake;
  readonly record: Record;
  readonly rescue: Rescue;
  readonly teller: Teller;
  readonly ledger: Ledger;
  readonly standing: StandingBans;
  readonly whitelist: Whitelist;
  readonly policy: Policy;
  readonly policyChanges: PolicyChanges;
  readonly protection: Protection;
  readonly clients: Clients;
  readonly feed: Feed;
  readonly isPaused: () => boolean;
  readonly bouncers: Positions;
  readonly enforcement: EnforcementOfBans;
  readonly clock: Clock;
  /** Calls back once the events that have already arrived are handled. */
  readonly soon: (then: () => void) => void;
  readonly version: string;
  /** When this server started: what it says of states means nothing to one that started at another time. */
  readonly startedAt: number;
  /** Whether a ban may be made by nothing but a URL. */
  readonly urlBans: boolean;
  /** The operator's verbs, as a client that may operate uses them; history shows its name. */
  readonly verbsOf: (actor: string) => ReadonlyMap<string, LocalVerb>;
}

/** Everything that can be asked for by HTTP. */
export function apiRoutes(parts: ApiParts): readonly Route[] {
  const routes = [
    ...frontRoutes(parts),
    ...crowdsecFront,
    ...listRoutes(parts),
    ...banRoutes(parts),
    ...whitelistRoutes(parts),
    ...clientRoutes(parts),
    ...serverRoutes(parts),
    ...[...blocklistRoutes(parts), ...crowdsecRoutes(parts)].map((route) => onceKnown(route, parts.protection)),
  ];
  return [...routes, openApiRoute(parts.version, routes)];
}
