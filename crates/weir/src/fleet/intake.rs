//! Batches of agents, into the delivery of their flow log.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use arrow::{array::AsArray as _, record_batch::RecordBatch};
use weir_network::{FlowLog, IdKind};
use weir_record::Field;
use weir_store::{Buckets, DataDirectory, Delivery, DeliveryOptions, FinishedWindow, Origin, Taken};
use weir_uplink::{
    Accepted, BatchId,
    batch::{self, Span},
};

use super::{refusal::Refusal, roster::Roster};
use crate::{
    countries::{self, Countries},
    definitions,
};

/// Takes batches of the flow log that is recorded now, and of those before it: an agent that was cut off while the
/// settings changed still has some.
pub struct Intake {
    data: Arc<DataDirectory>,
    buckets: Buckets,
    current: Known,
    earlier: Mutex<BTreeMap<String, Known>>,
    countries: Countries,
    taken: super::Taken,
}

/// A flow log and its delivery.
#[derive(Clone)]
struct Known {
    flow_log: Arc<FlowLog>,
    delivery: Arc<Delivery>,
}

/// A batch as it came, and from whom.
pub struct Arrived<'a> {
    /// The host.
    pub host: &'a str,
    /// The flow log that it says the batch is of.
    pub flow_log: &'a str,
    /// Which batch.
    pub id: BatchId,
    /// Of which window.
    pub span: Span,
    /// The records.
    pub body: &'a [u8],
}

impl Intake {
    /// Takes for this flow log. Keeps its definition, for batches that come after it was replaced.
    ///
    /// # Errors
    /// When the definition cannot be kept.
    pub fn new(
        data: Arc<DataDirectory>,
        buckets: Buckets,
        flow_log: FlowLog,
        delivery: Arc<Delivery>,
        countries: Countries,
        taken: super::Taken,
    ) -> Result<Self> {
        definitions::keep(data.path(), &flow_log)?;
        let current = Known { flow_log: Arc::new(flow_log), delivery };
        Ok(Self { data, buckets, current, earlier: Mutex::default(), countries, taken })
    }

    /// Takes a batch: when this returns well, it is on disk. Blocks.
    ///
    /// # Errors
    /// What the agent is told.
    pub fn take(&self, arrived: &Arrived<'_>, roster: &Roster, now: i64) -> Result<Accepted, Refusal> {
        let known = self.known(arrived.flow_log)?;
        let format = &known.flow_log.log_format;
        let batches = batch::decode(arrived.body, &countries::needed(format))?;
        check_owner(&batches, arrived.host, &known.flow_log, roster)?;
        let source = format!("{}-{}", arrived.host, arrived.id.epoch);
        let origin = Origin::new(source, arrived.id.sequence)
            .ok_or_else(|| Refusal::Bad("the batch has no good name".into()))?;
        let batches = self.countries.tell(batches, format);
        let window = FinishedWindow { start: arrived.span.start, end: arrived.span.end, batches };
        Ok(match known.delivery.append_from(&origin, &window, now)? {
            Taken::Now => {
                if known.flow_log.id == self.current.flow_log.id {
                    (self.taken)(&window);
                }
                Accepted { records: window.records(), repeat: false }
            }
            Taken::Before => Accepted { records: 0, repeat: true },
        })
    }

    /// Puts what is due of earlier flow logs into the bucket.
    pub async fn poll(&self, now: i64) {
        for known in self.all_earlier() {
            known.delivery.poll(now).await;
        }
    }

    /// Delivers what earlier flow logs hold. Returns how many records could not be delivered.
    pub async fn close(&self, now: i64) -> u64 {
        let mut left = 0;
        for known in self.all_earlier() {
            left += known.delivery.close(now).await.waiting_records;
        }
        left
    }

    fn all_earlier(&self) -> Vec<Known> {
        self.earlier().values().cloned().collect()
    }

    fn earlier(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, id: &str) -> Result<Known, Refusal> {
        if id == self.current.flow_log.id {
            return Ok(self.current.clone());
        }
        let unknown = || Refusal::Unknown(format!("flow log {id} is none of this server's"));
        IdKind::FlowLog.check(id).map_err(|_| unknown())?;
        let mut earlier = self.earlier();
        if let Some(known) = earlier.get(id) {
            return Ok(known.clone());
        }
        let kept = definitions::read(self.data.path(), id);
        let flow_log = kept.map_err(|error| Refusal::Unavailable(crate::sentence(&error)))?.ok_or_else(unknown)?;
        let delivery = Delivery::open(&self.data, &self.buckets, &flow_log, DeliveryOptions::default())?;
        let known = Known { flow_log: Arc::new(flow_log), delivery: Arc::new(delivery) };
        earlier.insert(id.to_owned(), known.clone());
        Ok(known)
    }
}

/// A host may speak for itself, and for no other.
fn check_owner(batches: &[RecordBatch], host: &str, flow_log: &FlowLog, roster: &Roster) -> Result<(), Refusal> {
    let only =
        |field: Field, own: &str| match distinct(batches, field).into_iter().find(|text| text != own && text != "-") {
            Some(other) => Err(Refusal::Bad(format!("`{}` is `{other}` instead of `{own}`", field.name()))),
            None => Ok(()),
        };
    only(Field::AccountId, &flow_log.account_id)?;
    only(Field::Region, &flow_log.region)?;
    for interface in distinct(batches, Field::InterfaceId) {
        if roster.owner_of(&interface).is_some_and(|owner| owner != host) {
            return Err(Refusal::Bad(format!("interface {interface} belongs to another host")));
        }
    }
    // A container of the host is an instance too.
    for instance in distinct(batches, Field::InstanceId) {
        if roster.owner_of_instance(&instance).is_some_and(|owner| owner != host) {
            return Err(Refusal::Bad(format!("instance {instance} belongs to another host")));
        }
    }
    Ok(())
}

/// The texts of a column, each once, as far as they follow one another; none when the format has no such field.
fn distinct(batches: &[RecordBatch], field: Field) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for batch in batches {
        let column = batch.column_by_name(field.column()).and_then(|column| column.as_string_view_opt());
        for text in column.into_iter().flatten().flatten() {
            if found.last().is_none_or(|last| last != text) && !found.iter().any(|known| known == text) {
                found.push(text.to_owned());
            }
        }
    }
    found
}
