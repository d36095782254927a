import assert from 'node:assert/strict';
import type { AgentProcess } from './agent-process.ts';

/** Has a jail's whole list sent, and waits until the server has it. @returns what that changed */
export async function settleList(agent: AgentProcess, jail: string): Promise<string> {
  const { code, stdout, stderr } = await agent.command('resend', jail);
  assert.equal(code, 0, stdout + stderr);
  return stdout.trim();
}
