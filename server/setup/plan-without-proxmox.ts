import { chmod, chown, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readIfPresent } from '../../shared/host/absent-file.ts';
import { type Command, formatCommand, type RunCommand } from '../../shared/host/command-runner.ts';
import type { Plan, Step } from '../../shared/host/setup-step.ts';
import { unitToEnable } from '../../shared/host/supervisor.ts';
import { serverService } from '../service.ts';
import type { CertificateFiles } from '../settings.ts';
import { isPresent, requireServiceUser, serviceUser, writeWhole } from './host-files.ts';
import { type FileHost, type Places, planGround } from './plan-files.ts';
import { plainConfiguration } from './server-ini.ts';

/** Beside what {@link FileHost} gives. */
export interface PlainHost extends FileHost {
  readonly hostname: string;
  /** `/etc/systemd/system`; undefined where no systemd runs. */
  readonly unitFolder: string | undefined;
}

/** Where the addition to the unit is, which asks for Proxmox's certificate. */
export function dropInFile(unitFolder: string): string {
  return join(unitFolder, `${serverService().name}.service.d`, 'without-proxmox.conf');
}

const dropInText = `# Made by fail2networkban-server setup --no-proxmox: server.ini names the certificate.
[Service]
LoadCredential=
`;

/** Ten years, in days: hosts know the server by its key, and a name that ends shuts them out. */
const certificateDays = 3_650;

/**
 * The service's user, a certificate, server.ini without a Proxmox, and an addition to the unit.
 *
 * @param given the administrator's own certificate and key; undefined: one is made, signed by itself
 */
export async function planWithoutProxmox(
  places: Places,
  given: CertificateFiles | undefined,
  host: PlainHost,
): Promise<Plan> {
  const files = given ?? {
    certificate: join(places.folder, 'certificate.pem'),
    key: join(places.folder, 'certificate.key'),
  };
  return joinPlans([
    await planGround(places, host),
    given === undefined ? await planCertificate(files, host) : { kept: [], steps: checkSteps(given, host.run) },
    await planIni(places, files, host),
    await planDropIn(host),
  ]);
}

function joinPlans(plans: readonly Plan[]): Plan {
  return { kept: plans.flatMap(({ kept }) => kept), steps: plans.flatMap(({ steps }) => steps) };
}

async function planCertificate({ certificate, key }: CertificateFiles, host: PlainHost): Promise<Plan> {
  if (await isPresent(certificate)) return { kept: [certificate], steps: [] };
  const command: Command = [
    ...(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const),
    ...['-days', String(certificateDays), '-subj', '/CN=fail2networkban'],
    ...['-addext', `subjectAltName=DNS:${host.hostname}`, '-keyout', key, '-out', certificate],
  ];
  const make: Step = {
    says: `${formatCommand(command)}   (the key: mode 0600, for ${serviceUser})`,
    act: async () => {
      const { uid, gid } = await requireServiceUser(host.run);
      await host.run(command);
      await chown(key, uid, gid);
      await chmod(key, 0o600);
      await chmod(certificate, 0o644);
    },
  };
  return { kept: [], steps: [make] };
}

/** The service reads them anew after each renewal. */
function checkSteps({ certificate, key }: CertificateFiles, run: RunCommand): readonly Step[] {
  const asService = ['setpriv', '--reuid', serviceUser, '--regid', serviceUser, '--clear-groups'] as const;
  return [certificate, key].map((file) => {
    const command: Command = [...asService, 'test', '-r', file];
    return {
      says: `${formatCommand(command)}   (the service must be able to read it)`,
      act: async () => {
        await run(command);
      },
    };
  });
}

async function planIni({ configFile }: Places, files: CertificateFiles, { run }: PlainHost): Promise<Plan> {
  if ((await readIfPresent(configFile)) !== undefined) return { kept: [`${configFile}, as it is`], steps: [] };
  const write: Step = {
    says: `write ${configFile}, with ${files.certificate} and without a Proxmox`,
    act: async () => {
      const { gid } = await requireServiceUser(run);
      await writeWhole(configFile, plainConfiguration(files), { gid, mode: 0o640 });
    },
  };
  return { kept: [], steps: [write] };
}

async function planDropIn({ unitFolder }: PlainHost): Promise<Plan> {
  if (unitFolder === undefined) return { kept: [], steps: [] };
  const file = dropInFile(unitFolder);
  if ((await readIfPresent(file)) === dropInText) return { kept: [file], steps: [] };
  const write: Step = {
    says: `write ${file}, so that the unit asks for no certificate of Proxmox`,
    act: async () => {
      await mkdir(dirname(file), { recursive: true, mode: 0o755 });
      await writeWhole(file, dropInText, { mode: 0o644 });
    },
  };
  return { kept: [], steps: [write] };
}

/** Whether systemd knows the server's unit. @param root of the host's files */
export function isUnitKnown(root: string): boolean {
  const service = serverService();
  return unitToEnable(root, service) === service.name;
}
