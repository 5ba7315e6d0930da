/* Takes a packet apart: the same rules, names and limits as src/packet/, which says why. */
#pragma once

#include "slots.h"

enum {
	ETH_P_802_3_MIN = 0x0600,
	ETH_P_IP = 0x0800,
	ETH_P_TEB = 0x6558,
	ETH_P_8021Q = 0x8100,
	ETH_P_IPV6 = 0x86dd,
	ETH_P_8021AD = 0x88a8,
	ETH_P_QINQ1 = 0x9100,
	ETH_P_QINQ2 = 0x9200,
};

enum {
	HOP_BY_HOP = 0,
	ICMP = 1,
	IPIP = 4,
	TCP = 6,
	UDP = 17,
	IPV6 = 41,
	ROUTING = 43,
	FRAGMENT = 44,
	GRE = 47,
	AUTHENTICATION = 51,
	ICMPV6 = 58,
	DESTINATION_OPTIONS = 60,
	SCTP = 132,
};

/* Why a packet is not counted; src/ebpf/skips.rs has the same list. */
enum skip {
	COUNTED = 0,
	SKIP_NOT_IP,
	SKIP_NO_ETHERTYPE,
	SKIP_CUT_LINK,
	SKIP_CUT_IPV4,
	SKIP_CUT_IPV6,
	SKIP_CUT_EXTENSION,
	SKIP_CUT_TRANSPORT,
	SKIP_VLAN_TAGS,
	SKIP_IP_VERSION,
	SKIP_IPV4_HEADER_LENGTH,
	SKIP_IPV4_TOTAL_LENGTH,
	SKIP_EXTENSION_LENGTH,
	SKIP_EXTENSION_COUNT,
};

#define VLAN_TAGS_MAX 8
#define EXTENSIONS_MAX 16

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define JUMBO_HEADER 8

struct ipv4 {
	__u8 version_length;
	__u8 service;
	__u16 length;
	__u16 id;
	__u16 fragment;
	__u8 ttl;
	__u8 protocol;
	__u16 checksum;
	__u8 source[4];
	__u8 destination[4];
};

struct ipv6 {
	__u32 version;
	__u16 length;
	__u8 next;
	__u8 hops;
	__u8 source[16];
	__u8 destination[16];
};

/* Where we are in a packet. Offsets are from the start of the IP header. */
struct packet {
	struct source source;
	__u16 ether_type;
	/* The network card is to cut the packet up, or the kernel has joined it: payload and number of its segments. */
	__u16 segment_payload;
	__u16 segments;
	/* Length of the IP packet. */
	__u32 length;
	/* What follows the IP header and the extension headers. */
	__u32 transport_at;
	/* IP header, extension headers, and the header of TCP, UDP or SCTP: what every segment repeats. */
	__u32 headers;
	__u32 fragment_id;
	__u8 is_fragment;
	__u8 is_later_fragment;
	/* The length came from a jumbo option, which is never sent. */
	__u8 is_jumbo;
	__u8 protocol;
};

/* A program that includes this says how to get at the packet: it has defined `struct source`, and defines these. */

/* Reads bytes of the packet; 0 when it has them. */
static __always_inline int load(const struct packet *packet, __u32 at, void *to, __u32 length);
/* Finds the IP header and what kind it is; 0 or why it is not counted. */
static __always_inline int find_ip(struct packet *packet);
/* Bytes from the IP header to the end of the frame. It matters only where the IP header itself says 0. */
static __always_inline __u32 length_to_end(const struct packet *packet);

static __always_inline int is_vlan(__u16 ether_type)
{
	return ether_type == ETH_P_8021Q || ether_type == ETH_P_8021AD || ether_type == ETH_P_QINQ1 ||
	       ether_type == ETH_P_QINQ2;
}

static __always_inline int check_type(struct packet *packet, __u16 type)
{
	packet->ether_type = type;
	if (type == ETH_P_IP || type == ETH_P_IPV6)
		return COUNTED;
	return type < ETH_P_802_3_MIN ? SKIP_NO_ETHERTYPE : SKIP_NOT_IP;
}

static __always_inline void set_fragment(struct packet *packet, __u32 offset, int more, __u32 id)
{
	/* A whole packet may have a fragment header around all of it (RFC 6946). */
	packet->is_fragment = offset || more;
	packet->is_later_fragment = offset != 0;
	packet->fragment_id = id;
}

static __always_inline int read_ipv4(struct packet *packet, struct flow_key *key)
{
	struct ipv4 ip;
	__u32 header_length;
	__u16 fragment;

	if (load(packet, 0, &ip, sizeof(ip)))
		return SKIP_CUT_IPV4;
	if (ip.version_length >> 4 != 4)
		return SKIP_IP_VERSION;
	header_length = (ip.version_length & 15) * 4;
	if (header_length < IPV4_HEADER)
		return SKIP_IPV4_HEADER_LENGTH;
	packet->length = bpf_ntohs(ip.length);
	if (!packet->length && (ip.protocol == TCP || ip.protocol == UDP))
		packet->length = length_to_end(packet);
	if (packet->length < header_length)
		return SKIP_IPV4_TOTAL_LENGTH;
	packet->transport_at = header_length;
	fragment = bpf_ntohs(ip.fragment);
	set_fragment(packet, fragment & 0x1fff, fragment & 0x2000, bpf_ntohs(ip.id));
	packet->protocol = ip.protocol;
	__builtin_memcpy(key->source, ip.source, 4);
	__builtin_memcpy(key->destination, ip.destination, 4);
	return COUNTED;
}

/* The payload length in a hop-by-hop header that begins with a jumbo payload option (RFC 2675), as Linux writes it. */
static __always_inline __u32 jumbo_length(struct packet *packet)
{
	struct {
		__u8 next, size, option, option_length;
		__u32 length;
	} header;

	if (load(packet, IPV6_HEADER, &header, sizeof(header)) || header.option != 0xc2 || header.option_length != 4)
		return 0;
	packet->is_jumbo = 1;
	return bpf_ntohl(header.length);
}

/* Walks to the first header that is no extension header, or to the contents of a later fragment. */
static __always_inline int follow_extensions(struct packet *packet, __u8 next)
{
	struct {
		__u8 next, size;
		__u16 offset;
		__u32 id;
	} header;
	__u32 length;

	for (int count = 0; count <= EXTENSIONS_MAX; count++) {
		packet->protocol = next;
		if (next != HOP_BY_HOP && next != ROUTING && next != DESTINATION_OPTIONS && next != AUTHENTICATION &&
		    next != FRAGMENT)
			return COUNTED;
		if (packet->length < packet->transport_at + sizeof(header))
			return SKIP_EXTENSION_LENGTH;
		if (load(packet, packet->transport_at, &header, sizeof(header)))
			return SKIP_CUT_EXTENSION;
		length = (header.size + 1) * 8;
		if (next == AUTHENTICATION)
			length = (header.size + 2) * 4;
		if (next == FRAGMENT) {
			length = 8;
			header.offset = bpf_ntohs(header.offset);
			set_fragment(packet, header.offset >> 3, header.offset & 1, bpf_ntohl(header.id));
		}
		packet->transport_at += length;
		if (packet->transport_at > packet->length)
			return SKIP_EXTENSION_LENGTH;
		next = header.next;
		packet->protocol = next;
		if (packet->is_later_fragment)
			return COUNTED;
	}
	return SKIP_EXTENSION_COUNT;
}

static __always_inline int read_ipv6(struct packet *packet, struct flow_key *key)
{
	struct ipv6 ip;

	if (load(packet, 0, &ip, sizeof(ip)))
		return SKIP_CUT_IPV6;
	if ((bpf_ntohl(ip.version) >> 28) != 6)
		return SKIP_IP_VERSION;
	packet->length = IPV6_HEADER + bpf_ntohs(ip.length);
	if (!ip.length && (ip.next == TCP || ip.next == UDP))
		packet->length = length_to_end(packet);
	else if (!ip.length && ip.next == HOP_BY_HOP)
		packet->length = IPV6_HEADER + jumbo_length(packet);
	if (packet->length < IPV6_HEADER)
		return SKIP_CUT_IPV6;
	packet->transport_at = IPV6_HEADER;
	key->bits |= FLOW_IPV6;
	__builtin_memcpy(key->source, ip.source, 16);
	__builtin_memcpy(key->destination, ip.destination, 16);
	return follow_extensions(packet, ip.next);
}

/* Ports, flags and the length of the transport header, as far as the packet has them. */
static __always_inline int read_transport(struct packet *packet, struct flow *flow)
{
	__u32 left = packet->length - packet->transport_at, header_length = 0;
	__u16 ports[2];
	__u8 tcp[2];

	packet->headers = packet->transport_at;
	flow->key.protocol = packet->protocol;
	if (packet->is_later_fragment)
		return COUNTED;
	if (packet->protocol != TCP && packet->protocol != UDP && packet->protocol != SCTP)
		return COUNTED;
	if (left >= sizeof(ports)) {
		if (load(packet, packet->transport_at, ports, sizeof(ports)))
			return SKIP_CUT_TRANSPORT;
		flow->key.source_port = ports[0];
		flow->key.destination_port = ports[1];
	}
	if (packet->protocol == UDP)
		header_length = 8;
	else if (packet->protocol == SCTP)
		header_length = 12;
	else if (left >= 14) {
		if (load(packet, packet->transport_at + 12, tcp, sizeof(tcp)))
			return SKIP_CUT_TRANSPORT;
		header_length = (tcp[0] >> 4) * 4;
		set_tcp_flags(&flow->value, tcp[1]);
	}
	packet->headers += header_length < left ? header_length : left;
	return COUNTED;
}

static __always_inline int read_packet(struct packet *packet, struct flow *flow)
{
	int skip = find_ip(packet);

	if (skip)
		return skip;
	skip = packet->ether_type == ETH_P_IP ? read_ipv4(packet, &flow->key) : read_ipv6(packet, &flow->key);
	if (skip)
		return skip;
	return read_transport(packet, flow);
}
