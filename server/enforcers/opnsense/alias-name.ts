/** OPNsense's own rule (AliasNameField.php). */
const aliasPattern = /^[A-Za-z_][A-Za-z0-9_]{0,30}$/;
export const aliasForm = 'up to 31 of A-Z a-z 0-9 _, not beginning with a digit';
const builtIn: ReadonlySet<string> = new Set([
  'bogons',
  'bogonsv6',
  'sshlockout',
  'virusprot',
  'webConfiguratorlockout',
]);

export function isAliasName(text: string): boolean {
  return aliasPattern.test(text);
}

/** Whether OPNsense fills a table or alias of this name by itself. */
export function isBuiltIn(name: string): boolean {
  return builtIn.has(name) || name.startsWith('__');
}
