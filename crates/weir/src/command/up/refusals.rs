//! What the host refused, for the report.

use std::sync::{Mutex, PoisonError};

use weir_capture::live::{RefusalTotal, Refused, Refuser};

use crate::report::{RefusalsReport, RefusedReport};

/// `None` when that is not watched.
pub(super) fn report(refused: &Mutex<Option<Refused>>) -> Option<RefusalsReport> {
    let refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
    let refused = refused.as_ref()?;
    let as_of_ms = u64::try_from(refused.as_of_ns / 1_000_000).unwrap_or(0);
    let places = refused.totals.iter().map(place).collect();
    Some(RefusalsReport { as_of_ms, refused: places, unmatched: refused.unmatched })
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
