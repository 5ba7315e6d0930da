//! This program's own figures for Prometheus.

use weir_watch::metric::Gauge;

use crate::report::{InterfaceReport, Report};

/// What of an interface is counted: name, help, and where it stands.
type PerInterface = (&'static str, &'static str, fn(&InterfaceReport) -> u64);

const PER_INTERFACE: &[PerInterface] = &[
    ("weir_packets_seen_total", "Packets that passed.", |interface| interface.packets_seen),
    ("weir_packets_recorded_total", "Packets that went into records.", |interface| interface.packets_recorded),
    ("weir_packets_left_out_total", "Packets that flow logs leave out.", |interface| interface.packets_left_out),
    ("weir_packets_lost_total", "Packets that no record shows.", |interface| interface.packets_lost),
    ("weir_bytes_recorded_total", "Bytes that went into records.", |interface| interface.bytes_recorded),
    ("weir_records_total", "Records made.", |interface| interface.records),
];

/// Everything that only grows, and then what goes up and down.
pub(super) fn figures(report: &Report) -> Vec<Gauge> {
    let (delivery, watching) = (&report.delivery, &report.watching);
    let mut figures: Vec<Gauge> = PER_INTERFACE.iter().map(|figure| per_interface(report, figure)).collect();
    let counters = [
        ("weir_delivered_objects_total", "Objects written to the bucket.", delivery.objects),
        ("weir_delivered_records_total", "Records in them.", delivery.records),
        ("weir_delivery_failures_total", "Attempts to deliver that failed.", delivery.failures),
        ("weir_dropped_records_total", "Records that neither disk nor memory took.", delivery.dropped_records),
        ("weir_log_events_total", "Events that log groups took.", watching.events),
        ("weir_log_events_rejected_total", "Events that were too old, too new or expired.", watching.rejected_events),
        ("weir_notices_sent_total", "Mails and POSTs that arrived.", watching.notices.sent),
        ("weir_notice_failures_total", "Tries to send that failed.", watching.notices.failed_attempts),
        ("weir_notices_given_up_total", "Mails and POSTs that became dead letters.", watching.notices.dead),
        (
            "weir_lost_bucket_notifications_total",
            "Notifications of buckets that no queue and no topic took.",
            watching.lost_notifications,
        ),
    ];
    figures.extend(counters.map(|(name, help, value)| one(name, help, true, value)));
    figures.push(one("weir_waiting_records", "Records that wait for delivery.", false, delivery.waiting_records));
    figures.push(one("weir_waiting_notices", "Mails and POSTs that wait.", false, watching.notices.waiting));
    figures.push(alarms(report));
    figures
}

fn per_interface(report: &Report, (name, help, value): &PerInterface) -> Gauge {
    let samples = report.interfaces.iter().map(|interface| {
        let labels = [("interface", &interface.name), ("interface_id", &interface.id)];
        (labels.map(|(label, value)| (label.to_owned(), value.clone())).to_vec(), value(interface) as f64)
    });
    Gauge { name: (*name).into(), help: (*help).into(), counter: true, samples: samples.collect() }
}

fn one(name: &str, help: &str, counter: bool, value: u64) -> Gauge {
    Gauge { name: name.into(), help: help.into(), counter, samples: vec![(Vec::new(), value as f64)] }
}

fn alarms(report: &Report) -> Gauge {
    let samples =
        report.watching.alarms.iter().map(|alarm| {
            (vec![("alarm".to_owned(), alarm.name.clone())], if alarm.state == "ALARM" { 1.0 } else { 0.0 })
        });
    let (name, help) = ("weir_alarm", "Whether an alarm is in the state ALARM.");
    Gauge { name: name.into(), help: help.into(), counter: false, samples: samples.collect() }
}
