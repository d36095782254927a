import assert from 'node:assert/strict';
import { type DnsName, parseDnsName } from '../../../shared/dns/dns-name.ts';

/** A DNS name. @throws when the text is none */
export function dnsName(text: string): DnsName {
  const name = parseDnsName(text);
  assert.ok(name, text);
  return name;
}
