//! Keeping records: buckets, and the delivery of finished windows into them.
//!
//! - [`Buckets`] says where a bucket is (a folder of this machine or S3) and makes a [`Place`] of a path or URL,
//!   from which objects are listed and read.
//! - [`DataDirectory`] is the directory of one running program, locked.
//! - [`Delivery`] takes the finished windows of one flow log, keeps them on disk, and puts them into a bucket as
//!   objects: every five minutes or 75 MB as AWS does, each record once, each object whole.
//! - [`Catalogue`] is the database of what is defined: log groups, metrics, alarms, topics.
//! - [`logs`] keeps log groups.
//!
//! This crate reads no environment and no clock: settings and `now` are arguments.

mod buckets;
mod catalogue;
mod data;
mod delivery;
mod durable;
mod error;
mod merge;
mod origin;
mod place;
mod rollover;
mod s3;
mod spool;
mod window;

pub mod logs;

#[cfg(test)]
#[path = "../../../tests/support/child.rs"]
mod child;
#[cfg(test)]
mod full_disk;

pub use buckets::Buckets;
pub use catalogue::{Catalogue, CatalogueError, Tables};
pub use data::DataDirectory;
pub use delivery::{Appended, Counters, Delivery, DeliveryOptions, Failure, Loss, Taken};
pub use durable::is_staged;
pub use error::StoreError;
pub use origin::Origin;
pub use place::{Object, Place};
pub use rollover::{Filed, GRACE, ObjectNumber, Rollover, RolloverOptions, SIZE_LIMIT};
pub use s3::S3Settings;
pub use weir_network::BucketName;
pub use window::FinishedWindow;
