/* Flows of the present and of the next window: what both objects count into, and how.
 *
 * Two hash maps, the slots, hold flows: one for the present window, one for the next. `control` says which is which:
 * the boot time at which the present window ends, with the number of the present window's slot in its lowest bit. A
 * packet from before that time is counted in that slot, one from then on in the other. User space writes the word
 * at once (it maps `control`), and closes a window by putting a fresh map into its slot: see src/ebpf/slots.rs.
 *
 * A flow that a slot has no room for goes to the ring `spill`, packet by packet; a packet that the ring has no room
 * for is counted in `lost`, by interface and slot. So every packet is in exactly one of the three.
 *
 * Each object that includes this has maps of its own. */
#pragma once

#include "kernel.h"

/* Bits of `struct flow_key`. */
enum {
	FLOW_EGRESS = 1,
	FLOW_REJECT = 2,
	FLOW_IPV6 = 4,
	/* With FLOW_REJECT: the flow program had counted the packet before it was refused. */
	FLOW_COUNTED = 8,
};

/* Addresses and ports are as in the packet; an IPv4 address fills the first four bytes. All bytes count, so those
 * that are not used must be 0. */
struct flow_key {
	__u8 source[16];
	__u8 destination[16];
	__u16 source_port;
	__u16 destination_port;
	__u32 ifindex;
	__u32 rule;
	__u8 protocol;
	__u8 bits;
	__u8 pad[2];
};

/* Numbers of `flag` in `struct flow_value`: those of the bits in the field tcp-flags, one for combinations that no TCP
 * sends, and one for packets that were put together from fragments before they were refused. */
enum {
	FLAG_FIN = 0,
	FLAG_SYN = 1,
	FLAG_RST = 2,
	FLAG_SYN_ACK = 4,
	FLAG_REASSEMBLED = 6,
	FLAG_ILLEGAL = 7,
	FLAGS = 8,
};

/* One byte a flag, so that two processors can set two of them at once without atomic OR, which Linux has since 5.12
 * only. Times are boot time. */
struct flow_value {
	__u64 packets;
	__u64 bytes;
	__u64 first_ns;
	__u64 last_ns;
	union {
		__u8 flag[FLAGS];
		__u64 flags;
	};
};

/* What the ring carries: a packet, as a flow of its own. */
struct flow {
	struct flow_key key;
	struct flow_value value;
};

/* Memory is taken as flows come. An object whose programs may not do that defines it as 0. */
#ifndef SLOT_FLAGS
#define SLOT_FLAGS BPF_F_NO_PREALLOC
#endif

struct slot {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, sizeof(struct flow_key));
	__uint(value_size, sizeof(struct flow_value));
	__uint(max_entries, 1);
	__uint(map_flags, SLOT_FLAGS);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, 2);
	__array(values, struct slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
} control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} spill SEC(".maps");

struct lost_key {
	__u32 ifindex;
	__u32 slot;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, sizeof(struct lost_key));
	__uint(value_size, sizeof(__u64));
	__uint(max_entries, 4096);
} lost SEC(".maps");

/* The slot that a packet of this boot time belongs to. */
static __always_inline __u32 slot_at(__u64 now_ns)
{
	__u32 zero = 0;
	volatile __u64 *word = bpf_map_lookup_elem(&control, &zero);
	__u64 control_word = word ? *word : 0;

	return (now_ns >= (control_word & ~1ULL)) ^ (control_word & 1);
}

static __always_inline void add_to_flow(struct flow_value *flow, const struct flow_value *seen)
{
	__sync_fetch_and_add(&flow->packets, seen->packets);
	__sync_fetch_and_add(&flow->bytes, seen->bytes);
	if (seen->first_ns < flow->first_ns)
		flow->first_ns = seen->first_ns;
	if (seen->last_ns > flow->last_ns)
		flow->last_ns = seen->last_ns;
	if (!(seen->flags & ~flow->flags))
		return;
#pragma unroll
	for (int bit = 0; bit < FLAGS; bit++)
		if (seen->flag[bit])
			flow->flag[bit] = 1;
}

static __always_inline int counted_in(void *flows, const struct flow *seen)
{
	struct flow_value *flow = bpf_map_lookup_elem(flows, &seen->key);

	if (!flow) {
		if (bpf_map_update_elem(flows, &seen->key, &seen->value, BPF_NOEXIST) == 0)
			return 1;
		/* Full, or another processor was first. */
		flow = bpf_map_lookup_elem(flows, &seen->key);
		if (!flow)
			return 0;
	}
	add_to_flow(flow, &seen->value);
	return 1;
}

static __always_inline void count_lost(__u32 ifindex, __u32 slot, __u64 packets)
{
	struct lost_key key = { .ifindex = ifindex, .slot = slot };
	__u64 none = 0, *count = bpf_map_lookup_elem(&lost, &key);

	if (!count) {
		bpf_map_update_elem(&lost, &key, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&lost, &key);
	}
	if (!count) {
		/* More interfaces than the map holds: user space keeps an entry for those, interface 0. */
		key.ifindex = 0;
		count = bpf_map_lookup_elem(&lost, &key);
	}
	if (count)
		__sync_fetch_and_add(count, packets);
}

/* Counts a packet, or several handled as one. Its time is `seen->value.first_ns`, and `last_ns` the same. */
static __always_inline void count_flow(struct flow *seen)
{
	__u32 slot = slot_at(seen->value.first_ns);
	void *flows = bpf_map_lookup_elem(&slots, &slot);

	if (flows && counted_in(flows, seen))
		return;
	if (bpf_ringbuf_output(&spill, seen, sizeof(*seen), 0))
		count_lost(seen->key.ifindex, slot, seen->value.packets);
}

/* Marks in `value` what a TCP packet with this byte 13 adds to the field tcp-flags. */
static __always_inline void set_tcp_flags(struct flow_value *value, __u8 flags)
{
	__u8 fin_syn_rst = flags & 7;

	if (fin_syn_rst & (fin_syn_rst - 1)) {
		value->flag[FLAG_ILLEGAL] = 1;
		return;
	}
	value->flag[FLAG_FIN] = flags & 1;
	value->flag[FLAG_SYN] = (flags >> 1) & 1;
	value->flag[FLAG_RST] = (flags >> 2) & 1;
	value->flag[FLAG_SYN_ACK] = (flags & 0x12) == 0x12;
}
