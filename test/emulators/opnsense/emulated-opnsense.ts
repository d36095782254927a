import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readBody } from '../../../shared/host/read-body.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { type Certificates, makeCertificates } from '../../certificates.ts';
import { alias, reconfigure } from './alias.ts';
import { aliasUtil, UserError, type Workplace } from './alias-util.ts';
import { Configuration, type ConfiguredAlias } from './configuration.ts';
import { PfTables } from './pf-tables.ts';

/** What a request gets instead of its answer. `carried-out`: it took effect all the same. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly body: string }
  | { readonly kind: 'answer'; readonly body: string }
  | { readonly kind: 'connection-ends'; readonly isCarriedOut?: boolean }
  | { readonly kind: 'silent' }
  | { readonly kind: 'slow'; readonly delayMs: number };

export interface EmulatedOpnsenseOptions {
  /** For its certificate and its configuration. */
  readonly dir: string;
  /** One of before, in the same folder, whose certificate it goes on with. */
  readonly certificatesFrom?: EmulatedOpnsense;
  readonly port?: number;
  readonly version?: number;
  /** What the key may: both by default. */
  readonly privileges?: readonly ('alias' | 'alias_util')[];
  readonly aliases?: readonly (Partial<ConfiguredAlias> & { readonly name: string; readonly type: string })[];
}

type CertificateFiles = Pick<Certificates, 'certFile' | 'keyFile' | 'caFile'>;

export const emulatedKey = 'w86XNZob/8Oq8aC5r0kbNarNtdpoQU781fyoeaOBQsBwkXUt:XeD26XVrJ5ilAc/EmglCRC';

/**
 * The part of OPNsense's API that concerns aliases, with a state of its own: config.xml and the tables of pf. Read from
 * opnsense/core (AliasUtilController.php, AliasController.php, ApiControllerBase.php), never compared with a real one.
 */
export class EmulatedOpnsense {
  readonly workplace: Workplace;
  readonly url: string;
  readonly port: number;
  readonly certificates: CertificateFiles;
  readonly caFile: string;
  readonly caPem: string;
  readonly privileges: Set<string>;
  /** Keys and secrets that it knows. */
  readonly keys = new Set([emulatedKey]);
  /** `POST alias_util/add/blocklist`, in their order. */
  readonly calls: string[] = [];
  connections = 0;
  readonly #faults: { readonly fault: Fault; readonly path: RegExp }[] = [];
  readonly #close: () => Promise<void>;

  private constructor(
    workplace: Workplace,
    listening: {
      readonly port: number;
      readonly certificates: CertificateFiles;
      readonly caPem: string;
      readonly close: () => Promise<void>;
    },
    privileges: readonly string[],
  ) {
    this.workplace = workplace;
    this.port = listening.port;
    this.url = `https://127.0.0.1:${listening.port}`;
    this.certificates = listening.certificates;
    this.caFile = listening.certificates.caFile;
    this.caPem = listening.caPem;
    this.privileges = new Set(privileges);
    this.#close = listening.close;
  }

  static async start(options: EmulatedOpnsenseOptions): Promise<EmulatedOpnsense> {
    const { dir, version = 26.1, privileges = ['alias', 'alias_util'], aliases = [] } = options;
    await mkdir(dir, { recursive: true });
    const { certFile, keyFile, caFile } =
      options.certificatesFrom?.certificates ?? (await makeCertificates(join(dir, 'tls')));
    const workplace = { configuration: new Configuration(dir), pf: new PfTables(), version };
    const server = createServer({ cert: await readFile(certFile), key: await readFile(keyFile) });
    await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const close = async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    const caPem = await readFile(caFile, 'utf8');
    const emulated = new EmulatedOpnsense(
      workplace,
      { port, certificates: { certFile, keyFile, caFile }, caPem, close },
      privileges,
    );
    for (const each of aliases) emulated.configure(each);
    server.on('secureConnection', () => {
      emulated.connections += 1;
    });
    server.on('request', (request, response) => void emulated.#serve(request, response));
    return emulated;
  }

  /** Makes or changes an alias as its administrator would. */
  configure(alias: Partial<ConfiguredAlias> & { readonly name: string; readonly type: string }): void {
    const { aliases } = this.workplace.configuration;
    const [uuid] = [...aliases].find(([, { name }]) => name === alias.name) ?? [randomUUID()];
    aliases.set(uuid, { enabled: '1', content: '', description: '', ...alias });
    reconfigure(this.workplace);
  }

  /** Changes the content, which pf does not know yet. */
  configureOnly(name: string, content: string): void {
    const alias = this.workplace.configuration.byName(name);
    if (alias !== undefined) alias.content = content;
  }

  descriptionOf(name: string): string | undefined {
    return this.workplace.configuration.byName(name)?.description;
  }

  /** Changes the description, as its administrator would. */
  describe(name: string, description: string): void {
    const alias = this.workplace.configuration.byName(name);
    if (alias !== undefined) alias.description = description;
  }

  /** What pf holds in a table, sorted. */
  table(name: string): readonly string[] {
    return this.workplace.pf.show(name);
  }

  /** Takes an entry out of pf and out of the configuration, as its administrator would. */
  takeOut(name: string, spelling: string): void {
    const { configuration, pf } = this.workplace;
    const alias = configuration.byName(name);
    const spellings = [spelling, `${spelling}/32`, `${spelling}/128`];
    if (alias !== undefined)
      alias.content = this.contentOf(name)
        .filter((line) => !spellings.includes(line))
        .join('\n');
    pf.remove(name, spelling);
  }

  contentOf(name: string): readonly string[] {
    const content = this.workplace.configuration.byName(name)?.content ?? '';
    return content === '' ? [] : content.split('\n');
  }

  /** pf is empty, then filled from the configuration: external tables stay empty. */
  reboot(): void {
    this.workplace.pf.clear();
    reconfigure(this.workplace);
  }

  /** The next request whose path fits meets this. */
  next(fault: Fault, path = /./): void {
    this.#faults.push({ fault, path });
  }

  /** Ends every connection and stops listening. */
  close(): Promise<void> {
    return this.#close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace(/^\/api\/firewall\//, '');
    this.calls.push(`${request.method} ${path}`);
    const body = await readBody(request, 209_715_200).catch(() => '');
    const fault = this.#takeFault(path);
    if (fault?.kind === 'slow') await delay(fault.delayMs);
    const isCarriedOut =
      fault === undefined || fault.kind === 'slow' || ('isCarriedOut' in fault && fault.isCarriedOut);
    const { status, text } = isCarriedOut ? await this.#answer(request, path, body) : { status: 200, text: '' };
    if (fault === undefined || fault.kind === 'slow') return send(response, status, text);
    if (fault.kind === 'status') return send(response, fault.status, fault.body);
    if (fault.kind === 'answer') return send(response, 200, fault.body);
    if (fault.kind === 'connection-ends') request.socket.destroy();
  }

  #takeFault(path: string): Fault | undefined {
    const at = this.#faults.findIndex((each) => each.path.test(path));
    return at < 0 ? undefined : this.#faults.splice(at, 1)[0]?.fault;
  }

  async #answer(request: IncomingMessage, path: string, text: string): Promise<{ status: number; text: string }> {
    const refusal = this.#refuse(request, path);
    if (refusal !== undefined) return refusal;
    const body = bodyOf(request, text);
    // ApiControllerBase.php, parseJsonBodyData.
    if (body === undefined) return json(400, { message: 'Invalid JSON syntax', status: 400 });
    try {
      const answer = await this.#call(request, path, body);
      // The router.
      return answer === undefined ? json(404, { errorMessage: 'Endpoint not found' }) : escaped(json(200, answer));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return json(500, { errorMessage: error.message, errorTitle: 'Alias', errorLevel: 'error' });
    }
  }

  /** beforeExecuteRoute: key and secret first, then the privilege. */
  #refuse({ headers }: IncomingMessage, path: string): { status: number; text: string } | undefined {
    const given = Buffer.from((headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString();
    if (!this.keys.has(given)) return json(401, { status: 401, message: 'Authentication Failed' });
    if (this.privileges.has(path.split('/')[0] ?? '')) return undefined;
    return json(403, { status: 403, message: 'Forbidden' });
  }

  async #call({ method }: IncomingMessage, path: string, body: Body): Promise<unknown> {
    const [controller, action = '', ...rest] = path.split('/');
    const isRead = /^(?:list|aliases|get_)/.test(action);
    if (!isRead && method !== 'POST') return { status: 'failed' };
    if (controller === 'alias_util') return await aliasUtil(action, rest[0] ?? '', body, this.workplace);
    if (controller === 'alias') return await alias(action, rest, body, this.workplace);
    return undefined;
  }
}

type Body = Readonly<Record<string, unknown>>;

/** A body of any other type than these two, to the letter, is not read. Undefined: it is no JSON, and says that it is. */
function bodyOf({ headers, method }: IncomingMessage, text: string): Body | undefined {
  const isJson = ['application/json', 'application/json;charset=utf-8'].includes(headers['content-type'] ?? '');
  if (method !== 'POST' || !isJson) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function json(status: number, value: unknown): { status: number; text: string } {
  return { status, text: JSON.stringify(value) };
}

/** ApiControllerBase.php, afterExecuteRoute: htmlspecialchars with ENT_NOQUOTES over the whole. */
function escaped({ status, text }: { status: number; text: string }): { status: number; text: string } {
  return { status, text: text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;') };
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(text);
}
