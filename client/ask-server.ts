import { describeError } from '../shared/errors.ts';
import type { AnswerFrame, Question } from '../shared/frames.ts';
import type { Courier } from './courier.ts';
import { UplinkError } from './uplink-error.ts';

/** A server's answer, or why there is none. */
export async function askServer(courier: Courier, question: Question): Promise<AnswerFrame | string> {
  if (courier.state.kind !== 'connected') return whyNot(courier);
  try {
    return await courier.state.connection.ask(question);
  } catch (error) {
    if (error instanceof UplinkError) return describeError(error);
    throw error;
  }
}

/** Why a server answers nothing, or nothing yet. */
export function whyNot({ state, postponement }: Courier): string {
  if (state.kind === 'connected' && postponement !== undefined) return `${postponement.code}: ${postponement.detail}`;
  return state.kind === 'waiting' ? `${state.code}: ${state.reason}` : `no answer yet (${state.kind})`;
}
