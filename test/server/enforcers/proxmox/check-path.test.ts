import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusePath } from '../../../../server/enforcers/proxmox/check-path.ts';

const ipset = '/api2/json/cluster/firewall/ipset';

describe('refusePath', () => {
  for (const [path, template] of [
    ['/api2/json/version', '/api2/json/version'],
    [`${ipset}/blacklist`, `${ipset}/*`],
    [`${ipset}/blacklist/192.0.2.1`, `${ipset}/*/*`],
    [`${ipset}/blacklist/198.51.100.0%2F24`, `${ipset}/*/*`],
    [`${ipset}/blacklist/2001:DB8::A`, `${ipset}/*/*`],
    ['/api2/json/nodes/pve-1.example/firewall/options', '/api2/json/nodes/*/firewall/options'],
    ['/api2/json/nodes/pve/qemu/100/config', '/api2/json/nodes/*/qemu/*/config'],
  ] as const) {
    it(`lets ${path} through`, () => assert.equal(refusePath(path, template), undefined));
  }

  for (const [path, template] of [
    [`${ipset}/`, `${ipset}/*`],
    [`${ipset}/blacklist/`, `${ipset}/*/*`],
    [`${ipset}/blacklist/?force=1`, `${ipset}/*/*`],
    [`${ipset}/blacklist/192.0.2.1?digest=x`, `${ipset}/*/*`],
    [`${ipset}/blacklist/192.0.2.1#x`, `${ipset}/*/*`],
    [`${ipset}/blacklist/example`, `${ipset}/*/*`],
    [`${ipset}/blacklist/192.0.2.1%2F33`, `${ipset}/*/*`],
    [`${ipset}/blacklist/192.0.2.1\n`, `${ipset}/*/*`],
    [`${ipset}/blacklist/%2e%2e`, `${ipset}/*/*`],
    [`${ipset}/blacklist`, `${ipset}/*/*`],
    [`${ipset}/blacklist/192.0.2.0/24`, `${ipset}/*/*`],
    [`${ipset}/..`, `${ipset}/*`],
    [`${ipset}/black list`, `${ipset}/*`],
    [`${ipset}/blacklist%00`, `${ipset}/*`],
    ['/api2/json/nodes/../cluster', '/api2/json/nodes/*/cluster'],
    ['/api2/json/cluster/other', '/api2/json/cluster/firewall'],
  ] as const) {
    it(`refuses ${JSON.stringify(path)}`, () => assert.match(refusePath(path, template) ?? '', /./));
  }
});
