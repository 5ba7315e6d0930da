//! The services of the front door that ask the query engine: Athena, Glue over the same catalogue, and the queries of
//! CloudWatch Logs.
//!
//! They are tables of operations as those of `weir_api::services`, in a crate of their own so that the front door
//! builds without the engine. What an operation does is in `weir_query`; here are the rows, the inputs' constraints,
//! and the errors.

mod athena;
mod found;
mod glue;
mod insights;

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::Handle;
use weir_api::{Call, Serve};
use weir_query::athena::{Athena, Scope};

pub use found::flow_log_tables;
pub use insights::{QueriesOf, insights_table};

/// The tables of Athena and Glue. Their operations wait for the store on `runtime`, which therefore must not be that of
/// a single thread that calls them.
pub fn tables(athena: &Arc<Athena>, runtime: &Handle) -> Vec<Box<dyn Serve>> {
    let mut tables = athena::tables(athena, runtime);
    tables.extend(glue::tables(athena.engine(), runtime));
    tables
}

/// Waits for a future from a thread that may block, inside of the runtime or not.
fn wait<T>(runtime: &Handle, future: impl Future<Output = T>) -> T {
    runtime.block_on(future)
}

/// The account and region of a call.
fn scope(call: &Call) -> Scope {
    Scope { account: call.account.clone(), region: call.region.clone() }
}
