/* Finds the flow of later fragments: the same rules as src/fragment.rs. */
#pragma once

#include "packet.h"

/* As long as Linux keeps fragments for reassembly by default (net.ipv4.ipfrag_time). */
#define FRAGMENT_LIFETIME_NS 30000000000ULL

struct fragment_key {
	__u8 source[16];
	__u8 destination[16];
	__u32 id;
	/* 0 for IPv6, where later fragments need not name the transport protocol (RFC 8200, 4.5). */
	__u8 protocol;
	__u8 pad[3];
};

struct fragment_value {
	__u64 learnt_ns;
	__u16 source_port;
	__u16 destination_port;
	__u8 protocol;
	__u8 pad[3];
};

/* Ports of fragmented packets: only the first fragment carries them. The oldest goes first; a later fragment without
 * its first is counted all the same, with ports 0. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(key_size, sizeof(struct fragment_key));
	__uint(value_size, sizeof(struct fragment_value));
	__uint(max_entries, 4096);
} fragments SEC(".maps");

/* Learns from a first fragment; gives a later one the ports and the protocol of its first. 0 when that is not known. */
static __always_inline int file_fragment(const struct packet *packet, struct flow *flow)
{
	struct flow_key *key = &flow->key;
	struct fragment_key fragment = { .id = packet->fragment_id };
	struct fragment_value *known;

	__builtin_memcpy(fragment.source, key->source, 16);
	__builtin_memcpy(fragment.destination, key->destination, 16);
	fragment.protocol = key->bits & FLOW_IPV6 ? 0 : key->protocol;
	if (!packet->is_later_fragment) {
		struct fragment_value first = {
			.learnt_ns = flow->value.first_ns,
			.source_port = key->source_port,
			.destination_port = key->destination_port,
			.protocol = key->protocol,
		};

		bpf_map_update_elem(&fragments, &fragment, &first, BPF_ANY);
		return 1;
	}
	known = bpf_map_lookup_elem(&fragments, &fragment);
	if (!known || flow->value.first_ns - known->learnt_ns > FRAGMENT_LIFETIME_NS)
		return 0;
	key->source_port = known->source_port;
	key->destination_port = known->destination_port;
	key->protocol = known->protocol;
	return 1;
}
