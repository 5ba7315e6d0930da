/* Undoes address translation: a packet that is refused on its way in may already carry translated addresses, while
 * the flow program saw it as it was on the wire. Connection tracking remembers that. */
#pragma once

#include "btf.h"
#include "packet.h"

/* The low bits of `_nfct` say which way the packet goes and how it belongs to the connection. */
#define CT_POINTER(tagged) ((tagged) & ~7UL)
#define CT_INFO(tagged) ((tagged) & 7)
#define CT_RELATED 1
#define CT_IS_REPLY 3

#define TUPLE_HASH_SIZE 56
#define TUPLE_AT 16
/* Where the tuples are in `nf_conn` when its type is not described, because connection tracking is a module: behind
 * a reference count, a lock, a timeout and the zone, on every 64-bit kernel without lock debugging. */
#define TUPLES_USUALLY_AT 16

#define FAMILY_IPV4 2
#define FAMILY_IPV6 10

/* `struct nf_conntrack_tuple`, unchanged since Linux 2.6. */
struct tuple {
	__u8 source[16];
	__u16 source_port;
	__u16 family;
	__u8 destination[16];
	__u16 destination_port;
	__u8 protocol;
	__u8 direction;
} __attribute__((aligned(8)));

static __always_inline int same_address(const __u8 *a, const __u8 *b)
{
	const __u32 *x = (const __u32 *)a, *y = (const __u32 *)b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3];
}

/* The tuple of the packet's own direction: what was on the wire. 0 when there is none, or it is not certain. */
static __always_inline int read_tuple(struct tuple *tuple, unsigned long tagged, const struct flow_key *key)
{
	__u32 direction = CT_INFO(tagged) >= CT_IS_REPLY;
	unsigned long tuples_at = TUPLES_USUALLY_AT;
	__u16 family = key->bits & FLOW_IPV6 ? FAMILY_IPV6 : FAMILY_IPV4;

	if (TYPE_EXISTS(struct nf_conn))
		tuples_at = OFFSET_OF(struct nf_conn, tuplehash);
	unsigned long at = CT_POINTER(tagged) + tuples_at + direction * TUPLE_HASH_SIZE + TUPLE_AT;
	if (bpf_probe_read_kernel(tuple, sizeof(*tuple), (const void *)at))
		return 0;
	return tuple->family == family && tuple->direction == direction;
}

/* Gives a packet that came in the addresses and ports that it came in with. */
static __always_inline void restore_wire_key(struct flow_key *key, const struct sk_buff *skb)
{
	unsigned long tagged = FIELD_EXISTS(skb->_nfct) ? skb->_nfct : 0;
	struct tuple tuple;

	if (!CT_POINTER(tagged) || !read_tuple(&tuple, tagged, key))
		return;
	if (CT_INFO(tagged) % CT_IS_REPLY == CT_RELATED && (key->protocol == ICMP || key->protocol == ICMPV6)) {
		/* An error about the connection: so far only its destination was translated. */
		__builtin_memcpy(key->destination, tuple.destination, 16);
		return;
	}
	if (tuple.protocol != key->protocol || !same_address(tuple.source, key->source))
		return;
	__builtin_memcpy(key->destination, tuple.destination, 16);
	if (key->source_port || key->destination_port) {
		key->source_port = tuple.source_port;
		key->destination_port = tuple.destination_port;
	}
}
