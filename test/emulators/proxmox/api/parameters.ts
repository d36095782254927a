import { ALIAS_PATTERN, addressProblem, NOT_AN_ADDRESS } from '../cluster-fw/address.ts';
import { parameterFailure } from './api-failure.ts';

/** What one parameter of a method may be (PVE::JSONSchema). */
export interface ParameterRule {
  readonly type: 'string' | 'boolean' | 'integer';
  readonly optional?: boolean;
  /** Has to match as a whole. */
  readonly pattern?: RegExp;
  readonly maxLength?: number;
  readonly allowed?: readonly string[];
  /** Says what is wrong with a value of this format. */
  readonly format?: (value: string) => string | undefined;
}

/** The parameters that a method takes, those in its path included. */
export type ParameterRules = Readonly<Record<string, ParameterRule>>;

/** Parameters that have passed: booleans are "1" and "0". */
export type Parameters = Readonly<Record<string, string>>;

/** Parameters as they came, from path, query and body together. */
export type GivenParameters = ReadonlyMap<string, unknown>;

const NAME = /^[A-Za-z][A-Za-z0-9\-_]+$/;

/** Optional text without limits, as comments are. */
export const COMMENT: ParameterRule = { type: 'string', optional: true };
/** An address, network or alias. */
export const CIDR: ParameterRule = { type: 'string', format: addressProblem };
/** An address or network, and no alias. */
export const ADDRESS: ParameterRule = {
  type: 'string',
  format: (value) => (ALIAS_PATTERN.test(value) ? NOT_AN_ADDRESS : addressProblem(value)),
};
/** The digest against changes made meanwhile. */
export const DIGEST: ParameterRule = { type: 'string', optional: true, maxLength: 64 };
/** The name of an ipset or alias (Firewall.pm:53). */
export const SECTION_NAME: ParameterRule = { type: 'string', pattern: NAME, maxLength: 64 };
/** The name of a security group. */
export const GROUP_NAME: ParameterRule = { type: 'string', pattern: NAME, maxLength: 18 };
/** A flag that may be left out. */
export const FLAG: ParameterRule = { type: 'boolean', optional: true };
/** A name in a path that only the handler judges, such as a node's. */
export const PATH_PART: ParameterRule = { type: 'string' };

/**
 * Checks parameters against a method's rules; all complaints come at once, one a parameter.
 *
 * @throws ApiFailure 400
 */
export function checkParameters(rules: ParameterRules, given: GivenParameters): Parameters {
  const errors: Record<string, string> = {};
  const checked: Record<string, string> = {};
  for (const name of given.keys()) {
    if (rules[name] === undefined) {
      errors[name] = 'property is not defined in schema and the schema does not allow additional properties';
    }
  }
  for (const [name, rule] of Object.entries(rules)) {
    const value = given.get(name) ?? undefined;
    const text = toText(value);
    const problem = value === undefined ? missing(rule) : valueProblem(rule, value, text);
    if (problem !== undefined) errors[name] = problem;
    else if (text !== undefined) checked[name] = text;
  }
  if (Object.keys(errors).length > 0) throw parameterFailure(errors);
  return checked;
}

function missing(rule: ParameterRule): string | undefined {
  return rule.optional === true ? undefined : 'property is missing and it is not optional';
}

/** The text of a value; undefined for lists and objects, which no parameter here may be. */
function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  return undefined;
}

function valueProblem(rule: ParameterRule, value: unknown, text: string | undefined): string | undefined {
  if (text === undefined) return `type check ('${rule.type}') failed - got ${Array.isArray(value) ? 'ARRAY' : 'HASH'}`;
  if (rule.type === 'boolean' && text !== '0' && text !== '1') return `type check ('boolean') failed - got '${text}'`;
  if (rule.type === 'integer' && !/^[+-]?\d+$/.test(text)) return `type check ('integer') failed - got '${text}'`;
  return textProblem(rule, text);
}

function textProblem({ format, pattern, maxLength, allowed }: ParameterRule, text: string): string | undefined {
  const complaint = format?.(text);
  if (complaint !== undefined) return `invalid format - ${complaint}\n`;
  if (pattern !== undefined && !pattern.test(text)) return 'value does not match the regex pattern';
  if (maxLength !== undefined && text.length > maxLength) return `value may only be ${maxLength} characters long`;
  if (allowed !== undefined && !allowed.includes(text)) {
    return `value '${text}' does not have a value in the enumeration '${allowed.join(', ')}'`;
  }
  return undefined;
}
