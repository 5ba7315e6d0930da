//! Athena SQL over flow logs.
//!
//! An [`Engine`] runs statements: queries in Trino's dialect, definitions in Hive's. A table is
//! either defined (`CREATE EXTERNAL TABLE …`, kept in the catalogue file) or found
//! ([`Engine::add_place`]: a folder, files, or an `s3://` prefix). An [`Answer`] gives the rows as
//! they become known, and a [`Progress`] says how far the reading is and what could not be read.
//!
//! The crate reads no clock and no environment: `now` and the places are arguments.

mod aliases;
mod answer;
pub mod athena;
mod casts;
mod catalogue;
mod check;
mod definitions;
mod dialect;
mod engine;
mod error;
mod explain;
mod function;
mod give_way;
mod hive;
pub mod insights;
mod lateral;
mod lazy;
mod lexer;
pub mod metastore;
mod operator;
mod page_token;
mod progress;
mod questions;
mod rewrite;
mod select;
mod shown;
mod statement;
mod table;
pub mod text;
mod trino_error;
mod try_function;
mod write;

pub use answer::{Answer, StatementKind};
pub use engine::{DEFAULT_DATABASE, Engine, EngineOptions, Finder, RunOptions};
pub use error::{Code, Error, Position};
pub use progress::{BadObject, Estimate, Progress};
pub use questions::{QUESTIONS, question};
pub use table::Copies;
