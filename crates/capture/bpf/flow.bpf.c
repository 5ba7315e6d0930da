/* Counts the packets of an interface into flows, at TCX or clsact, ingress and egress. Uses no type information of the
 * kernel, so it loads on kernels without BTF. It changes nothing and hands every packet on. */
#include "tc.h"
#include "fragments.h"
#include "segments.h"

LICENSE("Dual MIT/GPL");

/* Room for the headers of any packet, if they have to be gathered first. */
#define HEADERS_MAX 256

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

static __noinline int count_packet(struct __sk_buff *skb, __u32 bits)
{
	struct packet packet = { .source.skb = skb, .segment_payload = skb->gso_size, .segments = skb->gso_segs };
	struct flow flow = { .key = { .bits = bits, .ifindex = skb->ifindex } };
	int skip = read_packet(&packet, &flow);

	if (skip)
		return skip << 16 | (skip == SKIP_NOT_IP ? packet.ether_type : 0);
	flow.value.first_ns = flow.value.last_ns = bpf_ktime_get_boot_ns();
	if (packet.is_fragment && !file_fragment(&packet, &flow))
		count_total(TOTAL_UNMATCHED_FRAGMENTS);
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
