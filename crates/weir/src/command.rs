//! One module a command: its part of the command line, and what it does.

pub mod attach;
pub mod audit;
pub mod config;
pub mod confirm;
pub mod convert;
pub mod detach;
pub mod env;
pub mod explain;
pub mod fields;
pub mod lab;
pub mod operations;
pub mod pattern;
pub mod propose;
pub mod query;
pub mod shell;
pub mod status;
pub mod token;
pub mod up;
