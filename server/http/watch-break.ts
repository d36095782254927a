import type { Socket } from 'node:net';

const watched = new WeakMap<Socket, (() => void) | undefined>();

/** Calls back when a connection breaks before it is asked again: what left over it last may not have arrived. */
export function watchBreak(socket: Socket, onBreak: () => void): void {
  if (!watched.has(socket)) socket.once('error', () => watched.get(socket)?.());
  watched.set(socket, onBreak);
}

/** It is asked again: what left before has arrived. */
export function endWatch(socket: Socket): void {
  if (watched.has(socket)) watched.set(socket, undefined);
}
