import { jsonAnswer, textAnswer } from '../answer.ts';
import type { Outcome, PublicRoute, Route } from '../route.ts';
import type { ApiParts } from './api.ts';
import { objectOf } from './schemas.ts';
import { urlBanRoute } from './url-bans.ts';

const front = (version: string): string => `fail2networkban ${version}

/api/v1/openapi.json   what can be asked for, and how
/api/v1/health         whether the server is alive
/api/v1/ready          whether it can record a ban
/blocklist.txt         what is to be blocked; also .json .csv .nft .ipset .rsc
Everything else needs a token: fail2networkban-server client add NAME --http
Hosts connect here by WebSocket: fail2networkban-server client add NAME
`;

const healthSchema = objectOf({ status: { const: 'ok' } });
const readySchema = objectOf({ status: { const: 'ready' } });

/** What anybody may ask. */
export function frontRoutes(parts: ApiParts): readonly Route[] {
  const { version, record, urlBans } = parts;
  const plain: PublicRoute = {
    method: 'GET',
    url: '/',
    summary: 'What is here, as plain text',
    access: 'anybody',
    handle: () => ({ answer: textAnswer(front(version)) }),
  };
  return [
    urlBans ? urlBanRoute(parts, plain) : { ...plain, withoutQuery: plain, ignoresUnknown: true, handle: refuseUrlBan },
    {
      method: 'GET',
      url: '/api/v1/health',
      summary: 'Whether the server is alive',
      access: 'anybody',
      gives: healthSchema,
      handle: () => ({ answer: jsonAnswer({ status: 'ok' }) }),
    },
    {
      method: 'GET',
      url: '/api/v1/ready',
      summary: 'Whether the server can record a ban: 503 while the ledger cannot be written',
      access: 'anybody',
      gives: readySchema,
      problems: ['ledger-unavailable'],
      handle: () =>
        record.state.kind === 'good'
          ? { answer: jsonAnswer({ status: 'ready' }) }
          : { problem: { code: 'ledger-unavailable', detail: 'the record cannot be written now' } },
    },
  ];
}

/** Whoever set a device up has to learn why it bans nothing. */
function refuseUrlBan(): Outcome {
  const detail = 'a ban by nothing but a URL is switched off; in server.ini: [http] url_bans = yes';
  return { problem: { code: 'bad-argument', detail } };
}
