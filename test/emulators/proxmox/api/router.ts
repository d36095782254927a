import type { ApiMethod } from './api-method.ts';

/** A method and the parameters that the path gave it. */
export interface Route {
  readonly method: ApiMethod;
  readonly pathParameters: ReadonlyMap<string, string>;
}

/** A fixed part, or a parameter; the last part of a path may be one that takes all that follows. */
interface Part {
  readonly name: string;
  readonly kind: 'fixed' | 'parameter' | 'rest';
}

/** Finds methods by verb and path. Empty parts do not count: a path that ends in a slash is the one without it. */
export class Router {
  readonly #table: readonly { readonly method: ApiMethod; readonly parts: readonly Part[] }[];

  constructor(methods: readonly ApiMethod[]) {
    this.#table = methods.map((method) => ({ method, parts: method.path.split('/').map(parsePart) }));
  }

  /** The method for a decoded path without its leading slash; undefined when there is none. */
  find(verb: string, path: string): Route | undefined {
    const given = path.split('/').filter((part) => part !== '');
    for (const { method, parts } of this.#table) {
      const pathParameters = method.verb === verb ? match(parts, given) : undefined;
      if (pathParameters !== undefined) return { method, pathParameters };
    }
    return undefined;
  }
}

function parsePart(text: string): Part {
  const [, name, rest] = /^\{(\w+)(\.\.\.)?\}$/.exec(text) ?? [];
  if (name === undefined) return { name: text, kind: 'fixed' };
  return { name, kind: rest === undefined ? 'parameter' : 'rest' };
}

function match(parts: readonly Part[], given: readonly string[]): Map<string, string> | undefined {
  const takesRest = parts.at(-1)?.kind === 'rest';
  if (takesRest ? given.length < parts.length : given.length !== parts.length) return undefined;
  const parameters = new Map<string, string>();
  for (const [index, { name, kind }] of parts.entries()) {
    const part = given[index] ?? '';
    if (kind === 'fixed' && part !== name) return undefined;
    if (kind === 'parameter') parameters.set(name, part);
    if (kind === 'rest') parameters.set(name, given.slice(index).join('/'));
  }
  return parameters;
}
