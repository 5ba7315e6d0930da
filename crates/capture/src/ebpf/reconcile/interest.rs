//! Which seen flows have to wait for the refusals of their window: few. All others were accepted as they are.

use std::collections::HashSet;

use super::{Flows, Key, Look, Topology, is_portless, seen_keys, without_ports};
use crate::ebpf::abi::REASSEMBLED;

/// The flows that refusals may take packets off.
#[derive(Debug, Default)]
pub(crate) struct Interest {
    keys: HashSet<Key, foldhash::fast::RandomState>,
    /// Refused fragments without ports may belong to any flow between their addresses.
    portless: HashSet<Key, foldhash::fast::RandomState>,
}

impl Interest {
    /// Those that the refusals of a window touch, and those of the window after it.
    pub(crate) fn of(refused: &Flows, looks: &[Look], topology: &Topology) -> Self {
        let mut interest = Interest::default();
        for (key, counts) in refused {
            let alone = Flows::from_iter([(*key, *counts)]);
            for seen in seen_keys(&alone, topology) {
                interest.keys.insert(seen);
                if counts.flags[REASSEMBLED] != 0 {
                    interest.keys.insert(without_ports(seen));
                }
                if is_portless(&seen) {
                    interest.portless.insert(seen);
                }
            }
        }
        interest.keys.extend(looks.iter().flat_map(|look| seen_keys(&look.refused, topology)));
        interest
    }

    /// Whether a seen flow has to wait.
    pub(crate) fn covers(&self, seen: &Key) -> bool {
        (!self.keys.is_empty() && self.keys.contains(seen))
            || (!self.portless.is_empty() && self.portless.contains(&without_ports(*seen)))
    }
}
