//! Flows that the kernel had no room for, put together from their packets.

use crate::ebpf::{abi::Record, reconcile::Flows};

/// Those of the window that is open, and of the one after it.
#[derive(Default)]
pub(super) struct Spilled {
    present: Flows,
    next: Flows,
}

impl Spilled {
    /// Adds a packet, unless that would make more than `most` flows of its window: then it is handed back.
    pub(super) fn add(&mut self, packet: &Record, boundary_ns: u64, most: usize) -> Result<(), Record> {
        let flows = if packet.counts.first_ns < boundary_ns { &mut self.present } else { &mut self.next };
        if let Some(counts) = flows.get_mut(&packet.key) {
            counts.add(&packet.counts);
        } else if flows.len() < most {
            flows.insert(packet.key, packet.counts);
        } else {
            return Err(*packet);
        }
        Ok(())
    }

    /// Takes the flows of the window that has ended; the next one is the present one now.
    pub(super) fn turn(&mut self) -> Flows {
        std::mem::replace(&mut self.present, std::mem::take(&mut self.next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ebpf::abi::{Counts, Key};

    fn packet(protocol: u8, first_ns: u64) -> Record {
        let counts = Counts { packets: 1, bytes: 10, first_ns, last_ns: first_ns, flags: [0; 8] };
        Record { key: Key { protocol, ..Key::default() }, counts }
    }

    #[test]
    fn packets_become_flows_of_their_window() {
        let mut spilled = Spilled::default();
        for (protocol, first_ns) in [(6, 99), (6, 50), (17, 100), (6, 100)] {
            assert_eq!(spilled.add(&packet(protocol, first_ns), 100, 2), Ok(()));
        }
        assert_eq!(spilled.add(&packet(1, 101), 100, 2), Err(packet(1, 101)));
        let present = spilled.turn();
        assert_eq!(present.len(), 1);
        assert_eq!((present[&packet(6, 0).key].packets, present[&packet(6, 0).key].first_ns), (2, 50));
        assert_eq!(spilled.turn().len(), 2);
        assert!(spilled.turn().is_empty());
    }
}
