/* Reads a packet that the kernel drops. A tracepoint has no packet of its own: it is read from the kernel's memory. */
#pragma once

#include "btf.h"

struct source {
	struct sk_buff *skb;
	/* The IP header. */
	const __u8 *ip;
};

#include "packet.h"

static __always_inline int load(const struct packet *packet, __u32 at, void *to, __u32 length)
{
	return bpf_probe_read_kernel(to, length, packet->source.ip + at);
}

/* Finds the IP header: where the kernel says, or behind the VLAN tags that are still in the frame there. */
static __always_inline int find_ip(struct packet *packet)
{
	struct sk_buff *skb = packet->source.skb;
	__u16 type = bpf_ntohs(skb->protocol);

	packet->source.ip = skb->head + skb->network_header;
	for (int tags = 0; is_vlan(type); tags++) {
		if (tags > VLAN_TAGS_MAX)
			return SKIP_VLAN_TAGS;
		if (load(packet, 2, &type, sizeof(type)))
			return SKIP_CUT_LINK;
		type = bpf_ntohs(type);
		packet->source.ip += 4;
	}
	return check_type(packet, type);
}

static __always_inline __u32 length_to_end(const struct packet *packet)
{
	const struct sk_buff *skb = packet->source.skb;

	return skb->len + (__u32)((__u64)skb->data - (__u64)packet->source.ip);
}

static __always_inline const void *shared_info(const struct sk_buff *skb)
{
	return skb->head + skb->end;
}

static __always_inline void find_segments(struct packet *packet)
{
	const void *shared = shared_info(packet->source.skb);

	READ_FIELD(&packet->segment_payload, struct skb_shared_info, shared, gso_size);
	READ_FIELD(&packet->segments, struct skb_shared_info, shared, gso_segs);
}
