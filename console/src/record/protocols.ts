// Names of protocols and ports. Source: the registries of the IANA; those that flow records usually have.

const PROTOCOLS: Record<string, string> = {
  0: "HOPOPT", 1: "ICMP", 2: "IGMP", 4: "IPv4", 6: "TCP", 8: "EGP", 17: "UDP", 33: "DCCP", 41: "IPv6", 43: "IPv6-Route", 44: "IPv6-Frag",
  46: "RSVP", 47: "GRE", 50: "ESP", 51: "AH", 58: "ICMPv6", 59: "IPv6-NoNxt", 60: "IPv6-Opts", 88: "EIGRP", 89: "OSPF", 94: "IPIP", 103: "PIM",
  108: "IPComp", 112: "VRRP", 115: "L2TP", 132: "SCTP", 136: "UDPLite", 137: "MPLS-in-IP",
};

const PORTS: Record<string, string> = {
  20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "domain", 67: "dhcp server", 68: "dhcp client", 69: "tftp", 80: "http",
  88: "kerberos", 110: "pop3", 111: "rpcbind", 119: "nntp", 123: "ntp", 135: "epmap", 137: "netbios-ns", 138: "netbios-dgm", 139: "netbios-ssn",
  143: "imap", 161: "snmp", 162: "snmptrap", 179: "bgp", 389: "ldap", 443: "https", 445: "microsoft-ds", 465: "submissions", 500: "isakmp",
  514: "syslog", 515: "printer", 546: "dhcpv6-client", 547: "dhcpv6-server", 554: "rtsp", 587: "submission", 631: "ipp", 636: "ldaps", 853: "domain-s",
  873: "rsync", 989: "ftps-data", 990: "ftps", 993: "imaps", 995: "pop3s", 1080: "socks", 1194: "openvpn", 1433: "ms-sql-s", 1521: "oracle",
  1701: "l2tp", 1723: "pptp", 1812: "radius", 1813: "radius-acct", 1883: "mqtt", 1900: "ssdp", 2049: "nfs", 2055: "netflow", 2379: "etcd-client",
  2380: "etcd-server", 3128: "proxy", 3260: "iscsi", 3306: "mysql", 3389: "ms-wbt-server", 3478: "stun", 4500: "ipsec-nat-t", 4739: "ipfix",
  4789: "vxlan", 5060: "sip", 5061: "sips", 5201: "iperf3", 5222: "xmpp-client", 5353: "mdns", 5355: "llmnr", 5432: "postgresql", 5671: "amqps",
  5672: "amqp", 5900: "vnc", 5985: "wsman", 5986: "wsmans", 6081: "geneve", 6379: "redis", 6443: "kubernetes", 6514: "syslog-tls", 6881: "bittorrent",
  8000: "http-alt", 8080: "http-alt", 8443: "https-alt", 8883: "secure-mqtt", 9000: "http-alt", 9092: "kafka", 9100: "printer", 9200: "elasticsearch",
  9418: "git", 10250: "kubelet", 11211: "memcached", 27017: "mongodb", 51820: "wireguard",
};

/** `6` is `TCP`; the number where there is no name. */
export function protocolName(number: string): string {
  return PROTOCOLS[number] ?? `protocol ${number}`;
}

/** `22` is `ssh`; none where there is no usual service. */
export function portName(number: string): string | undefined {
  return PORTS[number];
}
