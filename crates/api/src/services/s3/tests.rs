//! The whole of S3 over HTTP on loopback.

mod client;
mod keys;
mod notices;
mod settings;
mod store;
mod table;
mod wire;
