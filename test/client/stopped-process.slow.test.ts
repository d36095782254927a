import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeCertificates } from '../certificates.ts';
import { RunningProgram, runCommand } from '../end-to-end/program.ts';
import { ServerProcess } from '../end-to-end/server-process.ts';
import { type Ending, makeFolder, testWithEnding } from '../ending.ts';
import { until } from '../until.ts';
import { startServer } from './agent-under-test.ts';

async function configure(test: Ending): Promise<string> {
  const folder = await makeFolder(test);
  const places = `spool = ${folder}/spool\nstate = ${folder}/state\nsocket = ${folder}/agent.sock`;
  const config = join(folder, 'client.ini');
  await writeFile(config, `[agent]\n${places}\nfail2ban_client = /bin/false\n`);
  return config;
}

testWithEnding('a command to an agent that is stopped says so soon, with 75, and what to do', async (context) => {
  const [config, server] = [await configure(context), await startServer(context)];
  const line = `fail2networkban://${server.client}@127.0.0.1:${server.port}/?key=${server.keyText}&plaintext=yes`;
  await runCommand('client', ['enroll', line, '--config', config]);
  const agent = new RunningProgram('client', ['agent', '--config', config]);
  context.after(() => agent.kill());
  await server.when(() => server.logins === 1);
  agent.signal('SIGSTOP');
  for (const words of [['status'], ['bans'], ['test'], ['resend', 'sshd']]) {
    const { code, stderr } = await runCommand('client', [...words, '--config', config]);
    assert.equal(code, 75, words.join(' '));
    assert.match(stderr, /agent\.sock: .* does not answer in 5 s: it is stopped or overloaded\nRestart the agent: /);
  }
  const { stdout } = await runCommand('client', ['doctor', '--config', config]);
  assert.match(stdout, /^BROKEN {3}agent: it runs and does not answer in 5 s/m);
  const ban = await runCommand('client', ['ban', '203.0.113.7', '--config', config]);
  assert.equal(ban.code, 75);
  assert.match(ban.stdout, /does not answer .*: kept in \S+\/queue and sent when it goes on\.\nRestart it: /);
  assert.match(await readFile(join(dirname(config), 'spool/queue'), 'utf8'), /hand-ban\tmanual\t203\.0\.113\.7/);
  agent.signal('SIGCONT');
  await until(() => server.has('manual', '203.0.113.7'), 'what was kept is sent');
  await until(async () => (await runCommand('client', ['status', '--config', config])).code === 0, 'it is well again');
});

testWithEnding('a server that is stopped is a finding of the doctor soon', async (context) => {
  const config = await configure(context);
  const dir = await makeFolder(context);
  const server = await ServerProcess.start({ dir, certificates: await makeCertificates(dir) });
  context.after(() => server.kill());
  const line = await server.enrolmentFor('web1');
  await runCommand('client', ['enroll', line, '--config', config]);
  server.program.signal('SIGSTOP');
  const { code, stdout } = await runCommand('client', ['doctor', '--config', config]);
  assert.equal(code, 2);
  assert.match(stdout, /^BROKEN {3}server\/main: it takes the connection and does not answer in 5 s/m);
  const status = await server.command('status');
  assert.equal(status.code, 75);
  assert.match(status.stderr, /admin\.sock: .* does not answer in 5 s: .*\nRestart the server: /);

  const doctor = await server.command('doctor');
  assert.match(doctor.stdout, /^BROKEN {3}server: the process of the server \(pid \d+\) is stopped/m);
  assert.doesNotMatch(doctor.stdout, /while the server does not run/);
  const [, command = ''] = /is stopped.*\n.*\n +do: (.*)/.exec(doctor.stdout) ?? [];
  assert.equal(command, `kill -CONT ${server.program.pid}`);
  execFileSync('sh', ['-c', command]);
  assert.doesNotMatch((await server.command('doctor')).stdout, /is stopped/);
});
