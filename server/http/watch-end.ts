import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Calls back once, when an answer has left in full or never will. Of an answer to HEAD the body never leaves. One that waits
 * behind another does not tell itself that its socket is gone.
 */
export function watchEnd(
  { method, socket }: IncomingMessage,
  response: ServerResponse,
  onEnd: (hasLeft: boolean) => void,
): void {
  const end = (): void => {
    response.off('close', end);
    socket.off('close', end);
    onEnd(method !== 'HEAD' && response.writableFinished);
  };
  if (socket.destroyed) onEnd(false);
  else for (const each of [response, socket]) each.once('close', end);
}
