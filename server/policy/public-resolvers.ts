import type { SharedInfrastructure } from './infrastructure-networks.ts';

/** Addresses of resolvers that anybody may ask. */
export const publicResolvers: readonly SharedInfrastructure[] = [
  {
    operator: 'adguard-dns',
    kind: 'public resolver',
    source: 'https://adguard-dns.io/en/public-dns.html',
    date: '2025-07-12',
    networks: `
      94.140.14.14 94.140.14.15 94.140.14.140 94.140.14.141 94.140.15.15 94.140.15.16 2a10:50c0::ad1:ff
      2a10:50c0::ad2:ff 2a10:50c0::bad1:ff 2a10:50c0::bad2:ff 2a10:50c0::1:ff 2a10:50c0::2:ff`,
  },
  {
    operator: 'alidns',
    kind: 'public resolver',
    source: 'https://www.alidns.com/',
    date: '2025-07-12',
    networks: `
      223.5.5.5 223.6.6.6 2400:3200::1 2400:3200:baba::1`,
  },
  {
    operator: 'cleanbrowsing',
    kind: 'public resolver',
    source: 'https://cleanbrowsing.org/filters/',
    date: '2025-07-12',
    networks: `
      185.228.168.9 185.228.169.9 185.228.168.10 185.228.169.11 185.228.168.168 185.228.169.168 2a0d:2a00:1::
      2a0d:2a00:2:: 2a0d:2a00:1::1 2a0d:2a00:2::1 2a0d:2a00:1::2 2a0d:2a00:2::2`,
  },
  {
    operator: 'cloudflare-dns',
    kind: 'public resolver',
    source: 'https://developers.cloudflare.com/1.1.1.1/ip-addresses/',
    date: '2025-07-12',
    networks: `
      1.0.0.1 1.0.0.2 1.0.0.3 1.1.1.1 1.1.1.2 1.1.1.3 2606:4700:4700::64 2606:4700:4700::6400 2606:4700:4700::1001
      2606:4700:4700::1002 2606:4700:4700::1003 2606:4700:4700::1111 2606:4700:4700::1112 2606:4700:4700::1113`,
  },
  {
    operator: 'control-d',
    kind: 'public resolver',
    source: 'https://controld.com/free-dns',
    date: '2025-07-12',
    networks: `
      76.76.2.0/29 76.76.10.0/29 2606:1a40::/125 2606:1a40:1::/125`,
  },
  {
    operator: 'dns-watch',
    kind: 'public resolver',
    source: 'https://dns.watch/',
    date: '2025-07-12',
    networks: `
      84.200.69.80 84.200.70.40 2001:1608:10:25::1c04:b12f 2001:1608:10:25::9249:d69b`,
  },
  {
    operator: 'google-dns',
    kind: 'public resolver',
    source: 'https://developers.google.com/speed/public-dns/docs/using',
    date: '2025-07-12',
    networks: `
      8.8.4.4 8.8.8.8 2001:4860:4860::64 2001:4860:4860::6464 2001:4860:4860::8844 2001:4860:4860::8888`,
  },
  {
    operator: 'mullvad-dns',
    kind: 'public resolver',
    source: 'https://mullvad.net/en/help/dns-over-https-and-dns-over-tls',
    date: '2025-07-12',
    networks: `
      194.242.2.2 194.242.2.3 194.242.2.4 194.242.2.5 194.242.2.6 194.242.2.9 2a07:e340::2 2a07:e340::3 2a07:e340::4
      2a07:e340::5 2a07:e340::6 2a07:e340::9`,
  },
  {
    operator: 'nextdns',
    kind: 'public resolver',
    source: 'https://my.nextdns.io/',
    date: '2025-07-12',
    networks: `
      45.90.28.0/24 45.90.30.0/24 2a07:a8c0::/32 2a07:a8c1::/32`,
  },
  {
    operator: 'opendns',
    kind: 'public resolver',
    source: 'https://www.opendns.com/setupguide/',
    date: '2025-07-12',
    networks: `
      208.67.220.2 208.67.220.123 208.67.220.220 208.67.220.222 208.67.222.2 208.67.222.123 208.67.222.220
      208.67.222.222 2620:0:ccc::2 2620:0:ccd::2 2620:119:35::35 2620:119:35::123 2620:119:53::53 2620:119:53::123`,
  },
  {
    operator: 'quad9',
    kind: 'public resolver',
    source: 'https://quad9.net/service/service-addresses-and-features/',
    date: '2025-07-12',
    networks: `
      9.9.9.9 9.9.9.10 9.9.9.11 149.112.112.9 149.112.112.10 149.112.112.11 149.112.112.112 2620:fe::9 2620:fe::10
      2620:fe::11 2620:fe::fe 2620:fe::fe:9 2620:fe::fe:10 2620:fe::fe:11`,
  },
  {
    operator: 'ultradns',
    kind: 'public resolver',
    source: 'https://vercara.com/ultradns-public',
    date: '2025-07-12',
    networks: `
      64.6.64.6 64.6.65.6 156.154.70.1 156.154.71.1 2610:a1:1018::1 2610:a1:1019::1 2620:74:1b::1:1 2620:74:1c::2:2`,
  },
  {
    operator: 'yandex-dns',
    kind: 'public resolver',
    source: 'https://dns.yandex.com/',
    date: '2025-07-12',
    networks: `
      77.88.8.1 77.88.8.2 77.88.8.3 77.88.8.7 77.88.8.8 77.88.8.88 2a02:6b8::feed:ff 2a02:6b8:0:1::feed:ff`,
  },
];
