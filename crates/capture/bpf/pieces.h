/* Packets that the kernel had put together from fragments before they were refused: how many fragments there were. The
 * flow program saw those. */
#pragma once

#include "dropped.h"

/* The smallest fragments that are possible: headers and 8 bytes. */
#define FRAGMENT_MIN_V4 28
#define FRAGMENT_MIN_V6 56
#define FRAGMENT_HEADER 8
/* The most pieces of one packet that are counted one by one. */
#define PIECES_MAX 64

/* The size of the largest fragment, as IPv4 and IPv6 keep it in `cb`. */
static __always_inline __u32 largest_fragment(struct sk_buff *skb, int is_ipv6)
{
	__u16 largest = 0;

	if (is_ipv6)
		READ_FIELD(&largest, struct inet6_skb_parm, &skb->cb, frag_max_size);
	else
		READ_FIELD(&largest, struct inet_skb_parm, &skb->cb, frag_max_size);
	return largest;
}

/* A packet and those that hang on it. */
static __always_inline __u32 pieces_held(struct sk_buff *list)
{
	__u32 pieces = 1;

	for (int i = 0; i < PIECES_MAX && list; i++) {
		struct sk_buff *next = 0;

		READ_FIELD(&next, struct sk_buff, list, next);
		list = next;
		pieces++;
	}
	return pieces;
}

/* All fragments of a packet but the last are equally large as a rule, and the kernel remembers the largest. Where it
 * still holds more pieces than that makes, their number counts. */
static __always_inline void count_pieces(const struct packet *packet, struct flow *flow)
{
	struct sk_buff *skb = packet->source.skb, *list = 0;
	int is_ipv6 = flow->key.bits & FLOW_IPV6;
	__u32 largest = largest_fragment(skb, is_ipv6), header, payload, room, pieces, held;
	__u8 parts = 0;

	/* Only a packet in several parts was put together: in others `cb` may be anything. */
	READ_FIELD(&list, struct skb_shared_info, shared_info(skb), frag_list);
	READ_FIELD(&parts, struct skb_shared_info, shared_info(skb), nr_frags);
	if ((!list && !parts) || packet->segment_payload || packet->is_fragment)
		return;
	if (largest < (is_ipv6 ? FRAGMENT_MIN_V6 : FRAGMENT_MIN_V4) || largest >= packet->length)
		return;
	header = packet->transport_at + (is_ipv6 ? FRAGMENT_HEADER : 0);
	if (largest < header + 8)
		return;
	payload = packet->length - packet->transport_at;
	room = (largest - header) & ~7U;
	pieces = (payload + room - 1) / room;
	held = pieces_held(list);
	if (held > pieces)
		pieces = held;
	flow->value.packets = pieces;
	flow->value.bytes = payload + (__u64)pieces * header;
	flow->value.flag[FLAG_REASSEMBLED] = 1;
}
