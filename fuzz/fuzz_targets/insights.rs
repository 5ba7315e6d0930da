//! Any text as a Logs Insights query: what is refused is refused at characters of it, and what is read has its parts at
//! characters of it.
//!
//! The parser is taken by its files: the crate that it is in would bring the query engine with it.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/query/src/insights"]
#[allow(dead_code, reason = "the engine uses what nothing here does")]
mod insights {
    pub(crate) mod lexer;
    pub(crate) mod parse;
    pub(crate) mod time;
    pub(crate) mod tree;

    /// Why a text was refused, and where.
    #[derive(Debug)]
    pub(crate) struct InsightsError {
        message: String,
        span: tree::Span,
    }

    impl InsightsError {
        fn at(span: tree::Span, message: impl Into<String>) -> Self {
            Self { message: message.into(), span }
        }
    }

    /// Panics unless every place is one of the text.
    pub(crate) fn check(text: &str) {
        let end = text.chars().count();
        let within = |span: &tree::Span| span.start <= span.end && span.end <= end;
        match parse::pipeline(text) {
            Err(error) => {
                assert!(within(&error.span) && !error.message.is_empty(), "{error:?}");
            }
            Ok(pipeline) => assert!(pipeline.commands.iter().all(|command| within(&command.span)), "{pipeline:?}"),
        }
    }
}

fuzz_target!(|text: &str| insights::check(text));
