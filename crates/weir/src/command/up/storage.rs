//! What is on disk: buckets, the catalogue, and the flow log of the settings with its delivery.

use std::sync::Arc;

use anyhow::Result;
use weir_network::FlowLog;
use weir_store::{BucketName, Buckets, Catalogue, DataDirectory, Delivery, DeliveryOptions, RolloverOptions};

use super::{BUCKET, flow_log};
use crate::{clock, settings::Settings};

/// What records are kept in.
pub(super) struct Storage {
    pub(super) data: Arc<DataDirectory>,
    pub(super) buckets: Buckets,
    pub(super) catalogue: Catalogue,
    /// That of the settings.
    pub(super) flow_log: FlowLog,
    /// None when neither this host nor an agent records.
    pub(super) delivery: Option<Arc<Delivery>>,
    /// How every flow log is delivered.
    pub(super) options: DeliveryOptions,
}

impl Storage {
    /// Opens it, and delivers what runs with other settings left. Gives what could not be delivered, in words.
    ///
    /// # Errors
    /// When the settings are none of a flow log, or something cannot be read or written.
    pub(super) async fn open(settings: &Settings, keeping: bool) -> Result<(Self, Vec<String>)> {
        let data = Arc::new(DataDirectory::open(&settings.data)?);
        let buckets = Buckets::new().with_root(data.buckets()).keeping_news();
        let flow_log = flow_log::define(settings)?;
        let news = flow_log::deliver_leftovers(&data, &buckets, &flow_log, clock::seconds()).await?;
        let rollover = RolloverOptions { every_window: settings.deliver_every_window, ..RolloverOptions::default() };
        let options = DeliveryOptions { rollover, ..DeliveryOptions::default() };
        let delivery = match keeping {
            true => {
                buckets.create(&BUCKET.parse::<BucketName>()?)?;
                Some(Arc::new(Delivery::open(&data, &buckets, &flow_log, options.clone())?))
            }
            false => None,
        };
        let catalogue = Catalogue::open(&data.catalogue())?;
        Ok((Self { data, buckets, catalogue, flow_log, delivery, options }, news))
    }
}
