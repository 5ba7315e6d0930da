//! Any text as a statement: cut into tokens, told apart, and, when it is a definition, read by the parser of Hive's
//! statements. What is refused is refused at a place of the text.
//!
//! The parsers are taken by their files: the crate that they are in would bring the query engine with it.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/query/src"]
#[allow(dead_code, unused_imports, reason = "the engine uses what nothing here does")]
mod query {
    pub(crate) mod hive;
    pub(crate) mod lexer;
    pub(crate) mod statement;
}

#[allow(unused_imports, reason = "the files of the parsers name their modules so")]
use query::{hive, lexer, statement};

#[allow(dead_code, reason = "the engine uses what nothing here does")]
mod error {
    /// A place in a statement, both from 1 on.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Position {
        pub(crate) line: u64,
        pub(crate) column: u64,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Code {
        SyntaxError,
        CatalogNotFound,
        NotSupported,
        HiveFailed,
        NoLocation,
        InvalidParameterUsage,
        MissingColumnName,
    }

    #[derive(Debug, Clone)]
    pub(crate) struct Error {
        pub(crate) code: Code,
        pub(crate) position: Option<Position>,
        pub(crate) message: String,
    }

    impl Error {
        pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
            Self { code, position: None, message: message.into() }
        }

        pub(crate) fn at(code: Code, position: Position, message: impl Into<String>) -> Self {
            Self { position: Some(position), ..Self::new(code, message) }
        }
    }
}

/// How lines are taken apart belongs to the engine, which is not here: every class means plain text.
#[allow(dead_code, reason = "what is not plain is never asked for here")]
mod table {
    #[derive(Debug)]
    pub(crate) struct Delimited {
        pub(crate) separator: char,
    }

    impl Delimited {
        pub(crate) fn is_plain(&self) -> bool {
            true
        }
    }

    #[derive(Debug)]
    pub(crate) enum RowFormat {
        Delimited(Delimited),
        Other,
    }

    impl RowFormat {
        pub(crate) fn new(_: &str, _: &[(String, String)], _: &[&str]) -> Option<Result<Self, String>> {
            Some(Ok(Self::Delimited(Delimited { separator: ' ' })))
        }
    }
}

fuzz_target!(|text: &str| {
    let read = statement::read(text).and_then(|statement| match statement {
        statement::Statement::Query(query) => {
            assert!(text.contains(query));
            Ok(())
        }
        statement::Statement::Hive(tokens) => hive::parse(text, &tokens).map(drop),
    });
    if let Err(error) = read {
        let lines = text.split('\n').count() as u64;
        let within = |place: &error::Position| (1..=lines).contains(&place.line) && place.column >= 1;
        assert!(error.position.as_ref().is_none_or(within), "{error:?}");
    }
});
