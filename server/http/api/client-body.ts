import { ArgumentError } from '../../../shared/host/local-socket.ts';
import { quote } from '../../../shared/refusal.ts';

/** What is said of a client, in the words of the operator's command: lists with commas between their items. */
export interface ClientBody {
  readonly name?: string;
  readonly may?: string;
  readonly jails?: string;
  readonly follows?: string;
  readonly from?: string;
  readonly description?: string;
  readonly http?: boolean;
}

type Body = Readonly<Record<string, unknown>>;

/** Reads the body of a request about a client. What the values may be, the command knows. @throws ArgumentError */
export function readClientBody(body: Body, known: readonly string[]): ClientBody {
  const unknown = Object.keys(body).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new ArgumentError(`${quote(unknown)}: unknown; known are ${known.join(', ')}`);
  return {
    ...textIn(body, 'name'),
    ...textIn(body, 'description'),
    ...listIn(body, 'may'),
    ...listIn(body, 'jails'),
    ...listIn(body, 'follows'),
    ...listIn(body, 'from', 'any'),
    ...flagIn(body, 'http'),
  };
}

function textIn(body: Body, name: 'name' | 'description'): ClientBody {
  const value = body[name];
  if (value === undefined) return {};
  if (typeof value === 'string') return { [name]: value };
  throw new ArgumentError(`${name}: ${quote(value)} is not a text`);
}

/** @param none what an empty list means, where it means anything */
function listIn(body: Body, name: 'may' | 'jails' | 'follows' | 'from', none = ''): ClientBody {
  const value = body[name];
  if (value === undefined) return {};
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string' && !item.includes(','));
  if (!isList) throw new ArgumentError(`${name}: ${quote(value)} is not a list of texts without commas`);
  return { [name]: value.length === 0 ? none : value.join(',') };
}

function flagIn(body: Body, name: 'http'): ClientBody {
  const value = body[name];
  if (value === undefined) return {};
  if (typeof value === 'boolean') return { [name]: value };
  throw new ArgumentError(`${name}: ${quote(value)} is not true or false`);
}
