/* How many packets on the wire one packet stands for, and how many bytes: the kernel hands large packets to the network
 * card in one piece (GSO) and joins received ones (GRO). Each segment repeats the headers. */
#pragma once

#include "packet.h"

/* The segments are described one by one (SCTP). */
#define GSO_BY_FRAGS 0xffff

/* Where the packet inside a UDP tunnel starts, and what it is: Geneve (RFC 8926) or VXLAN (RFC 7348). */
static __always_inline __u32 inside_udp(const struct packet *packet, __u16 *type)
{
	__u32 at = packet->transport_at + 8;
	__u8 header[8];

	*type = 0;
	if (load(packet, at, header, sizeof(header)))
		return 0;
	*type = header[2] << 8 | header[3];
	if (header[0] >> 6 == 0 && (*type == ETH_P_TEB || *type == ETH_P_IP || *type == ETH_P_IPV6))
		return at + sizeof(header) + (header[0] & 0x3f) * 4;
	*type = header[0] & 8 && !header[7] ? ETH_P_TEB : 0;
	return at + sizeof(header);
}

/* The same for GRE (RFC 2784, 2890). */
static __always_inline __u32 inside_gre(const struct packet *packet, __u16 *type)
{
	__u8 header[4];

	*type = 0;
	if (load(packet, packet->transport_at, header, sizeof(header)))
		return 0;
	*type = header[2] << 8 | header[3];
	/* Checksum, key and sequence number take four bytes each. */
	return packet->transport_at + 4 + (!!(header[0] & 0x80) + !!(header[0] & 0x20) + !!(header[0] & 0x10)) * 4;
}

/* The headers up to and including those of TCP or UDP in a tunnel; 0 when this is no tunnel that is known. */
static __always_inline __u32 tunnel_headers(const struct packet *packet)
{
	__u16 type = 0;
	__u32 at = packet->transport_at;
	__u8 bytes[2], protocol;

	if (packet->protocol == UDP)
		at = inside_udp(packet, &type);
	else if (packet->protocol == GRE)
		at = inside_gre(packet, &type);
	else if (packet->protocol == IPIP)
		type = ETH_P_IP;
	else if (packet->protocol == IPV6)
		type = ETH_P_IPV6;
	if (type == ETH_P_TEB) {
		if (load(packet, at + 12, bytes, 2))
			return 0;
		type = bytes[0] << 8 | bytes[1];
		at += 14;
	}
	if (type == ETH_P_IP) {
		if (load(packet, at, bytes, 1) || load(packet, at + 9, &protocol, 1) || bytes[0] >> 4 != 4)
			return 0;
		at += (bytes[0] & 15) * 4;
	} else if (type == ETH_P_IPV6) {
		if (load(packet, at, bytes, 1) || load(packet, at + 6, &protocol, 1) || bytes[0] >> 4 != 6)
			return 0;
		at += IPV6_HEADER;
	} else {
		return 0;
	}
	if (protocol == UDP)
		return at + 8;
	if (protocol != TCP || load(packet, at + 12, bytes, 1))
		return 0;
	return at + (bytes[0] >> 4) * 4;
}

static __always_inline void count_segments(struct packet *packet, struct flow_value *value)
{
	__u32 size = packet->segment_payload, headers, payload;
	__u64 segments;

	value->packets = 1;
	value->bytes = packet->length;
	if (!size)
		return;
	headers = packet->headers;
	if (packet->protocol != TCP) {
		__u32 inner = tunnel_headers(packet);

		if (inner > headers)
			headers = inner;
	}
	if (packet->length <= headers)
		return;
	payload = packet->length - headers;
	segments = size == GSO_BY_FRAGS ? packet->segments : (payload + size - 1) / size;
	if (!segments)
		return;
	if (packet->is_jumbo && headers >= JUMBO_HEADER)
		headers -= JUMBO_HEADER;
	value->packets = segments;
	value->bytes = payload + segments * headers;
}
