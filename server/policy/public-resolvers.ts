import type { SharedInfrastructure } from './infrastructure-networks.ts';

/**
 * Addresses of resolvers that anybody may ask, of every kind of filter that the operator offers. Cloudflare's of IPv6 lie in a
 * network of its CDN: whoever allows them allows both. Level 3's rest on lists of others that agree, not on its operator's.
 * Gone, and so not here: dns0.eu (October 2025) and Mullvad's (2 November 2026).
 */
export const publicResolvers: readonly SharedInfrastructure[] = [
  {
    operator: 'adguard-dns',
    kind: 'public resolver',
    source: 'https://adguard-dns.io/kb/general/dns-providers/',
    date: '2026-09-02',
    networks: `
      94.140.14.14 94.140.14.15 94.140.14.140 94.140.14.141 94.140.15.15 94.140.15.16 2a10:50c0::1:ff
      2a10:50c0::2:ff 2a10:50c0::ad1:ff 2a10:50c0::ad2:ff 2a10:50c0::bad1:ff 2a10:50c0::bad2:ff`,
  },
  {
    operator: 'alidns',
    kind: 'public resolver',
    source: 'https://www.alidns.com/',
    date: '2026-09-02',
    networks: `
      223.5.5.5 223.6.6.6 2400:3200::1 2400:3200:baba::1`,
  },
  {
    operator: 'cleanbrowsing',
    kind: 'public resolver',
    source: 'https://cleanbrowsing.org/filters/',
    date: '2026-09-02',
    networks: `
      185.228.168.9 185.228.168.10 185.228.168.168 185.228.169.9 185.228.169.11 185.228.169.168 2a0d:2a00:1::
      2a0d:2a00:1::1 2a0d:2a00:1::2 2a0d:2a00:2:: 2a0d:2a00:2::1 2a0d:2a00:2::2`,
  },
  {
    operator: 'cloudflare-dns',
    kind: 'public resolver',
    source: 'https://developers.cloudflare.com/1.1.1.1/ip-addresses/',
    date: '2026-09-02',
    networks: `
      1.0.0.1 1.0.0.2 1.0.0.3 1.1.1.1 1.1.1.2 1.1.1.3 2606:4700:4700::64 2606:4700:4700::1001 2606:4700:4700::1002
      2606:4700:4700::1003 2606:4700:4700::1111 2606:4700:4700::1112 2606:4700:4700::1113 2606:4700:4700::6400`,
  },
  {
    operator: 'control-d',
    kind: 'public resolver',
    source: 'https://docs.controld.com/docs/control-d-ip-ranges',
    date: '2026-09-02',
    networks: `
      76.76.2.0/24 76.76.10.0/24 2606:1a40::/48 2606:1a40:1::/48`,
  },
  {
    operator: 'dns-sb',
    kind: 'public resolver',
    source: 'https://dns.sb/',
    date: '2026-09-02',
    networks: `
      45.11.45.11 185.222.222.222 2a09:: 2a11::`,
  },
  {
    operator: 'dns-watch',
    kind: 'public resolver',
    source: 'https://dns.watch/',
    date: '2025-02-06',
    networks: `
      84.200.69.80 84.200.70.40 2001:1608:10:25::1c04:b12f 2001:1608:10:25::9249:d69b`,
  },
  {
    operator: 'dns4eu',
    kind: 'public resolver',
    source: 'https://www.joindns4.eu/for-public',
    date: '2026-06-02',
    networks: `
      86.54.11.1 86.54.11.11 86.54.11.12 86.54.11.13 86.54.11.100 86.54.11.200 86.54.11.201 86.54.11.211
      86.54.11.212 86.54.11.213 2a13:1001::86:54:11:1 2a13:1001::86:54:11:11 2a13:1001::86:54:11:12
      2a13:1001::86:54:11:13 2a13:1001::86:54:11:100 2a13:1001::86:54:11:200 2a13:1001::86:54:11:201
      2a13:1001::86:54:11:211 2a13:1001::86:54:11:212 2a13:1001::86:54:11:213`,
  },
  {
    operator: 'dnspod',
    kind: 'public resolver',
    source: 'https://www.dnspod.cn/products/publicdns',
    date: '2026-09-02',
    networks: `
      1.12.12.12 119.29.29.29 120.53.53.53 2402:4e00:: 2402:4e00:1::`,
  },
  {
    operator: 'google-dns',
    kind: 'public resolver',
    source: 'https://developers.google.com/speed/public-dns/docs/using',
    date: '2026-09-02',
    networks: `
      8.8.4.4 8.8.8.8 2001:4860:4860::64 2001:4860:4860::6464 2001:4860:4860::8844 2001:4860:4860::8888`,
  },
  {
    operator: 'hurricane-electric',
    kind: 'public resolver',
    source: 'https://dns.he.net/',
    date: '2026-06-02',
    networks: `
      74.82.42.42 2001:470:20::2`,
  },
  {
    operator: 'level3',
    kind: 'public resolver',
    source: 'https://www.lumen.com/',
    date: '2026-05-08',
    networks: `
      4.2.2.1 4.2.2.2 4.2.2.3 4.2.2.4 4.2.2.5 4.2.2.6 209.244.0.3 209.244.0.4`,
  },
  {
    operator: 'nextdns',
    kind: 'public resolver',
    source: 'https://nextdns.io/',
    date: '2026-09-02',
    networks: `
      45.90.28.0/24 45.90.30.0/24 2a07:a8c0::/32 2a07:a8c1::/32`,
  },
  {
    operator: 'opendns',
    kind: 'public resolver',
    source: 'https://www.opendns.com/setupguide/',
    date: '2026-06-02',
    networks: `
      146.112.41.2 146.112.41.3 146.112.41.4 146.112.41.5 208.67.220.2 208.67.220.123 208.67.220.220
      208.67.220.222 208.67.222.2 208.67.222.123 208.67.222.220 208.67.222.222 2620:0:ccc::2 2620:0:ccd::2
      2620:119:35::35 2620:119:35::123 2620:119:53::53 2620:119:53::123 2620:119:fc::2 2620:119:fc::3
      2620:119:fc::5`,
  },
  {
    operator: 'quad9',
    kind: 'public resolver',
    source: 'https://docs.quad9.net/services/',
    date: '2026-07-24',
    networks: `
      9.9.9.9 9.9.9.10 9.9.9.11 9.9.9.12 149.112.112.9 149.112.112.10 149.112.112.11 149.112.112.12
      149.112.112.112 2620:fe::9 2620:fe::10 2620:fe::11 2620:fe::12 2620:fe::fe 2620:fe::fe:9 2620:fe::fe:10
      2620:fe::fe:11 2620:fe::fe:12`,
  },
  {
    operator: 'ultradns',
    kind: 'public resolver',
    source: 'https://vercara.com/ultradns-public',
    date: '2026-06-02',
    networks: `
      64.6.64.6 64.6.65.6 156.154.70.1 156.154.70.2 156.154.70.3 156.154.70.4 156.154.70.5 156.154.71.1
      156.154.71.2 156.154.71.3 156.154.71.4 156.154.71.5 2610:a1:1018::1 2610:a1:1018::2 2610:a1:1018::3
      2610:a1:1018::4 2610:a1:1018::5 2610:a1:1019::1 2610:a1:1019::2 2610:a1:1019::3 2610:a1:1019::4
      2610:a1:1019::5 2620:74:1b::1:1 2620:74:1c::2:2`,
  },
  {
    operator: 'yandex-dns',
    kind: 'public resolver',
    source: 'https://dns.yandex.com/',
    date: '2026-06-02',
    networks: `
      77.88.8.1 77.88.8.2 77.88.8.3 77.88.8.7 77.88.8.8 77.88.8.88 2a02:6b8::feed:ff 2a02:6b8::feed:a11
      2a02:6b8::feed:bad 2a02:6b8:0:1::feed:ff 2a02:6b8:0:1::feed:a11 2a02:6b8:0:1::feed:bad`,
  },
];
