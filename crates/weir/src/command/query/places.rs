//! Where tables are: `--from`, or the data directory.

use std::path::Path;

use anyhow::Result;
use weir_query::{Code, Engine, RunOptions};
use weir_store::{Buckets, S3Settings};

use crate::{Usage, settings::Settings};

/// The table of `--from` without a name, and of what `weir up` delivered.
const TABLE: &str = "vpc_flow_logs";

/// The buckets of the data directory, and S3 behind them.
pub(super) fn buckets(settings: &Settings) -> Result<Buckets> {
    #[allow(clippy::disallowed_methods, reason = "the AWS variables are those that every AWS program takes")]
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let aws = variables.filter(|(name, _)| name.starts_with("AWS_"));
    Ok(Buckets::new().with_root(settings.data.join("buckets")).with_s3(S3Settings::new(aws)))
}

/// Makes the tables of `--from`; without any, that of what was delivered here.
pub(super) async fn add(engine: &Engine, from: &[&str], settings: &Settings) -> Result<()> {
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for place in from {
        let (name, location) = match place.split_once('=') {
            Some((name, location)) if is_name(name) && !Path::new(place).exists() => (name.to_lowercase(), location),
            _ => (TABLE.to_owned(), *place),
        };
        if location.is_empty() {
            return Err(Usage(format!("--from {place}: name a file, a folder or s3://bucket/prefix")).into());
        }
        match tables.iter_mut().find(|(known, _)| *known == name) {
            Some((_, locations)) => locations.push(location.to_owned()),
            None => tables.push((name, vec![location.to_owned()])),
        }
    }
    for (name, locations) in &tables {
        engine.add_place(name, locations, settings.skip_bad_objects).await?;
    }
    let delivered = settings.data.join("buckets").join(super::super::up::BUCKET);
    if tables.is_empty() && delivered.is_dir() && !is_defined(engine).await {
        let location = format!("s3://{}", super::super::up::BUCKET);
        match engine.add_place(TABLE, &[location], settings.skip_bad_objects).await {
            Err(error) if error.code == Code::NothingToRead => {}
            added => added?,
        }
    }
    Ok(())
}

/// Whether the catalogue has a table of the usual name: then that is the one that is meant.
async fn is_defined(engine: &Engine) -> bool {
    let show = format!("SHOW TABLES '{TABLE}'");
    let Ok(answer) = engine.run(&show, &RunOptions::new(0)).await else { return false };
    answer.collect().await.is_ok_and(|batches| batches.iter().any(|batch| batch.num_rows() > 0))
}

/// Whether the text before a `=` names a table, and is not part of a path such as `logs/year=2026`.
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The statements of a text, one by one. Each keeps its place: what stands before it becomes blanks, so that errors
/// give line and column in the whole text.
pub(super) fn statements(text: &str) -> Result<Vec<String>> {
    let mut statements = Vec::new();
    let mut start = 0;
    for end in ends(text) {
        let statement = &text[start..end];
        if !is_blank(statement) {
            let before = text[..start].chars().map(|c| if c == '\n' { '\n' } else { ' ' });
            statements.push(before.chain(statement.chars()).collect());
        }
        start = end + 1;
    }
    if statements.is_empty() {
        return Err(Usage("no statement: give SQL, such as 'SELECT count(*) FROM vpc_flow_logs'".into()).into());
    }
    Ok(statements)
}

/// Where statements end: every `;` outside of quotes and comments, and the end of the text.
fn ends(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut ends = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match skipped(&bytes[at..]) {
            0 => {
                if bytes[at] == b';' {
                    ends.push(at);
                }
                at += 1;
            }
            skipped => at += skipped,
        }
    }
    ends.push(text.len());
    ends
}

/// Length of the quoted text or comment that begins here; 0 when none does.
fn skipped(rest: &[u8]) -> usize {
    let until = |from: usize, end: &[u8]| {
        let found = rest[from..].windows(end.len()).position(|window| window == end);
        found.map_or(rest.len(), |found| from + found + end.len())
    };
    match rest {
        [quote @ (b'\'' | b'"' | b'`'), ..] => until(1, &[*quote]),
        [b'-', b'-', ..] => until(2, b"\n"),
        [b'/', b'*', ..] => until(2, b"*/"),
        _ => 0,
    }
}

/// Nothing but white space and comments.
fn is_blank(statement: &str) -> bool {
    let mut rest = statement.trim_start().as_bytes();
    while rest.starts_with(b"--") || rest.starts_with(b"/*") {
        rest = rest[skipped(rest)..].trim_ascii_start();
    }
    rest.is_empty()
}
