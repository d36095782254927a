import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { isObject } from '../../../shared/sealed-channel.ts';
import type { RunningServer } from '../running-server.ts';
import { askHttp, type HttpAnswer } from './ask-http.ts';

type Operation = Readonly<Record<string, unknown>>;

/** The OpenAPI document of a running server, to hold its answers to. */
export class OpenApiCheck {
  readonly document: Readonly<Record<string, unknown>>;
  readonly operations: ReadonlyMap<string, Operation>;
  /** `GET /url status` of each that was checked. */
  readonly seen = new Set<string>();
  readonly #ajv = new Ajv2020({ strict: false });
  readonly #validators = new Map<unknown, ValidateFunction>();

  private constructor(document: Readonly<Record<string, unknown>>) {
    this.document = document;
    this.operations = new Map(
      Object.entries(objectIn(document, 'paths')).flatMap(([url, methods]) =>
        Object.entries(isObject(methods) ? methods : {}).map(([method, operation]): [string, Operation] => [
          `${method.toUpperCase()} ${url}`,
          isObject(operation) ? operation : {},
        ]),
      ),
    );
  }

  static async of(server: RunningServer): Promise<OpenApiCheck> {
    const { json } = await askHttp(server, 'GET /api/v1/openapi.json');
    assert.ok(json);
    return new OpenApiCheck(json);
  }

  /** Fails unless status, type and body are those that the document declares. */
  check(operation: string, { status, headers, text, json }: HttpAnswer): void {
    const declared = objectIn(this.#operation(operation), 'responses')[String(status)];
    assert.ok(isObject(declared), `${operation}: ${status} is not declared: ${text}`);
    this.seen.add(`${operation} ${status}`);
    if (declared['content'] === undefined) return;
    const type = headers.get('content-type') ?? '';
    const content = objectIn(declared, 'content')[type];
    assert.ok(isObject(content), `${operation} ${status}: the type ${type} is not declared`);
    if (!/json/.test(type)) return;
    const validate = this.#validatorOf(content['schema']);
    assert.ok(validate(json), `${operation} ${status}: ${this.#ajv.errorsText(validate.errors)}: ${text}`);
  }

  #operation(name: string): Operation {
    const found = this.operations.get(name);
    if (found === undefined) return assert.fail(`${name} is not in the document`);
    return found;
  }

  #validatorOf(schema: unknown): ValidateFunction {
    const known = this.#validators.get(schema);
    if (known !== undefined) return known;
    const made = this.#ajv.compile(isObject(schema) ? schema : {});
    this.#validators.set(schema, made);
    return made;
  }
}

export function objectIn(object: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const value = object[name];
  assert.ok(isObject(value), `${name} is an object`);
  return value;
}
