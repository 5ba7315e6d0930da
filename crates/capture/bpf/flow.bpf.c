/* Counts the packets of an interface into flows, at TCX or clsact, ingress and egress. Uses no type information of the
 * kernel, so it loads on kernels without BTF. It changes nothing and hands every packet on. */
#include "segments.h"

LICENSE("Dual MIT/GPL");

/* Room for the headers of any packet, if they have to be gathered first. */
#define HEADERS_MAX 256
/* As long as Linux keeps fragments for reassembly by default (net.ipv4.ipfrag_time). */
#define FRAGMENT_LIFETIME_NS 30000000000ULL

/* Numbers in `totals`. */
enum {
	TOTAL_FRAMES = 0,
	TOTAL_UNMATCHED_FRAGMENTS = 1,
	TOTALS = 2,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
	__uint(max_entries, TOTALS);
} totals SEC(".maps");

/* Packets that are not counted, by reason (upper half) and EtherType (lower half). Those for which it has no room are
 * under 0. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
	__uint(max_entries, 256);
} skips SEC(".maps");

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

static __always_inline void count_total(__u32 which)
{
	__u64 *total = bpf_map_lookup_elem(&totals, &which);

	if (total)
		(*total)++;
}

static __noinline int count_skip(__u32 reason)
{
	__u64 one = 1, *count = bpf_map_lookup_elem(&skips, &reason);

	if (!count && bpf_map_update_elem(&skips, &reason, &one, BPF_NOEXIST) == 0)
		return 0;
	if (!count)
		count = bpf_map_lookup_elem(&skips, &reason);
	if (!count) {
		reason = 0;
		count = bpf_map_lookup_elem(&skips, &reason);
	}
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

/* Learns from a first fragment; gives a later one the ports and the protocol of its first. */
static __always_inline void file_fragment(const struct packet *packet, struct flow *flow)
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
		return;
	}
	known = bpf_map_lookup_elem(&fragments, &fragment);
	if (!known || flow->value.first_ns - known->learnt_ns > FRAGMENT_LIFETIME_NS) {
		count_total(TOTAL_UNMATCHED_FRAGMENTS);
		return;
	}
	key->source_port = known->source_port;
	key->destination_port = known->destination_port;
	key->protocol = known->protocol;
}

static __noinline int count_packet(struct __sk_buff *skb, __u32 bits)
{
	struct packet packet = { .skb = skb };
	struct flow flow = { .key = { .bits = bits, .ifindex = skb->ifindex } };
	int skip = read_packet(&packet, &flow);

	if (skip)
		return skip << 16 | (skip == SKIP_NOT_IP ? packet.ether_type : 0);
	flow.value.first_ns = flow.value.last_ns = bpf_ktime_get_boot_ns();
	if (packet.is_fragment)
		file_fragment(&packet, &flow);
	count_segments(&packet, &flow.value);
	count_flow(&flow);
	return COUNTED;
}

static __always_inline int count(struct __sk_buff *skb, __u32 bits)
{
	int reason = count_packet(skb, bits), skip = reason >> 16;

	count_total(TOTAL_FRAMES);
	if (skip >= SKIP_CUT_LINK && skip <= SKIP_CUT_TRANSPORT) {
		/* Some network cards leave the headers in pieces. */
		bpf_skb_pull_data(skb, skb->len < HEADERS_MAX ? skb->len : HEADERS_MAX);
		reason = count_packet(skb, bits);
	}
	if (reason)
		count_skip(reason);
	return TC_ACT_UNSPEC;
}

SEC("classifier")
int flow_ingress(struct __sk_buff *skb)
{
	return count(skb, 0);
}

SEC("classifier")
int flow_egress(struct __sk_buff *skb)
{
	return count(skb, FLOW_EGRESS);
}
