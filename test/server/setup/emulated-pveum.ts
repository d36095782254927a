/**
 * Does what Proxmox's `pveum` does for the commands that setup uses, with its state in a JSON file, checking as
 * pve-access-control 9 does (API2/Role.pm, User.pm, ACL.pm): `node emulated-pveum.js STATE WORD…`.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { PveumState } from './pveum-state.ts';

const [, , stateFile = '', ...words] = process.argv;
const state: PveumState = existsSync(stateFile)
  ? JSON.parse(readFileSync(stateFile, 'utf8'))
  : { roles: {}, users: {}, acl: [], log: [] };

type Options = Readonly<Record<string, string | undefined>>;
type Method = (positional: readonly string[], options: Options) => unknown;

const listing = ['output-format'];
const privileges = ['Sys.Audit', 'Sys.Modify', 'VM.Audit', 'VM.Config.Network'];

/** Words of a command, how many names follow, its options, what it does. */
const commands: readonly (readonly [string, number, readonly string[], Method])[] = [
  [
    'role list',
    0,
    listing,
    () => Object.entries(state.roles).map(([roleid, privs]) => ({ roleid, privs, special: 0 })),
  ],
  ['role add', 1, ['privs'], addRole],
  ['role modify', 1, ['privs', 'append'], ([role = ''], { privs }) => setRole(role, privs)],
  ['role delete', 1, [], ([role = '']) => delete state.roles[existing('role', role, state.roles)]],
  ['user list', 0, [...listing, 'full'], () => Object.keys(state.users).map((userid) => ({ userid, enable: 1 }))],
  ['user add', 1, ['comment', 'enable', 'expire'], addUser],
  ['user delete', 1, [], deleteUser],
  [
    'user token list',
    1,
    listing,
    ([user = '']) => tokensOf(user).map(([tokenid]) => ({ tokenid, privsep: 1, expire: 0 })),
  ],
  ['user token add', 2, [...listing, 'privsep', 'comment', 'expire'], addToken],
  ['user token remove', 2, listing, ([user = '', name = '']) => delete state.users[user]?.tokens[name]],
  ['acl list', 0, listing, () => state.acl],
  [
    'acl modify',
    1,
    ['users', 'tokens', 'groups', 'roles', 'propagate'],
    (path, options) => changeAcl(path, options, false),
  ],
  [
    'acl delete',
    1,
    ['users', 'tokens', 'groups', 'roles', 'propagate'],
    (path, options) => changeAcl(path, options, true),
  ],
];

function refuse(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(255);
}

function existing(kind: string, name: string, known: Readonly<Record<string, unknown>>): string {
  if (!Object.hasOwn(known, name)) refuse(`${kind} '${name}' does not exist`);
  return name;
}

function addRole([role = '']: readonly string[], { privs }: Options): void {
  if (/^PVE/i.test(role))
    refuse(
      "400 Parameter verification failed.\nroleid: cannot use role ID starting with the (case-insensitive) 'PVE' namespace",
    );
  if (Object.hasOwn(state.roles, role)) refuse(`create role failed: role '${role}' already exists`);
  state.roles[role] = '';
  setRole(role, privs);
}

function setRole(role: string, privs = ''): void {
  existing('role', role, state.roles);
  const wrong = privs.split(',').find((name) => !privileges.includes(name));
  if (wrong !== undefined) refuse(`400 Parameter verification failed.\nprivs: invalid privilege '${wrong}'`);
  state.roles[role] = privs;
}

function addUser([user = '']: readonly string[]): void {
  if (!/^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+$/.test(user))
    refuse('400 Parameter verification failed.\nuserid: value does not look like a valid user name');
  if (Object.hasOwn(state.users, user)) refuse(`create user failed: user '${user}' already exists`);
  state.users[user] = { tokens: {} };
}

function deleteUser([user = '']: readonly string[]): void {
  delete state.users[existing('user', user, state.users)];
  state.acl = state.acl.filter(({ ugid }) => ugid !== user);
}

function tokensOf(user: string): [string, string][] {
  existing('user', user, state.users);
  return Object.entries(state.users[user]?.tokens ?? {});
}

function addToken([user = '', name = '']: readonly string[], { privsep = '1' }: Options): unknown {
  if (tokensOf(user).some(([other]) => other === name))
    refuse('400 Parameter verification failed.\ntokenid: Token already exists.');
  const value = randomUUID();
  const tokens = state.users[user]?.tokens;
  if (tokens !== undefined) tokens[name] = value;
  return { 'full-tokenid': `${user}!${name}`, info: { privsep }, value };
}

function changeAcl([path = '']: readonly string[], options: Options, isDeletion: boolean): void {
  const { users, tokens, groups, roles, propagate = '1' } = options;
  if (roles === undefined) refuse('400 not enough arguments\nroles: property is missing and it is not optional');
  if (users === undefined && tokens === undefined && groups === undefined)
    refuse("400 Parameter verification failed.\nusers: either 'users', 'groups' or 'tokens' is required.");
  if (propagate !== '0' && propagate !== '1')
    refuse("400 Parameter verification failed.\npropagate: type check ('boolean') failed");
  existing('role', roles, state.roles);
  if (users !== undefined) existing('user', users, state.users);
  if (tokens !== undefined) existing('token', tokens, allTokens());
  const entry = {
    path,
    type: users === undefined ? 'token' : 'user',
    ugid: users ?? tokens ?? '',
    roleid: roles,
  } as const;
  state.acl = state.acl.filter(
    (other) => !(other.path === path && other.ugid === entry.ugid && other.roleid === roles),
  );
  if (!isDeletion) state.acl.push({ ...entry, propagate: Number(propagate) });
}

function allTokens(): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.keys(state.users).flatMap((user) => tokensOf(user).map(([name, secret]) => [`${user}!${name}`, secret])),
  );
}

const command = commands.find(([name]) => words.slice(0, name.split(' ').length).join(' ') === name);
if (command === undefined) refuse(`ERROR: unknown command 'pveum ${words.join(' ')}'`);
const [name, names, allowed, method] = command;
const given = readArguments(words.slice(name.split(' ').length), allowed);
if (given.positionals.length !== names)
  refuse(`400 ${given.positionals.length < names ? 'not enough' : 'too many'} arguments`);
const result = method(given.positionals, given.values);
state.log.push(words.join(' '));
writeFileSync(stateFile, JSON.stringify(state));
if (allowed.includes('output-format'))
  process.stdout.write(given.values['output-format'] === 'json' ? JSON.stringify(result ?? null) : '│ a table │');

function readArguments(
  args: readonly string[],
  options: readonly string[],
): { values: Options; positionals: string[] } {
  try {
    const known = Object.fromEntries(options.map((option) => [option, { type: 'string' } as const]));
    const { values, positionals } = parseArgs({ args: [...args], options: known, allowPositionals: true });
    return {
      values: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)])),
      positionals,
    };
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message : error}\n400 unable to parse option`);
  }
}
