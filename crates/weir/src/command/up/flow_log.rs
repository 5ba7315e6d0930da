//! The flow log that `weir up` records: its definition and its id.

use std::fs;

use anyhow::{Context as _, Result};
use weir_capture::interfaces;
use weir_network::{Destination, DestinationOptions, FlowLog, TrafficType};
use weir_store::{Buckets, DataDirectory, Delivery, DeliveryOptions};

use super::BUCKET;
use crate::{definitions, interface_id::digits, settings::Settings};

/// The flow log that the settings describe. As at AWS a flow log never changes: other settings make another one, and
/// the same settings on the same machine always the same.
pub(super) fn define(settings: &Settings) -> Result<FlowLog> {
    let options = DestinationOptions {
        file_format: settings.file_format,
        hive_compatible_partitions: settings.hive_compatible_partitions,
        per_hour_partition: settings.per_hour_partition,
    };
    let mut flow_log = FlowLog {
        id: String::new(),
        account_id: settings.account.as_str().to_owned(),
        region: settings.region.clone(),
        traffic_type: TrafficType::All,
        log_format: settings.format.clone().unwrap_or_default(),
        max_aggregation_interval: settings.interval,
        destination: Destination::Bucket { bucket: BUCKET.into(), folder: String::new(), options },
    };
    let machine = interfaces::machine_id().unwrap_or_default();
    let definition = serde_json::to_string(&flow_log).context("cannot write down the flow log")?;
    flow_log.id = format!("fl-{}", digits(&format!("{machine} {definition}")));
    Ok(flow_log)
}

/// Delivers what runs with other settings left in the spool. Gives what could not be delivered, in words: it stays there.
pub(super) async fn deliver_leftovers(
    data: &DataDirectory,
    buckets: &Buckets,
    flow_log: &FlowLog,
    now: i64,
) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let Ok(spools) = fs::read_dir(data.path().join("spool")) else { return Ok(problems) };
    for spool in spools.flatten() {
        let Ok(id) = spool.file_name().into_string() else { continue };
        if id == flow_log.id || !id.starts_with("fl-") {
            continue;
        }
        let earlier = definitions::read(data.path(), &id)?.unwrap_or_else(|| FlowLog { id, ..flow_log.clone() });
        match Delivery::open(data, buckets, &earlier, DeliveryOptions::default()) {
            Ok(delivery) => drop(delivery.close(now).await),
            Err(error) => problems.push(format!("records of flow log {} wait: {error}", earlier.id)),
        }
    }
    Ok(problems)
}
