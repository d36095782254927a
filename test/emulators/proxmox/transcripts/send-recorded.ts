import type { EmulatedProxmox } from '../emulated-proxmox.ts';
import { type RawAnswer, requestOnce } from '../raw-client.ts';
import { restoreText } from './elided-text.ts';
import type { RecordedRequest } from './transcript.ts';

/** The address at which the recorded Proxmox was asked; it comes back in a redirect. */
const RECORDED_HOST = '127.0.0.1:18006';

/** Sends a recorded request, over a connection of its own. */
export async function sendRecorded(request: RecordedRequest, emulated: EmulatedProxmox): Promise<RawAnswer> {
  const { method, path, body, token, content_type: contentType, chunked, tls } = request;
  return await requestOnce(
    emulated,
    {
      method,
      path,
      headers: {
        Host: RECORDED_HOST,
        ...request.headers,
        ...(typeof contentType === 'string' ? { 'Content-Type': contentType } : {}),
      },
      ...(body === null ? {} : { body: restoreText(body) }),
      ...(token === null ? {} : { token: completeToken(token, emulated) }),
      ...(chunked === undefined ? {} : { chunked }),
    },
    tls,
  );
}

/** A record names a token by its id alone, unless it is about a wrong secret. */
function completeToken(token: string, emulated: EmulatedProxmox): string {
  return token.includes('=') ? token : emulated.tokenOf(token);
}
