//! What the host refused, for the report.

use std::sync::{Arc, Mutex, PoisonError};

use weir_capture::live::{RefusalTotal, Refused, Refuser};

use crate::report::{RefusalsReport, RefusedReport};

/// What all captures saw refused.
#[derive(Debug, Clone, Default)]
pub(super) struct Refusals {
    before: Refused,
    /// Of the last one, which goes on counting; `None` in it when that is not watched.
    now: Arc<Mutex<Option<Refused>>>,
}

impl Refusals {
    /// Goes on with another capture.
    pub(super) fn follow(&mut self, now: Arc<Mutex<Option<Refused>>>) {
        self.before = self.sum().unwrap_or_else(|| std::mem::take(&mut self.before));
        self.now = now;
    }

    /// `None` when that is not watched.
    pub(super) fn report(&self) -> Option<RefusalsReport> {
        let refused = self.sum()?;
        let as_of_ms = u64::try_from(refused.as_of_ns / 1_000_000).unwrap_or(0);
        let places = refused.totals.iter().map(place).collect();
        Some(RefusalsReport { as_of_ms, refused: places, unmatched: refused.unmatched })
    }

    fn sum(&self) -> Option<Refused> {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let mut totals = self.before.totals.clone();
        for total in now.totals {
            match totals.iter_mut().find(|known| same_place(known, &total)) {
                Some(known) => known.packets += total.packets,
                None => totals.push(total),
            }
        }
        Some(Refused { as_of_ns: now.as_of_ns, totals, unmatched: self.before.unmatched + now.unmatched })
    }
}

fn same_place(one: &RefusalTotal, other: &RefusalTotal) -> bool {
    RefusalTotal { packets: 0, ..*one } == RefusalTotal { packets: 0, ..*other }
}

fn place(total: &RefusalTotal) -> RefusedReport {
    let refused_by = match total.refuser {
        Refuser::Firewall => "firewall",
        Refuser::TrafficControl => "traffic control",
        Refuser::Cgroup => "cgroup",
        Refuser::ReversePathFilter => "reverse-path filter",
        Refuser::Unknown => "unknown",
    };
    RefusedReport {
        interface_index: total.ifindex,
        direction: total.direction.as_str().to_owned(),
        refused_by: refused_by.to_owned(),
        mark: total.rule,
        packets: total.packets,
    }
}

#[cfg(test)]
mod tests {
    use weir_network::Direction::Ingress;

    use super::*;

    fn refused(totals: &[(u32, u64)], unmatched: u64) -> Arc<Mutex<Option<Refused>>> {
        let total = |&(ifindex, packets)| RefusalTotal {
            ifindex,
            direction: Ingress,
            refuser: Refuser::Firewall,
            rule: 0,
            packets,
        };
        Arc::new(Mutex::new(Some(Refused { as_of_ns: 0, totals: totals.iter().map(total).collect(), unmatched })))
    }

    fn told(refusals: &Refusals) -> Option<(Vec<(u32, u64)>, u64)> {
        let report = refusals.report()?;
        Some((report.refused.iter().map(|place| (place.interface_index, place.packets)).collect(), report.unmatched))
    }

    #[test]
    fn a_capture_that_is_tried_again_goes_on_counting() {
        let mut refusals = Refusals::default();
        assert_eq!(told(&refusals), None);
        refusals.follow(refused(&[(2, 5)], 1));
        // One that does not watch what is refused.
        refusals.follow(Arc::default());
        assert_eq!(told(&refusals), None);
        refusals.follow(refused(&[(3, 1), (2, 7)], 1));
        assert_eq!(told(&refusals), Some((vec![(2, 12), (3, 1)], 2)));
        refusals.follow(refused(&[], 0));
        assert_eq!(told(&refusals), Some((vec![(2, 12), (3, 1)], 2)));
    }
}
