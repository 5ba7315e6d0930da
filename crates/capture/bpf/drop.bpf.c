/* Counts the packets that this host refuses: by its firewall, by a program of traffic control, by a cgroup's egress
 * program, or by the reverse-path filter. Needs a kernel that says why it drops a packet (5.18) and that describes its
 * types (BTF).
 *
 * One program on the tracepoint skb:kfree_skb. For a packet that was refused it finds the interface and the direction
 * it was refused on, rebuilds the key that the flow program counts the packet under, and adds it to the slot of its
 * window. It runs for packets that are dropped, never for those that pass. */
#include "dropped.h"
#include "fragments.h"
#include "segments.h"
#include "pieces.h"
#include "conntrack.h"

LICENSE("Dual MIT/GPL");

/* The network namespace to watch, by inode number. Set before loading. */
const volatile __u32 namespace_inode = 0;

/* Our own deny rules mark a packet with this byte on top and their number below. */
#define RULE_TAG 0x57000000
#define RULE_TAG_MASK 0xff000000

#define IFF_LOOPBACK 0x8
/* What stands in for a route in a bridge, and for a tunnel's addresses. */
#define DST_FAKE_RTABLE 0x10
#define DST_METADATA 0x80
#define ROUTE_POINTER(tagged) ((tagged) & ~7UL)

/* What refused a packet; src/ebpf/refusals.rs has the same numbers. */
enum refuser {
	NOBODY = 0,
	FIREWALL,
	TRAFFIC_CONTROL,
	CGROUP,
	REVERSE_PATH_FILTER,
};

struct total_key {
	__u32 ifindex;
	__u32 rule;
	__u8 bits;
	__u8 refuser;
	__u8 pad[2];
};

/* IP packets refused since the program was loaded, as large as the kernel handles them: what a firewall's own counters
 * count. Those for which it has no room are under 0. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, sizeof(struct total_key));
	__uint(value_size, sizeof(__u64));
	__uint(max_entries, 4096);
} totals SEC(".maps");

/* Where a packet was refused. */
struct place {
	__u32 ifindex;
	__u32 namespace_inode;
	__u8 bits;
};

/* Who decided that the packet must not pass. What sockets, memory and queues drop had passed. */
static __always_inline int refuser_of(int reason)
{
	if (IS_REASON(reason, SKB_DROP_REASON_NETFILTER_DROP))
		return FIREWALL;
	if (IS_REASON(reason, SKB_DROP_REASON_TC_INGRESS) || IS_REASON(reason, SKB_DROP_REASON_TC_EGRESS))
		return TRAFFIC_CONTROL;
	if (IS_REASON(reason, SKB_DROP_REASON_BPF_CGROUP_EGRESS))
		return CGROUP;
	return IS_REASON(reason, SKB_DROP_REASON_IP_RPFILTER) ? REVERSE_PATH_FILTER : NOBODY;
}

static __always_inline int ifindex_of(struct net_device *device)
{
	int ifindex = 0;

	READ_FIELD(&ifindex, struct net_device, device, ifindex);
	return ifindex;
}

/* The device of the packet's route; 0 when it has no route yet. */
static __always_inline struct net_device *route_device(struct sk_buff *skb)
{
	struct net_device *device = 0;
	unsigned long route = ROUTE_POINTER(skb->_skb_refdst);
	__u16 flags = 0;

	if (!route)
		return 0;
	READ_FIELD(&flags, struct dst_entry, route, flags);
	if (!(flags & (DST_FAKE_RTABLE | DST_METADATA)))
		READ_FIELD(&device, struct dst_entry, route, dev);
	return device;
}

static __always_inline int is_loopback(struct net_device *device)
{
	unsigned int flags = 0;

	READ_FIELD(&flags, struct net_device, device, flags);
	return flags & IFF_LOOPBACK;
}

static __always_inline __u32 namespace_of(struct net_device *device)
{
	struct net *net = 0;
	__u32 inode = 0;

	READ_FIELD(&net, struct net_device, device, nd_net.net);
	READ_FIELD(&inode, struct net, net, ns.inum);
	return inode;
}

/* The link-layer header is in front of the packet: it was being sent. */
static __always_inline int has_link_header(struct sk_buff *skb)
{
	return skb->data < skb->head + skb->network_header;
}

/* A packet of this host's own, before it has a device, or has that of the loopback while it is being refused. */
static __always_inline int has_no_device_yet(struct net_device *device)
{
	return !device || is_loopback(device);
}

/* On which interface, and which way, a packet was refused.
 *
 *   refused by                         device               direction
 *   tc                                 the packet's         as the reason says
 *   netdev egress (L2 header in front) the packet's         egress
 *   output of this host                the packet's,        egress
 *                                      else the route's
 *   postrouting of a forwarded packet  the packet's         egress
 *   everything else                    that it came in on   ingress
 */
static __always_inline int find_place(struct place *place, struct sk_buff *skb, int reason)
{
	struct net_device *device = skb->dev;
	struct net_device *route = route_device(skb);
	int came_in_on = skb->skb_iif;

	place->bits = FLOW_COUNTED;
	if (IS_REASON(reason, SKB_DROP_REASON_TC_INGRESS)) {
		came_in_on = ifindex_of(device);
	} else if (IS_REASON(reason, SKB_DROP_REASON_TC_EGRESS)) {
		place->bits = FLOW_EGRESS | FLOW_COUNTED;
	} else if (device && has_link_header(skb)) {
		place->bits = FLOW_EGRESS;
	} else if (came_in_on == 0) {
		place->bits = FLOW_EGRESS;
		if (has_no_device_yet(device) && route)
			device = route;
	} else if (device && device == route && ifindex_of(device) != came_in_on) {
		place->bits = FLOW_EGRESS;
	}
	if (!device)
		return 0;
	place->ifindex = place->bits & FLOW_EGRESS ? ifindex_of(device) : came_in_on;
	place->namespace_inode = namespace_of(device);
	return 1;
}

static __always_inline __u32 rule_of(__u32 mark)
{
	return (mark & RULE_TAG_MASK) == RULE_TAG ? mark : 0;
}

static __always_inline void count_total(const struct flow_key *flow, __u8 refuser)
{
	struct total_key key = {
		.ifindex = flow->ifindex,
		.rule = flow->rule,
		.bits = flow->bits & FLOW_EGRESS,
		.refuser = refuser,
	};
	__u64 none = 0, *count = bpf_map_lookup_elem(&totals, &key);

	if (!count) {
		bpf_map_update_elem(&totals, &key, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&totals, &key);
	}
	if (!count) {
		struct total_key others = {};

		count = bpf_map_lookup_elem(&totals, &others);
	}
	if (count)
		__sync_fetch_and_add(count, 1);
}

SEC("tp_btf/kfree_skb")
int refused(unsigned long long *context)
{
	struct sk_buff *skb = (struct sk_buff *)context[0];
	int reason = (int)context[2], refuser = refuser_of(reason);
	struct packet packet = { .source.skb = skb };
	struct flow flow = {};
	struct place place = {};

	if (!refuser || !find_place(&place, skb, reason) || place.namespace_inode != namespace_inode)
		return 0;
	flow.key.bits = place.bits | FLOW_REJECT;
	flow.key.ifindex = place.ifindex;
	flow.key.rule = rule_of(skb->mark);
	/* What is not IP makes no record, as where it was seen. */
	if (read_packet(&packet, &flow))
		return 0;
	count_total(&flow.key, refuser);
	flow.value.first_ns = flow.value.last_ns = bpf_ktime_get_boot_ns();
	if (packet.is_fragment)
		file_fragment(&packet, &flow);
	find_segments(&packet);
	count_segments(&packet, &flow.value);
	count_pieces(&packet, &flow);
	if (!(place.bits & FLOW_EGRESS))
		restore_wire_key(&flow.key, skb);
	count_flow(&flow);
	return 0;
}
