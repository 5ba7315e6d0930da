/* The parts of the kernel's structures that the drop program reads. Offsets are those of the running kernel: each
 * access is relocated when the program is loaded (CO-RE), so only names and types matter here, not the order. */
#pragma once

#include "kernel.h"

#define KERNEL __attribute__((preserve_access_index))

struct ns_common {
	unsigned int inum;
} KERNEL;

struct net {
	struct ns_common ns;
} KERNEL;

typedef struct {
	struct net *net;
} KERNEL possible_net_t;

struct net_device {
	int ifindex;
	unsigned int flags;
	possible_net_t nd_net;
} KERNEL;

struct dst_entry {
	struct net_device *dev;
	unsigned short flags;
} KERNEL;

struct sk_buff {
	struct sk_buff *next;
	struct net_device *dev;
	char cb[48];
	unsigned long _skb_refdst;
	unsigned long _nfct;
	unsigned int len;
	unsigned short protocol;
	unsigned short network_header;
	int skb_iif;
	unsigned int mark;
	unsigned int end;
	unsigned char *head;
	unsigned char *data;
} KERNEL;

struct skb_shared_info {
	unsigned char nr_frags;
	unsigned short gso_size;
	unsigned short gso_segs;
	struct sk_buff *frag_list;
} KERNEL;

/* What IPv4 and IPv6 keep in `cb` while they hold a packet. */
struct inet_skb_parm {
	unsigned short frag_max_size;
} KERNEL;

struct inet6_skb_parm {
	unsigned short frag_max_size;
} KERNEL;

struct nf_conn {
	struct {
		char bytes[56];
	} tuplehash[2];
} KERNEL;

/* The numbers change from kernel to kernel; only the names are used. */
enum skb_drop_reason {
	SKB_DROP_REASON_NETFILTER_DROP = 1,
	SKB_DROP_REASON_IP_RPFILTER,
	SKB_DROP_REASON_TC_INGRESS,
	SKB_DROP_REASON_TC_EGRESS,
	SKB_DROP_REASON_BPF_CGROUP_EGRESS,
};

/* 1 when the running kernel has this reason. */
#define REASON_EXISTS(reason) __builtin_preserve_enum_value(*(enum skb_drop_reason *)reason, 0)
/* Its number there. */
#define REASON_VALUE(reason) __builtin_preserve_enum_value(*(enum skb_drop_reason *)reason, 1)
#define IS_REASON(value, reason) (REASON_EXISTS(reason) && (value) == (int)REASON_VALUE(reason))

/* 1 when the running kernel's type information has this structure. */
#define TYPE_EXISTS(type) __builtin_preserve_type_info(*(type *)0, 0)
/* 1 when the running kernel's structure has this field. */
#define FIELD_EXISTS(field) __builtin_preserve_field_info(field, 2)
/* Where a field is in the running kernel's structure. */
#define OFFSET_OF(type, field) __builtin_preserve_field_info(((type *)0)->field, 0)

/* Reads a field of a structure whose address is only a number to the verifier. */
#define READ_FIELD(to, type, address, field) \
	bpf_probe_read_kernel((to), sizeof(*(to)), __builtin_preserve_access_index(&((type *)(address))->field))
