//! Delivery: from finished windows to objects in a bucket, each record once.
//!
//! [`append`](Delivery::append) puts a window on disk and returns when it is safe there; [`poll`](Delivery::poll) puts
//! what is due into the bucket. The two may be called from different tasks: a bucket that is slow or gone holds up no
//! window. A window that cannot be written waits in memory, as much as fits; what does not fit is dropped and
//! reported as a [`Loss`]. Whatever failed is tried again at later polls, after 1 s, then 2, 4, … up to a minute.

mod counters;
mod estimate;
mod put;
mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};

use weir_network::{Destination, FlowLog};
use weir_record::{KeyPrefix, Layout};

pub use self::counters::{Counters, Failure, Loss};
use self::{
    estimate::Estimate,
    put::Bucketing,
    state::{Definition, State},
};
use crate::{
    BucketName, Buckets, DataDirectory, FinishedWindow, Origin, StoreError,
    rollover::RolloverOptions,
    spool::{Pending, Spool},
};

/// How records are delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryOptions {
    /// When objects are sealed.
    pub rollover: RolloverOptions,
    /// Most bytes of windows that wait in memory while the spool cannot be written.
    pub waiting_limit: u64,
}

impl Default for DeliveryOptions {
    /// As AWS: every five minutes, 75 MB. At most 32 MiB wait in memory.
    fn default() -> Self {
        Self { rollover: RolloverOptions::default(), waiting_limit: 32 << 20 }
    }
}

/// What became of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is on disk and will be delivered, whatever happens to the process.
    Spooled,
    /// The disk refused it; it waits in memory.
    Waiting,
    /// There was no room in memory either, or it is not of the flow log's format; see
    /// [`take_losses`](Delivery::take_losses).
    Dropped,
}

/// What became of a window from elsewhere. Either way it is on disk, or was and is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is on disk now.
    Now,
    /// It had been taken before: nothing was done.
    Before,
}

/// Delivers the records of one flow log.
#[derive(Debug)]
pub struct Delivery {
    state: Mutex<State>,
    /// Held while objects are put: one poll at a time.
    putting: tokio::sync::Mutex<Bucketing>,
}

impl Delivery {
    /// Opens the spool of a flow log. What a previous run left there is due at the first poll.
    ///
    /// The caller keeps `data` as long as the delivery, and opens one delivery for a flow log.
    ///
    /// # Errors
    /// When the flow log goes to a log group, the spool cannot be read or written, the bucket is not there, or the flow log's account, region, id or
    /// folder do not make a key.
    pub fn open(
        data: &DataDirectory,
        buckets: &Buckets,
        flow_log: &FlowLog,
        options: DeliveryOptions,
    ) -> Result<Self, StoreError> {
        let Destination::Bucket { bucket, folder, options: destination } = &flow_log.destination else {
            return Err(StoreError::NoBucketDestination { flow_log: flow_log.id.clone() });
        };
        let bucket: BucketName = bucket.parse()?;
        let layout = Layout {
            hive_compatible_partitions: destination.hive_compatible_partitions,
            per_hour_partition: destination.per_hour_partition,
        };
        let definition = Definition {
            flow_log: flow_log.id.clone(),
            prefix: KeyPrefix::new(folder, &flow_log.account_id, &flow_log.region, layout)?,
            is_folder: buckets.is_folder(&bucket)?,
            bucket,
            file_format: destination.file_format,
            schema: flow_log.log_format.schema(),
        };
        definition.target(0, 0)?;
        let estimate = Estimate::new(destination.file_format, flow_log.log_format.fields().len());
        let (spool, left) = Spool::open(data.spool(&flow_log.id))?;
        let state = State::new(definition, options, estimate, spool, left);
        Ok(Self { state: Mutex::new(state), putting: tokio::sync::Mutex::new(Bucketing::new(buckets.clone())) })
    }

    /// Takes a finished window. Blocks until it is on disk: a few milliseconds.
    ///
    /// Windows that wait in memory go first, so that records keep their order. `now` is Unix time in seconds.
    pub fn append(&self, window: FinishedWindow, now: i64) -> Appended {
        self.state().append(window, now)
    }

    /// Takes a finished window from elsewhere, once: when it comes a second time, also after a restart, it is not
    /// counted again. Blocks until it is on disk: a few milliseconds. It never waits in memory; who handed it over
    /// keeps it until it was taken. `now` is Unix time in seconds.
    ///
    /// # Errors
    /// When it is not of the flow log's format, or the disk refuses it; then it may be handed over again.
    pub fn append_from(&self, origin: &Origin, window: &FinishedWindow, now: i64) -> Result<Taken, StoreError> {
        self.state().append_from(origin, window, now)
    }

    /// Tries again what waits in memory, and puts into the bucket what is due. `now` is Unix time in seconds.
    ///
    /// Failures are counted, not returned: what failed is tried again. May take as long as the bucket takes.
    pub async fn poll(&self, now: i64) {
        let mut bucketing = self.putting.lock().await;
        let due = self.state().due(now);
        self.put(&mut bucketing, due, now).await;
    }

    /// When [`poll`](Self::poll) will have something to do, in Unix seconds; none while nothing waits.
    pub fn next_poll(&self) -> Option<i64> {
        self.state().next_poll()
    }

    /// Delivers all that is there, due or not, once; for a clean stop. What could not be delivered stays in the spool
    /// for the next start; what could not even be written there is lost and counted.
    pub async fn close(&self, now: i64) -> Counters {
        let mut bucketing = self.putting.lock().await;
        let all = self.state().close(now);
        self.put(&mut bucketing, all, now).await;
        self.counters()
    }

    /// What happened so far, and what waits.
    pub fn counters(&self) -> Counters {
        self.state().counters()
    }

    /// What was dropped since the last call, so that SKIPDATA can be written for it. Empty while the disk still
    /// refuses windows, since that record would not fit either.
    pub fn take_losses(&self) -> Vec<Loss> {
        self.state().take_losses()
    }

    async fn put(&self, bucketing: &mut Bucketing, due: Vec<Pending>, now: i64) {
        for pending in due {
            let result = bucketing.put(&pending).await;
            self.state().settle(&pending, result, now);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
