import { closeCodes } from '../shared/close-code.ts';
import { hasCode } from '../shared/errors.ts';
import { quote } from '../shared/refusal.ts';
import { UplinkError } from './uplink-error.ts';

/** Codes of Node for a certificate that no authority vouches for, or for another name or time. */
const certificatePattern = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|ERR_TLS_CERT/;

/** What a failure of the socket means. */
export function convertFailure(cause: Error): UplinkError {
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (certificatePattern.test(code)) return new UplinkError('untrusted', cause.message, { cause });
  if (hasCode(cause, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')) return new UplinkError('not-believed', 'a frame too long');
  return new UplinkError('unreachable', cause.message === '' ? code : cause.message);
}

/** What the code and the text of a close mean. */
export function closeReason(code: number, text: string): UplinkError {
  if (code === closeCodes.unauthenticated) return new UplinkError('unauthenticated', 'client or key are not accepted');
  if (code === closeCodes.revoked) return new UplinkError('unauthenticated', 'the client or its key was revoked');
  return new UplinkError('closed', `the server closed with ${code}${text === '' ? '' : ` ${quote(text)}`}`);
}
