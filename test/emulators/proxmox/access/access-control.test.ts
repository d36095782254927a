import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AccessControl, type Caller, isAllowed, permissionsOf } from './access-control.ts';
import { DEFAULT_USERS } from './accounts.ts';

const access = new AccessControl(DEFAULT_USERS);

/** Token, path, privilege, whether it is there. */
const CASES: readonly (readonly [string, string, string, boolean])[] = [
  ['f2nb@pve!server', '/', 'Sys.Modify', true],
  ['f2nb@pve!server', '/', 'Sys.Audit', true],
  ['f2nb@pve!server', '/nodes/pve1', 'Sys.Modify', false],
  ['f2nb@pve!server', '/nodes/pve1', 'Sys.Audit', true],
  ['f2nb@pve!server', '/vms/100', 'VM.Audit', false],
  ['f2nb@pve!doctor', '/vms/100', 'VM.Audit', true],
  ['f2nb@pve!noprop', '/nodes', 'Sys.Audit', false],
  ['f2nb@pve!audit', '/', 'Sys.Modify', false],
  ['f2nb@pve!modify', '/', 'Sys.Audit', false],
  ['f2nb@pve!none', '/', 'Sys.Audit', false],
  ['f2nb@pve!fwonly', '/', 'Sys.Modify', false],
  ['f2nb@pve!fwonly', '/nodes/pve1', 'Sys.Modify', true],
  ['f2nb@pve!nosep', '/', 'Sys.Modify', true],
  ['weak@pve!sep', '/', 'Sys.Modify', false],
  ['root@pam!root', '/vms/100', 'VM.Config.Network', true],
];

describe('privileges', () => {
  for (const [id, path, privilege, expected] of CASES) {
    it(`${id} ${expected ? 'has' : 'has not'} ${privilege} on ${path}`, () => {
      assert.equal(isAllowed(callerOf(id), path, privilege), expected);
    });
  }

  it('are listed with 0 where they do not count below', () => {
    assert.deepEqual(permissionsOf(callerOf('f2nb@pve!server'), '/'), { '/': { 'Sys.Modify': 0, 'Sys.Audit': 1 } });
    assert.deepEqual(permissionsOf(callerOf('f2nb@pve!noprop')), { '/': { 'Sys.Modify': 0, 'Sys.Audit': 0 } });
    assert.deepEqual(permissionsOf(callerOf('f2nb@pve!none')), {});
  });

  it('of a deeper path replace those from above', () => {
    const acl = [
      { path: '/', privileges: ['Sys.Audit'], propagate: true },
      { path: '/vms', privileges: ['VM.Audit'], propagate: true },
    ];
    const control = new AccessControl([{ id: 'a@pve', acl, tokens: [{ name: 't', separated: false }] }]);
    const caller = control.authenticate(`PVEAPIToken=${control.tokenOf('a@pve!t')}`);
    assert(typeof caller !== 'string');
    assert.equal(isAllowed(caller, '/vms/100', 'VM.Audit'), true);
    assert.equal(isAllowed(caller, '/vms/100', 'Sys.Audit'), false);
  });
});

describe('authentication', () => {
  it('lets in the right secret of a token that is neither expired, revoked nor of a disabled user', () => {
    assert.equal(callerOf('f2nb@pve!none').id, 'f2nb@pve!none');
    for (const id of ['f2nb@pve!expired', 'off@pve!off']) {
      assert.equal(access.authenticate(`PVEAPIToken=${access.tokenOf(id)}`), 'Authentication failed!');
    }
  });

  it('tells a missing ticket from a wrong one', () => {
    assert.equal(access.authenticate(undefined), 'No ticket');
    assert.equal(access.authenticate(`Bearer ${access.tokenOf('f2nb@pve!ban')}`), 'No ticket');
    for (const token of ['f2nb@pve!ban=wrong', 'f2nb@pve!ban', 'f2nb@pve!nope=x', 'x@pve!ban=x', '']) {
      assert.equal(access.authenticate(`PVEAPIToken=${token}`), 'Authentication failed!', token);
    }
  });

  it('follows the removal of a token', () => {
    const control = new AccessControl(DEFAULT_USERS);
    const header = `PVEAPIToken=${control.tokenOf('f2nb@pve!ban')}`;
    control.revoked.add('f2nb@pve!ban');
    assert.equal(control.authenticate(header), 'Authentication failed!');
    control.revoked.delete('f2nb@pve!ban');
    assert.equal(typeof control.authenticate(header), 'object');
  });
});

function callerOf(id: string): Caller {
  const caller = access.authenticate(`PVEAPIToken=${access.tokenOf(id)}`);
  assert(typeof caller !== 'string', `${id}: ${String(caller)}`);
  return caller;
}
