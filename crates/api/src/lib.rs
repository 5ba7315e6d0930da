//! The AWS front door: real AWS clients work against it by changing one endpoint.
//!
//! A request goes one way, whatever its service:
//!
//! 1. [`wire`] finds out which operation of which service is meant, and in which protocol it was said.
//! 2. [`access`] finds out who asks, and whether they may.
//! 3. The [`Operation`] of the service's table takes the input as its own type, does the work, and gives its own type.
//! 4. [`protocol`] writes the answer, or the error, as the client's protocol has it.
//!
//! No handler knows a protocol, and no protocol knows an operation. A service is a table of operations over a state
//! ([`services`]); the table is what dispatch, access, the coverage page and the tests read.
//!
//! S3 has many operations of one shape, streams, and a codec that is a crate of its own (`s3s`): it comes in beside the
//! tables, at [`Front::s3`].
//!
//! Handlers block: they ask the catalogue, which is on disk. The front runs each on a thread for that.

pub mod access;
pub mod console;
mod error;
mod events;
mod front;
mod operation;
mod payload;
pub mod protocol;
mod served;
mod service;
pub mod services;
mod signature;
pub mod wire;

pub use error::{ApiError, Fault, Refusal};
pub use events::{Event, Events};
pub use front::{Audit, AuditEvent, Front, Room, S3Handler};
pub use operation::StreamHandler;
#[doc(hidden)]
pub use operation::operation_of;
pub use operation::{Call, Check, Conditions, Handler, Operation, Resources, Serve, Table};
pub use payload::Payload;
pub use served::Served;
pub use service::ServiceName;
pub use services::{Foundation, Region, Regions};
