import { parseNetwork } from '../../../shared/network.ts';

/** Node names, guest numbers and ipset names: nothing that a path or a query reads specially, and no `..`. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/;

/** One entry of an ipset. With nothing at the end it would be the ipset itself, and DELETE would take all of it. */
const entryTemplate = '/api2/json/cluster/firewall/ipset/*/*';

/**
 * Compares a path with the template it was made from: the same segments, and in the place of each `*` a value that stays
 * within its segment. The value of an entry call must be a network, with its slash escaped.
 *
 * @returns why the path must not be sent, or undefined when it may
 */
export function refusePath(path: string, template: string): string | undefined {
  const given = path.split('/');
  const expected = template.split('/');
  if (given.length !== expected.length) return `${path} is not of the form ${template}`;
  const wrong = given.find((segment, at) => !fitsSegment(segment, expected[at], at === given.length - 1, template));
  return wrong === undefined ? undefined : `${JSON.stringify(wrong)} may not stand in ${template}`;
}

function fitsSegment(segment: string, expected: string | undefined, isLast: boolean, template: string): boolean {
  if (expected !== '*') return segment === expected;
  if (template === entryTemplate && isLast) return parseNetwork(segment.replace('%2F', '/')) !== undefined;
  return namePattern.test(segment);
}
