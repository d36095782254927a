import { quote } from '../../../shared/refusal.ts';
import type { SectionReader } from '../../../shared/section-reader.ts';
import type { SettingsReader } from '../../../shared/settings-reader.ts';
import type { ConfiguredFiles } from '../../configured-files.ts';
import { namedSections } from '../../named-sections.ts';
import type { Endpoint } from '../../outgoing/endpoint.ts';
import { readEndpoint } from '../../outgoing/read-endpoint.ts';
import { readSecret } from '../../outgoing/read-secret.ts';
import type { DecisionFilter } from './read-decisions.ts';

/** A `[crowdsec NAME]` section. */
export interface CrowdsecSettings {
  readonly name: string;
  readonly endpoint: Endpoint;
  /**
   * The key of a bouncer, read anew each time.
   *
   * @throws OutgoingError `credential`
   */
  readonly readKey: () => string;
  readonly filter: DecisionFilter;
  /** Networks that are taken over. */
  readonly most: number;
  readonly pollSeconds: number;
}

const urlRules = {
  fallback: 'http://127.0.0.1:8080',
  ports: { https: 8080, http: 8080 },
  plain: 'http://127.0.0.1:8080',
};
const keyForm = { key: 'api_key', pattern: /^[\x21-\x7e]{1,256}$/, form: 'the key that cscli bouncers add printed' };

/** What this CrowdSec decides by itself, or its operator; not what it is handed from elsewhere, CAPI and lists. */
const localOrigins: readonly string[] = ['crowdsec', 'cscli', 'cscli-import', 'appsec', 'console'];
const anyOrigin = '*';
const originPattern = /^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}$/;
const scenarioPattern = /^[^\p{Cc}]{1,128}$/u;
/** Origins go into the request, and each scenario pattern is tried on each decision. */
const listMax = 100;
const defaultMost = 5_000;
/** As many as a Proxmox takes. */
const mostMax = 50_000;

/** @param reportsMax what the policy lets a client hold */
export function readCrowdsecSettings(
  reader: SettingsReader,
  files: ConfiguredFiles,
  reportsMax: number,
): readonly CrowdsecSettings[] {
  return Array.from(namedSections(reader, 'crowdsec'), ([name, section]) => {
    return {
      name,
      endpoint: readEndpoint(section, files, urlRules),
      readKey: readSecret(section, files, keyForm),
      filter: { origins: readOrigins(section), scenarios: readScenarios(section) },
      most: readMost(section, reportsMax),
      pollSeconds: section.duration('poll', 10, 1),
    };
  });
}

function readMost(section: SectionReader, reportsMax: number): number {
  const most = section.integer('most', Math.min(defaultMost, reportsMax), 1, mostMax);
  if (most > reportsMax) section.problem('most', `${most} is more than [policy] reports_per_client = ${reportsMax}`);
  return most;
}

function readOrigins(section: SectionReader): readonly string[] | undefined {
  const origins = readList(section, 'origins', localOrigins);
  if (origins.length === 1 && origins[0] === anyOrigin) return undefined;
  for (const origin of origins) {
    if (!originPattern.test(origin))
      section.problem(
        'origins',
        `${quote(origin)}: allowed are names as crowdsec, cscli, CAPI, lists; or * alone for all`,
      );
  }
  return origins;
}

function readScenarios(section: SectionReader): readonly string[] {
  const scenarios = readList(section, 'scenarios', ['*']);
  for (const scenario of scenarios) {
    if (!scenarioPattern.test(scenario))
      section.problem(
        'scenarios',
        `${quote(scenario)}: allowed are patterns of 1–128 characters, as crowdsecurity/ssh-*`,
      );
  }
  return scenarios;
}

function readList(section: SectionReader, key: string, fallback: readonly string[]): readonly string[] {
  const items = (section.optional(key) ?? '').split(',').map((item) => item.trim());
  const given = items.filter((item) => item !== '');
  if (given.length > listMax) section.problem(key, `${given.length} of them: at most ${listMax}`);
  return given.length === 0 ? fallback : given;
}
