/** Where `client.ini` is when `--config` names no other. Alone here, so that starting a command loads nothing else. */
export const defaultConfig = '/etc/fail2networkban/client.ini';
