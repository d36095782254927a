import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { keyTextAllowed } from '../shared/enrolment.ts';
import { describeFileError } from '../shared/errors.ts';
import { clientAlphabet, clientPattern } from '../shared/names.ts';
import type { SectionReader } from '../shared/section-reader.ts';
import { type Key, parseKey } from './key-text.ts';
import type { ServerAddress, Trust } from './server-address.ts';
import { parseVia, type Via, viaAllowed } from './via.ts';

/** Names of `[server NAME]` sections: they become names of files. */
export const serverNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;
export const serverNameAllowed = '1–32 of A-Z a-z 0-9 . _ -, beginning with a letter or digit';

/** A value that stands for one that was reported as wrong: reading goes on, and the reader throws at its end. */
const noKey: Key = { id: '', secret: Buffer.alloc(0) };

/** Reads a `[server NAME]` section with the files that it names; what is wrong is reported to the section's reader. */
export async function readServerAddress(config: string, name: string, section: SectionReader): Promise<ServerAddress> {
  if (!serverNamePattern.test(name)) section.problem('name', `allowed is ${serverNameAllowed}`);
  const url = readUrl(section);
  const client = section.required('client', 'the name of this host at the server');
  if (client !== '' && !clientPattern.test(client)) section.problem('client', `allowed is ${clientAlphabet}`);
  const via = await readWay(config, section);
  const key = await readKey(config, section);
  const trust = await readTrust(config, url, section);
  return { name, url, client, key, trust, ...(via === undefined ? {} : { via }) };
}

async function readWay(config: string, section: SectionReader): Promise<Via | undefined> {
  const text = section.optional('via');
  if (text === undefined) return undefined;
  const via = parseVia(text, dirname(config));
  if (via === undefined) section.problem('via', `${JSON.stringify(text)}: allowed is ${viaAllowed}`);
  else if ((await readText(via.identityFile, 'via', section)) !== undefined) {
    await checkMode(via.identityFile, 'via', section);
  }
  return via;
}

function readUrl(section: SectionReader): string {
  const url = section.required('url', 'wss://HOST:1514');
  if (url !== '' && !(URL.canParse(url) && /^wss?:\/\/[^/#][^#]*$/.test(url))) {
    section.problem(
      'url',
      `${JSON.stringify(url)}: allowed is wss://HOST:PORT, or ws://HOST:PORT with plaintext = yes`,
    );
  }
  return url;
}

async function readKey(config: string, section: SectionReader): Promise<Key> {
  const file = section.optional('key_file');
  const inline = section.optional('key');
  if ((file === undefined) === (inline === undefined)) {
    section.problem('key_file', 'give either key_file, the path of a file that holds the key, or key');
    return noKey;
  }
  const name = file === undefined ? 'key' : 'key_file';
  const path = file === undefined ? config : resolve(dirname(config), file);
  const text = inline ?? (await readText(path, name, section));
  if (text === undefined) return noKey;
  await checkMode(path, name, section);
  const key = parseKey(text);
  if (key === undefined) section.problem(name, `does not hold a key: allowed is ${keyTextAllowed}`);
  return key ?? noKey;
}

/** Who reads the key is this host, for the server. */
async function checkMode(path: string, name: string, section: SectionReader): Promise<void> {
  const mode = (await stat(path)).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  section.problem(name, `${path} has mode ${mode.toString(8).padStart(4, '0')}: allowed is 0600 (chmod 600 ${path})`);
}

async function readTrust(config: string, url: string, section: SectionReader): Promise<Trust> {
  const pin = section.pin('pin');
  const ca = section.optional('ca');
  const isPlain = url.startsWith('ws://');
  if (section.flag('plaintext', false) !== isPlain) {
    section.problem('plaintext', isPlain ? 'a ws:// url needs plaintext = yes' : 'yes is only for a ws:// url');
  }
  if (isPlain) return { kind: 'plaintext' };
  if (pin !== undefined && ca !== undefined) section.problem('pin', 'give either pin or ca');
  if (pin !== undefined) return { kind: 'pin', sha256: pin };
  if (ca === undefined || ca === 'system') return { kind: 'system-authorities' };
  return { kind: 'authority', pem: await readAuthority(resolve(dirname(config), ca), section) };
}

/** TLS takes what is no certificate for no authority at all, without a word. */
async function readAuthority(path: string, section: SectionReader): Promise<string> {
  const pem = await readText(path, 'ca', section);
  if (pem === undefined) return '';
  try {
    new X509Certificate(pem);
  } catch {
    section.problem('ca', `${path} does not hold a certificate in PEM form`);
  }
  return pem;
}

async function readText(path: string, name: string, section: SectionReader): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    section.problem(name, `${path} cannot be read: ${describeFileError(error)}`, error);
    return undefined;
  }
}
