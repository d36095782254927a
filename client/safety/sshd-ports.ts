const defaultPort = 22;

/**
 * The ports that sshd listens on by the texts of sshd_config and the files of sshd_config.d: those of `Port` and of
 * `ListenAddress` with a port, 22 when there are none (sshd_config(5)).
 */
export function parseSshdPorts(texts: readonly string[]): ReadonlySet<number> {
  const lines = texts.flatMap((text) => text.split('\n'));
  const ports = lines.map(portOf).filter((port) => port !== undefined);
  return new Set(ports.length > 0 ? ports : [defaultPort]);
}

/** Keywords are case-insensitive; a blank or one `=` stands behind them. */
function portOf(line: string): number | undefined {
  const [, keyword = '', value = ''] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)"?([^\s"#]+)/.exec(line) ?? [];
  switch (keyword.toLowerCase()) {
    case 'port':
      return portFrom(value);
    case 'listenaddress':
      // `HOST:PORT` or `[IPV6]:PORT`; a bare IPv6 address has colons of its own.
      return portFrom(/^(?:\[[^\]]*\]|[^:]+):([0-9]+)$/.exec(value)?.[1] ?? '');
    default:
      return undefined;
  }
}

function portFrom(text: string): number | undefined {
  const port = Number(text);
  return /^[0-9]{1,5}$/.test(text) && port > 0 && port < 65_536 ? port : undefined;
}
