import type { Method, Route } from './route.ts';

/** Where a request goes, with the texts of the parts of its path that stand in braces. */
export interface Found {
  readonly route: Route;
  readonly parts: ReadonlyMap<string, string>;
}

interface Pattern {
  readonly route: Route;
  readonly expression: RegExp;
  readonly names: readonly string[];
}

/** Finds routes by method and path. */
export class Router {
  readonly #patterns: readonly Pattern[];

  constructor(routes: readonly Route[]) {
    this.#patterns = routes.map(patternOf);
  }

  /** The route, or the methods that this path knows: none where there is nothing. HEAD asks as GET does. */
  find(method: string, path: string): Found | readonly Method[] {
    const fitting = this.#patterns.flatMap((pattern) => {
      const parts = partsOf(pattern, path);
      return parts === undefined ? [] : { route: pattern.route, parts };
    });
    const asked = method === 'HEAD' ? 'GET' : method;
    return fitting.find(({ route }) => route.method === asked) ?? fitting.map(({ route }) => route.method);
  }
}

/** Only the last part may hold slashes. */
function patternOf(route: Route): Pattern {
  const { url } = route;
  const source = url
    .replace(/[.]/g, '\\.')
    .replace(/\{[a-z]+\}$/, '(.+)')
    .replace(/\{[a-z]+\}/g, '([^/]+)');
  const names = Array.from(url.matchAll(/\{([a-z]+)\}/g), ([, name = '']) => name);
  return { route, expression: new RegExp(`^${source}$`), names };
}

/** Percent signs stand for what they encode; a path that is not UTF-8 fits nothing. */
function partsOf({ expression, names }: Pattern, path: string): Map<string, string> | undefined {
  const texts = expression.exec(path)?.slice(1).map(decode);
  if (texts === undefined || texts.includes(undefined)) return undefined;
  return new Map(names.map((name, index) => [name, texts[index] ?? '']));
}

function decode(word: string): string | undefined {
  try {
    return decodeURIComponent(word);
  } catch {
    return undefined;
  }
}
