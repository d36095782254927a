/** `auto`: sentences in systemd's journal and on a terminal, JSON elsewhere. */
export type LogFormat = 'auto' | 'json';

export const logFormats: readonly LogFormat[] = ['auto', 'json'];
