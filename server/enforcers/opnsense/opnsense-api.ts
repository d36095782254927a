import type { Clock } from '../../../shared/clock.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import type { Network } from '../../../shared/network.ts';
import { quote } from '../../../shared/refusal.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { parseAnswer } from '../../outgoing/answer-parts.ts';
import type { Endpoint } from '../../outgoing/endpoint.ts';
import { OutgoingCalls } from '../../outgoing/outgoing-calls.ts';
import { unreadableAnswer } from '../answer-error.ts';
import { toEnforcerError } from '../outgoing-enforcer-error.ts';
import { type Alias, type AliasType, aliasOf, rowsOf, totalOf, uuidOf } from './opnsense-answers.ts';
import { answerError, validationsOf } from './opnsense-errors.ts';

export interface OpnsenseApiOptions {
  readonly endpoint: Endpoint;
  /** `KEY:SECRET`. Asked for each new connection. @throws OutgoingError `credential` */
  readonly readKey: () => string;
  readonly clock: Clock;
  /** Of one call, headers and body together; {@link patienceMs} by default. */
  readonly callMaxMs?: number;
}

/** An alias that is to be made, without content. */
interface NewAlias {
  readonly name: string;
  readonly type: AliasType;
  readonly description: string;
}

/** Enough for a table of a million. */
const patienceMs = 35_000;
/** configd, behind the API, gives a reload of all rules up to two minutes; a large content is checked line by line. */
const reloadMaxMs = 120_000;
/** A million entries are about 40 MB, and rows carry counters. */
const bodyMaxBytes = 134_217_728;
/** A million rows have about as many. Unlimited, an answer could become gigabytes of empty objects. */
export const partsMax = 12_000_000;
/** More than pf holds with its greatest limit (10 M on large machines). */
const allRows = 100_000_000;

/**
 * The calls of OPNsense's API that concern aliases, one at a time. Its answers of 200 often tell of a failure inside; each is
 * looked at, and one that is not understood is none. All reject with an EnforcerError.
 */
export class OpnsenseApi {
  readonly #calls: OutgoingCalls;

  constructor({ endpoint, readKey, clock, callMaxMs = patienceMs }: OpnsenseApiOptions) {
    this.#calls = new OutgoingCalls({
      endpoint,
      readHeaders: () => ({ authorization: `Basic ${Buffer.from(readKey()).toString('base64')}` }),
      clock,
      callMaxMs,
      bodyMaxBytes,
    });
  }

  /** What pf holds in a table; nothing when there is no such table. */
  async list(alias: string, signal: AbortSignal): Promise<readonly string[]> {
    const path = `alias_util/list/${alias}`;
    const answer = await this.#post(path, { rowCount: -1, current: 1 }, signal);
    const rows = rowsOf(path, answer);
    const total = totalOf(answer);
    // Before 25.7 a count of -1 meant all but the last.
    if (total === undefined || rows.length === total) return rows;
    const again = await this.#post(path, { rowCount: allRows, current: 1 }, signal);
    const all = rowsOf(path, again);
    if (all.length === totalOf(again)) return all;
    throw unreadableAnswer(path, `${all.length} of ${totalOf(again)} entries came`);
  }

  /** The names of pf's tables. */
  async tables(signal: AbortSignal): Promise<readonly string[]> {
    const path = 'alias_util/aliases';
    const answer = await this.#get(path, signal);
    if (!Array.isArray(answer)) throw unreadableAnswer(path, 'the answer is not a list');
    return answer.filter((name: unknown) => typeof name === 'string');
  }

  /** Puts one network into the table. That OPNsense says "done" does not mean that pf took it. */
  async add(alias: string, network: Network, signal: AbortSignal): Promise<void> {
    const path = `alias_util/add/${alias}`;
    const answer = await this.#post(path, { address: network }, signal);
    if (statusOf(answer) === 'done') return;
    if (statusOf(answer) === 'not_an_address')
      throw new EnforcerError('rejected', `${path}: OPNsense does not take ${network} for an address`);
    throw notDone(path, answer);
  }

  /** Takes one entry out of the table. OPNsense says "done" also when it was not there. */
  async remove(alias: string, spelling: string, signal: AbortSignal): Promise<void> {
    await this.#mustBeDone(`alias_util/delete/${alias}`, { address: spelling }, signal);
  }

  /** Empties the table; what stands in the configuration comes back. */
  async flush(alias: string, signal: AbortSignal): Promise<void> {
    await this.#mustBeDone(`alias_util/flush/${alias}`, {}, signal);
  }

  /** The alias as it is configured; undefined when there is none of this name. */
  async find(name: string, signal: AbortSignal): Promise<Alias | undefined> {
    const uuid = uuidOf(name, await this.#get(`alias/get_alias_u_u_i_d/${name}`, signal));
    if (uuid === undefined) return undefined;
    const path = `alias/get_item/${uuid}`;
    const alias = aliasOf(uuid, await this.#get(path, signal));
    if (alias?.name !== name) throw unreadableAnswer(path, `the answer is not the alias ${name}`);
    return alias;
  }

  /** Makes an alias. It takes effect with {@link reconfigure}. */
  async create(made: NewAlias, signal: AbortSignal): Promise<void> {
    const alias = { enabled: '1', content: '', ...made };
    // Twice, it would find the name taken.
    await this.#mustBeSaved({ path: 'alias/add_item', body: { alias }, isRepeatable: false }, signal);
  }

  /** Replaces the whole content. When OPNsense does not take it, what was there stays. */
  async setContent({ uuid, name }: Alias, lines: readonly string[], signal: AbortSignal): Promise<void> {
    // Without the name, versions before 22 rename the alias to nothing.
    const body = { alias: { name, content: lines.join('\n') } };
    await this.#mustBeSaved({ path: `alias/set_item/${uuid}`, body, maxMs: reloadMaxMs }, signal);
  }

  /** Replaces the description, at most 255 characters, and nothing else. Needs no {@link reconfigure}. */
  async describe({ uuid, name }: Alias, description: string, signal: AbortSignal): Promise<void> {
    await this.#mustBeSaved({ path: `alias/set_item/${uuid}`, body: { alias: { name, description } } }, signal);
  }

  async toggle({ uuid }: Alias, isEnabled: boolean, signal: AbortSignal): Promise<void> {
    const path = `alias/toggle_item/${uuid}/${Number(isEnabled)}`;
    const answer = await this.#post(path, {}, signal);
    const wanted = isEnabled ? 'Enabled' : 'Disabled';
    if (!isObject(answer) || answer['result'] !== wanted) throw notDone(path, answer);
  }

  /** Loads what is configured into pf: all rules, then all aliases. */
  async reconfigure(signal: AbortSignal): Promise<void> {
    const path = 'alias/reconfigure';
    const answer = await this.#carry({ path, body: {}, maxMs: reloadMaxMs }, signal);
    if (statusOf(answer) !== 'ok') throw notDone(path, answer);
  }

  /** Ends the connection. */
  close(): void {
    this.#calls.close();
  }

  async #mustBeDone(path: string, body: object, signal: AbortSignal): Promise<void> {
    const answer = await this.#post(path, body, signal);
    if (statusOf(answer) !== 'done') throw notDone(path, answer);
  }

  async #mustBeSaved(call: Call, signal: AbortSignal): Promise<void> {
    const answer = await this.#carry(call, signal);
    if (isObject(answer) && answer['result'] === 'saved') return;
    if (!isObject(answer) || !isObject(answer['validations'])) throw notDone(call.path, answer);
    throw new EnforcerError('rejected', `${call.path}: OPNsense does not take it: ${validationsOf(answer)}`);
  }

  #get(path: string, signal: AbortSignal): Promise<unknown> {
    return this.#carry({ path }, signal);
  }

  #post(path: string, body: object, signal: AbortSignal): Promise<unknown> {
    return this.#carry({ path, body }, signal);
  }

  async #carry({ path, body, isRepeatable = true, maxMs }: Call, signal: AbortSignal): Promise<unknown> {
    const method = body === undefined ? 'GET' : 'POST';
    const target = `/api/firewall/${path}`;
    const name = `${method} ${target}`;
    const call = { method, target, isRepeatable, ...(maxMs === undefined ? {} : { maxMs }) };
    const sent = body === undefined ? call : { ...call, headers: jsonHeaders, body: JSON.stringify(body) };
    const answer = await this.#calls.call(sent, signal).catch((error: unknown) => {
      throw toEnforcerError(name, error);
    });
    if (answer.status !== 200) throw answerError(name, answer);
    return parsed(name, answer.body);
  }
}

/** What is asked: with a body it is a POST. */
interface Call {
  /** Behind `/api/firewall/`. */
  readonly path: string;
  readonly body?: object;
  readonly isRepeatable?: boolean;
  readonly maxMs?: number;
}

/** Exactly so: with another spelling of the type OPNsense does not read the body. */
const jsonHeaders = { 'content-type': 'application/json' };

function parsed(name: string, body: string): unknown {
  const answer = parseAnswer(body, partsMax);
  if (answer.kind === 'unreadable') throw unreadableAnswer(name, `the answer ${answer.why}`);
  return answer.value;
}

function statusOf(answer: unknown): unknown {
  return isObject(answer) ? answer['status'] : undefined;
}

function notDone(path: string, answer: unknown): EnforcerError {
  const said = isObject(answer) ? (answer['status_msg'] ?? answer['status'] ?? answer['result']) : undefined;
  return new EnforcerError(
    'retry',
    `${path}: OPNsense answers ${quote(typeof said === 'string' ? said : 'something else')}`,
  );
}
