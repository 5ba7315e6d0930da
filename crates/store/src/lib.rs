//! Keeping records: buckets, and the delivery of finished windows into them.
//!
//! - [`Buckets`] says where a bucket is (a folder of this machine or S3) and makes a [`Place`] of a path or URL,
//!   from which objects are listed and read.
//!
//! This crate reads no environment and no clock: settings and `now` are arguments.

mod bucket_name;
mod buckets;
mod durable;
mod error;
mod place;
mod s3;

pub use bucket_name::BucketName;
pub use buckets::Buckets;
pub use error::StoreError;
pub use place::{Object, Place};
pub use s3::S3Settings;
