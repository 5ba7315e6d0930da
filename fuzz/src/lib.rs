//! What the AWS front door reads from a client, for the targets: signatures, protocols, policies, templates, chunked bodies.
//!
//! It is taken by its files: the crate that it is in would bring all services with it, and takes ten times as long to build.
//! Each file finds here what it finds at the root of its crate.

#[path = "../../crates/api/src"]
#[allow(dead_code, unused_imports, unreachable_pub, reason = "the services use what nothing here does")]
mod api {
    pub mod access;
    pub(crate) mod error;
    pub(crate) mod operation;
    pub(crate) mod payload;
    pub mod protocol;
    pub(crate) mod served;
    pub(crate) mod service;
    pub(crate) mod signature;
    pub mod wire;

    pub mod services {
        pub mod cloudformation;

        pub mod s3 {
            mod chunked;

            use axum::{body::Body, http::Request};

            pub fn decoded_body(request: Request<Body>) -> Request<Body> {
                chunked::decoded(request)
            }
        }
    }
}

/// Answers that are streams are written and never read: nothing here has any.
mod events {
    pub struct Events;
}

pub use api::{access, protocol, services, wire};
pub use api::{
    error::{ApiError, Fault, Refusal},
    operation::{Call, Check, Handler, Operation, Resources, Serve, StreamHandler, Table, operation_of},
    payload::Payload,
    served::Served,
    service::ServiceName,
};
pub(crate) use api::{operation, signature};
pub use events::Events;
