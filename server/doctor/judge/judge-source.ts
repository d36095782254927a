import { formatDuration } from '../../../shared/duration.ts';
import type { Said } from '../../../shared/finding.ts';
import type { SourceFacts } from '../facts/read-running-server.ts';

/** Whether what another program decides gets here. */
export function judgeSource({ failure, leftOut, malformed }: SourceFacts): readonly Said[] {
  const said: Said[] = [];
  if (failure !== undefined) {
    said.push({
      level: 'broken',
      code: 'source-fails',
      fact: `has not answered the server for ${formatDuration(failure.forSeconds)}, at the last try: ${failure.reason}`,
      consequence: 'what it decided before stays until it ends; nothing new comes from there',
      command: failure.isDenied
        ? 'a key that it knows: cscli bouncers add fail2networkban; a certificate that is trusted: ca or pin'
        : 'on the host of its url: systemctl status crowdsec',
    });
  }
  if (leftOut > 0) {
    said.push({
      level: 'warning',
      code: 'decisions-left-out',
      fact: `left out: ${leftOut} of its networks, because there are more than most`,
      consequence: 'those are not blocked; who stays: decided there itself, then the newest',
      command: 'raise most in its section and restart, or name fewer origins or scenarios',
    });
  }
  if (malformed > 0) {
    said.push({
      level: 'warning',
      code: 'decisions-unreadable',
      fact: `left out: ${malformed} of its decisions, which cannot be read`,
      consequence: 'those are not blocked',
      command: 'cscli decisions list -o raw, on its host',
    });
  }
  return said;
}
