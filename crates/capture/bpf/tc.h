/* Reads a packet as a program of traffic control gets it. */
#pragma once

#include "kernel.h"

struct source {
	struct __sk_buff *skb;
	/* The IP header: this far behind the MAC or the network header. */
	__u32 ip_at;
	__u32 ip_from;
};

#include "packet.h"

/* Longest link header that is looked for. */
#define LINK_HEADER_MAX 32

static __always_inline int load(const struct packet *packet, __u32 at, void *to, __u32 length)
{
	const struct source *from = &packet->source;

	return bpf_skb_load_bytes_relative(from->skb, from->ip_at + at, to, length, from->ip_from);
}

/* Finds the IP header. The kernel says where the network header is, except when the frame still has VLAN tags: then
 * that may be the tag or what follows it, and the tags are passed over from the MAC header on. */
static __always_inline int find_ip(struct packet *packet)
{
	__u16 type = bpf_ntohs((__u16)packet->source.skb->protocol);

	packet->source.ip_at = 0;
	packet->source.ip_from = BPF_HDR_START_NET;
	if (is_vlan(type)) {
		packet->source.ip_from = BPF_HDR_START_MAC;
		packet->source.ip_at = 14;
		for (int tags = 0; is_vlan(type); tags++) {
			if (tags > VLAN_TAGS_MAX)
				return SKIP_VLAN_TAGS;
			if (load(packet, 2, &type, sizeof(type)))
				return SKIP_CUT_LINK;
			type = bpf_ntohs(type);
			packet->source.ip_at += 4;
		}
	}
	return check_type(packet, type);
}

/* The kernel says how long a packet is from its link header on, but not how long that is, so look where the IP header
 * is found. */
static __always_inline __u32 length_to_end(const struct packet *packet)
{
	__u32 header[5], there[5];

	if (load(packet, 0, header, sizeof(header)))
		return 0;
	for (__u32 at = 0; at <= LINK_HEADER_MAX; at++) {
		if (bpf_skb_load_bytes(packet->source.skb, at, there, sizeof(there)))
			return 0;
		if (header[0] == there[0] && header[1] == there[1] && header[2] == there[2] &&
		    header[3] == there[3] && header[4] == there[4])
			return packet->source.skb->len - at;
	}
	return 0;
}
