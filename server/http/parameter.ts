import { durationAllowed, parseDuration } from '../../shared/duration.ts';
import { type Labels, labelsAllowed, parseLabels } from '../../shared/labels.ts';
import { limits } from '../../shared/limits.ts';
import { jailAlphabet, jailGlobPattern, jailPattern } from '../../shared/names.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';
import { quote } from '../../shared/refusal.ts';

/** JSON Schema, as far as the OpenAPI document needs it. */
export type Schema = Readonly<Record<string, unknown>>;

/** One argument of a path, a query or a body: how it is read, and how the OpenAPI document describes it. */
export interface Parameter<Value> {
  readonly name: string;
  readonly schema: Schema;
  readonly description: string;
  /** What is allowed, for the problem of a value that is not. */
  readonly allowed: string;
  /** Undefined: not allowed. */
  readonly read: (text: string) => Value | undefined;
  /** Its values are separated by commas. */
  readonly isList?: true;
}

/** Readers by the kind of value. */
export const parameter = {
  network(name: string, description: string): Parameter<Network> {
    return {
      name,
      description,
      schema: { type: 'string', examples: ['203.0.113.7', '2001:db8::/48'] },
      allowed: 'an IPv4 or IPv6 address or CIDR',
      read: parseNetwork,
    };
  },

  jail(name: string, description: string): Parameter<string> {
    return parameter.matching(name, description, jailPattern, jailAlphabet);
  },

  matching(name: string, description: string, pattern: RegExp, allowed: string): Parameter<string> {
    return {
      name,
      description,
      schema: { type: 'string', pattern: pattern.source },
      allowed,
      read: (text) => (pattern.test(text) ? text : undefined),
    };
  },

  anything(name: string, description: string): Parameter<string> {
    return { name, description, schema: { type: 'string' }, allowed: 'any text', read: (text) => text };
  },

  choice<const Choices extends readonly string[]>(
    name: string,
    description: string,
    choices: Choices,
  ): Parameter<Choices[number]> {
    return {
      name,
      description,
      schema: { type: 'string', enum: choices },
      allowed: choices.join(', '),
      read: (text) => choices.find((choice) => choice === text),
    };
  },

  integer(name: string, description: string, least: number, most: number): Parameter<number> {
    return {
      name,
      description,
      schema: { type: 'integer', minimum: least, maximum: most },
      allowed: `a whole number from ${least} to ${most}`,
      read: (text) => (/^[0-9]{1,15}$/.test(text) && inBounds(Number(text), least, most) ? Number(text) : undefined),
    };
  },

  /** Seconds, null for `permanent`. */
  timeToLive(name: string, description: string): Parameter<number | null> {
    return {
      name,
      description,
      schema: { type: 'string', examples: ['10m', 'permanent'] },
      allowed: `${durationAllowed}, up to 100 years, or permanent`,
      read: (text) => {
        if (text === 'permanent') return null;
        const seconds = parseDuration(text);
        return seconds !== undefined && inBounds(seconds, 1, limits.ttlMaxSeconds) ? seconds : undefined;
      },
    };
  },

  labels(name: string, description: string): Parameter<Labels> {
    return {
      name,
      description,
      schema: { type: 'string', examples: ['site=fra1,rack=7'] },
      allowed: labelsAllowed,
      read: parseLabels,
    };
  },

  /** Seconds. */
  duration(name: string, description: string): Parameter<number> {
    return {
      name,
      description,
      schema: { type: 'string', examples: ['10m'] },
      allowed: durationAllowed,
      read: parseDuration,
    };
  },

  /** Milliseconds since the epoch. */
  instant(name: string, description: string): Parameter<number> {
    return {
      name,
      description,
      schema: { type: 'string', examples: ['1767225600000', '2026-01-01T00:00:00Z'] },
      allowed: 'milliseconds since the epoch, or a time in UTC as 2026-01-31T08:05:00Z',
      read: readInstant,
    };
  },

  /** A pattern in which `*` stands for any characters. */
  glob(name: string, description: string): Parameter<string> {
    return parameter.matching(
      name,
      description,
      jailGlobPattern,
      'a name or a pattern as nginx-*, up to 64 characters',
    );
  },

  /** Of one label, `key=value`. */
  label(name: string, description: string): Parameter<readonly [key: string, value: string]> {
    return {
      name,
      description,
      schema: { type: 'string', examples: ['site=fra1'] },
      allowed: `one key=value; ${labelsAllowed}`,
      read: (text) => {
        const [first, ...others] = Object.entries(parseLabels(text) ?? {});
        return others.length === 0 ? first : undefined;
      },
    };
  },

  /** Present without a value, or `yes`. */
  flag(name: string, description: string): Parameter<boolean> {
    return {
      name,
      description,
      schema: { type: 'string', enum: ['', 'yes', 'no'] },
      allowed: 'yes, no, or no value, which is yes',
      read: (text) => (['', 'yes', 'no'].includes(text) ? text !== 'no' : undefined),
    };
  },
};

/** The arguments of one request, as text; {@link Arguments.findWrong} tells whether they are in order. */
export class Arguments {
  readonly #texts: ReadonlyMap<string, string>;

  constructor(texts: ReadonlyMap<string, string>) {
    this.#texts = texts;
  }

  /** Undefined: absent. */
  get<Value>({ name, read }: Parameter<Value>): Value | undefined {
    const text = this.#texts.get(name);
    return text === undefined ? undefined : read(text);
  }

  /** One that is a part of the path. @throws Error when the route has no such part, which is a fault of ours */
  need<Value>(parameter: Parameter<Value>): Value {
    const value = this.get(parameter);
    if (value === undefined) throw new Error(`the path has no ${parameter.name}`);
    return value;
  }

  /** The first that is unknown, unless that is no matter, or not allowed, with what would be. */
  findWrong(known: readonly Parameter<unknown>[], ignoresUnknown = false): string | undefined {
    for (const [name, text] of this.#texts) {
      const found = known.find((each) => each.name === name);
      if (found === undefined && ignoresUnknown) continue;
      if (found === undefined) return `${quote(name)}: unknown; ${namesOf(known)}`;
      if (found.read(text) === undefined) return `${name}: ${quote(text)}: allowed is ${found.allowed}`;
    }
    return undefined;
  }
}

function namesOf(known: readonly Parameter<unknown>[]): string {
  return known.length === 0 ? 'nothing is taken here' : `known are ${known.map(({ name }) => name).join(', ')}`;
}

const instantPattern = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,3})?Z$/;

function readInstant(text: string): number | undefined {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  const at = instantPattern.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

function inBounds(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
