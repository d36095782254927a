import { plural } from '../../../shared/plural.ts';
import type { CertificateFacts } from '../facts/read-certificate.ts';
import type { Said } from './said.ts';

const dayMs = 86_400_000;
const expiryWarningDays = 14;
const renew = 'on Proxmox: pvecm updatecerts --force && systemctl restart fail2networkban-server';

type Read = Extract<CertificateFacts, { kind: 'read' }>;

/**
 * @param nowMs since the epoch
 * @param servedSha256 of what the running server shows; undefined when that is not known
 */
export function judgeCertificate(
  facts: CertificateFacts,
  nowMs: number,
  servedSha256: string | undefined,
): readonly Said[] {
  switch (facts.kind) {
    case 'none':
      return [plaintext];
    case 'unreadable':
      return [unreadable(facts.file, facts.reason)];
    case 'read':
      return [judgeKey(facts), judgeValidity(facts, nowMs), judgeHost(facts), judgeServed(facts, servedSha256)].filter(
        (finding) => finding !== undefined,
      );
  }
}

const plaintext: Said = {
  level: 'warning',
  code: 'plaintext',
  fact: 'the server speaks without TLS: plaintext = yes',
  consequence: 'whoever is on the network reads which addresses are banned; frames stay signed',
  command: ({ restart }) => `take plaintext out of [server], then: ${restart}`,
};

function unreadable(file: string, reason: string): Said {
  return {
    level: 'broken',
    code: 'certificate-unreadable',
    fact: `${file} cannot be used: ${reason}`,
    consequence: 'the server does not start',
    command: `ls -l ${file}; set certificate and certificate_key in [server]`,
  };
}

function judgeKey({ file, isOfKey }: Read): Said | undefined {
  if (isOfKey) return undefined;
  return {
    level: 'broken',
    code: 'certificate-of-other-key',
    fact: `the key is not that of the certificate ${file}`,
    consequence: 'the server does not start',
    command: 'set certificate and certificate_key in [server] to files that belong together',
  };
}

function judgeValidity({ file, validFromMs, validUntilMs }: Read, nowMs: number): Said | undefined {
  if (nowMs < validFromMs) return notYetValid(file, validFromMs);
  if (nowMs >= validUntilMs) return expired(file, validUntilMs);
  const days = Math.floor((validUntilMs - nowMs) / dayMs);
  return days < expiryWarningDays ? expiresSoon(file, validUntilMs, days) : undefined;
}

function notYetValid(file: string, validFromMs: number): Said {
  return {
    level: 'broken',
    code: 'certificate-not-yet-valid',
    fact: `${file} is valid from ${day(validFromMs)} on, which this host's clock says is to come`,
    consequence: 'hosts that check it do not connect',
    command: 'timedatectl status; if the clock is right, make the certificate anew',
  };
}

function expired(file: string, validUntilMs: number): Said {
  return {
    level: 'broken',
    code: 'certificate-expired',
    fact: `${file} expired on ${day(validUntilMs)}`,
    consequence: 'hosts that check it do not connect; their bans wait in their queues',
    command: renew,
  };
}

function expiresSoon(file: string, validUntilMs: number, days: number): Said {
  return {
    level: 'warning',
    code: 'certificate-expires-soon',
    fact: `${file} expires on ${day(validUntilMs)}, in ${plural(days, 'day')}`,
    consequence: 'from then on hosts that check it do not connect',
    command: renew,
  };
}

function judgeHost({ file, isForPublicHost, publicHost, names }: Read): Said | undefined {
  if (isForPublicHost) return undefined;
  return {
    level: 'warning',
    code: 'certificate-of-other-host',
    fact: `${file} is for ${names}, not for ${publicHost}, which enrolment lines name`,
    consequence: 'hosts that check names do not connect; those with a pinned certificate do',
    command: 'set public_host in [server] to one of those names',
  };
}

function judgeServed({ file, sha256 }: Read, servedSha256: string | undefined): Said | undefined {
  if (servedSha256 === undefined || servedSha256 === sha256) return undefined;
  return {
    level: 'warning',
    code: 'certificate-not-in-use',
    fact: `the running server shows another certificate than ${file}`,
    consequence: 'a renewed certificate has not been taken up: the old one will expire',
    command: ({ restart }) => restart,
  };
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
