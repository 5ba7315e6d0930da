//! Many packets, of which the firewall refuses some at random.

use weir_network::Action;

use crate::lab::{HOST, Lab, Recording, send};

const PACKETS: usize = 200_000;

/// 200,000 packets over several windows, three in ten refused: refused is what the firewall counted, and accepted the
/// rest, to the packet.
#[test]
fn one_in_three_at_random() {
    let lab = Lab::new();
    lab.firewall(
        "table inet t { counter refused { }
            chain c { type filter hook prerouting priority -300;
                udp dport 9 numgen random mod 10 < 3 counter name refused drop
            }
        }",
    );
    let recording = Recording::start(&lab.host, &["in0"]);
    send(&lab.client, HOST, 9, 100, PACKETS);
    let recorded = recording.stop();
    let refused = lab.counter("inet t", "refused");
    assert!((50_000..70_000).contains(&refused), "{refused}");
    assert_eq!(recorded.packets(Action::Reject), refused);
    let sums = recorded.sums();
    let ingress = sums.iter().filter(|(flow, _)| flow.starts_with("in0 ingress ACCEPT") && flow.contains(" 17"));
    let accepted: u64 = ingress.map(|(_, sum)| sum.packets).sum();
    assert_eq!(accepted, PACKETS as u64 - refused);
    assert_eq!((recorded.totals.lost, recorded.totals.unmatched_refusals), (0, 0));
}
