//! `weir query --insights`: Logs Insights over the log groups of a data directory.

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
};

use anyhow::{Context as _, Result, anyhow};
use arrow::{
    array::{ArrayRef, StringArray},
    datatypes::{DataType, Field, Schema},
    record_batch::{RecordBatch, RecordBatchOptions},
};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, builder::PossibleValue, builder::PossibleValuesParser, value_parser};
use weir_query::insights::{self, Insights, InsightsError, Lookups, Query, Request, Row, SAMPLES, Statistics};
use weir_store::{
    Catalogue, DataDirectory, StoreError,
    logs::{Committed, LogOptions, LogStore, Owner, Tap},
};

use super::{Sink, estimate::numbers, start};
use crate::{
    Outcome, Usage, clock,
    settings::{Bytes, Settings},
};

/// The log group that `weir up` keeps, if not told otherwise.
const USUAL_GROUP: &str = "/weir/flow-logs";

/// The ways to ask a query of Logs Insights.
const QUESTION: &str = "question";

/// What belongs to queries of Logs Insights.
pub(super) fn question() -> ArgGroup {
    ArgGroup::new(QUESTION).args(["insights", "sample"])
}

pub(super) fn arguments() -> [Arg; 6] {
    let samples = SAMPLES.iter().map(|sample| PossibleValue::new(sample.name).help(sample.title));
    [
        Arg::new("insights")
            .long("insights")
            .value_name("QUERY")
            .conflicts_with("from")
            .help("A query of CloudWatch Logs Insights, over log groups of the data directory"),
        Arg::new("sample")
            .long("sample")
            .value_name("NAME")
            .conflicts_with("from")
            .value_parser(PossibleValuesParser::new(samples))
            .help("A query of Logs Insights that is often asked of flow logs"),
        Arg::new("log-group")
            .long("log-group")
            .requires(QUESTION)
            .value_name("NAME")
            .action(ArgAction::Append)
            .num_args(1..)
            .help("Log groups of a Logs Insights query [default: /weir/flow-logs]"),
        Arg::new("since")
            .long("since")
            .requires(QUESTION)
            .value_name("TIME")
            .default_value("1h")
            .help("Events of a Logs Insights query from then on: 30m, 3h, 7d, or a time such as 2026-11-21T08:00:00Z"),
        Arg::new("until")
            .long("until")
            .requires(QUESTION)
            .value_name("TIME")
            .help("Events of a Logs Insights query before then. Without it: now"),
        Arg::new("limit")
            .long("limit")
            .requires(QUESTION)
            .value_name("ROWS")
            .value_parser(value_parser!(u32).range(1..=100_000))
            .help("Rows of a Logs Insights query at most, if it does not say so itself. Without it: 10000"),
    ]
}

/// What is asked.
pub(super) struct Question {
    query: Query,
    request: Request,
}

impl Question {
    /// The question of the command line, if it is one of Logs Insights.
    ///
    /// # Errors
    /// When the query is none, or a time.
    pub(super) fn of(matches: &ArgMatches, now: i64) -> Result<Option<Self>> {
        let text = |name| matches.get_one::<String>(name).map(String::as_str);
        let sample = text("sample").and_then(insights::sample).map(|sample| sample.query);
        let Some(query) = text("insights").or(sample) else { return Ok(None) };
        let query = Query::parse(query).map_err(|error| told(query, &error))?;
        let groups: Vec<String> = matches.get_many::<String>("log-group").into_iter().flatten().cloned().collect();
        let groups = match (groups.is_empty(), query.names_log_groups()) {
            (true, true) => Vec::new(),
            (true, false) => vec![USUAL_GROUP.to_owned()],
            (false, false) => groups,
            (false, true) => return Err(Usage("--log-group: the query names its log groups itself".into()).into()),
        };
        let from = time("--since", text("since").unwrap_or("1h"), now)?;
        let until = text("until").map_or(Ok(now), |until| time("--until", until, now))?;
        if until <= from {
            return Err(Usage("--until is not behind --since: nothing lies between them".into()).into());
        }
        let limit = matches.get_one::<u32>("limit").and_then(|limit| usize::try_from(*limit).ok());
        Ok(Some(Self { query, request: Request { groups, from, until, limit, now } }))
    }
}

/// Asks, and writes the answer.
///
/// # Errors
/// When another program uses the data directory, or the query fails.
pub(super) fn run(question: Question, sink: &Sink, settings: &Settings) -> Result<Outcome> {
    let started = clock::steady();
    let Question { query, request } = question;
    let (logs, lookups) = open(settings)?;
    let (runtime, engine) = start(settings)?;
    let insights = Insights::new(Arc::new(engine), logs, settings.account.as_str()).with_lookups(lookups);
    let statistics: Arc<Statistics> = Arc::default();
    let rows = runtime.block_on(async {
        let answer = insights.run(&query, request, &statistics).await?;
        let columns: Vec<String> = answer.columns().map(str::to_owned).collect();
        Ok::<_, InsightsError>((columns, answer.collect().await?))
    });
    let (columns, rows) = rows.map_err(|error| told(query.text(), &error))?;
    sink.write_all(&batch(&columns, &rows)?)?;
    if io::stderr().is_terminal() {
        eprintln!(
            "{} rows; {} records matched, {} records ({}) scanned in {:.1} s",
            rows.len(),
            statistics.records_matched(),
            statistics.records_scanned(),
            Bytes(statistics.bytes_scanned()),
            started.elapsed().as_secs_f64()
        );
    }
    Ok(Outcome::Done)
}

/// Writes what the question would read: events, and the bytes of their messages.
///
/// # Errors
/// As [`run`].
pub(super) fn estimate(question: Question, sink: &Sink, settings: &Settings) -> Result<Outcome> {
    let Question { query, request } = question;
    let (logs, lookups) = open(settings)?;
    let (_runtime, engine) = start(settings)?;
    let insights = Insights::new(Arc::new(engine), logs, settings.account.as_str()).with_lookups(lookups);
    let statistics = insights.estimate(&query, request).map_err(|error| told(query.text(), &error))?;
    sink.write_all(&numbers([
        ("records", vec![statistics.records_expected()].into()),
        ("bytes", vec![statistics.bytes_expected()].into()),
    ])?)?;
    Ok(Outcome::Done)
}

/// The log groups of the data directory, and its lookup tables. They are read; nothing is made of them that was not there.
fn open(settings: &Settings) -> Result<(Arc<LogStore>, Lookups)> {
    if !settings.data.join("catalogue.sqlite").exists() {
        let data = settings.data.display();
        return Err(Usage(format!("{data} has no log groups: name the directory of `weir up` with --data")).into());
    }
    let data = DataDirectory::open(&settings.data).map_err(|error| match error {
        StoreError::InUse { .. } => anyhow!(
            "{error}: its log groups cannot be read beside it, what came last is only in its memory; stop it first"
        ),
        error => error.into(),
    })?;
    let owner = Owner { account: settings.account.as_str().to_owned(), region: settings.region.clone() };
    let catalogue = Catalogue::open(&data.catalogue())?;
    let lookups = Lookups::open(catalogue.clone())?;
    let logs = LogStore::open(&data.logs(), catalogue, LogOptions::new(owner), Arc::new(Reader { _data: data }))?;
    for damage in logs.damage() {
        eprintln!("weir: {}: {} bytes at {} cannot be read", damage.path.display(), damage.bytes, damage.offset);
    }
    Ok((Arc::new(logs), lookups))
}

/// Holds the data directory while its log groups are read. Settles nothing: what waits for `weir up` still does.
struct Reader {
    _data: DataDirectory,
}

impl Tap for Reader {
    fn appended(&self, _batch: &Committed) {}

    fn settled(&self) -> u64 {
        0
    }
}

/// The rows as columns of texts; `@ptr` is left out.
fn batch(columns: &[String], rows: &[Row]) -> Result<RecordBatch> {
    let column = |name: &String| -> ArrayRef {
        let cell = |row: &Row| row.iter().find(|field| field.field == *name).map(|field| field.value.clone());
        Arc::new(rows.iter().map(cell).collect::<StringArray>())
    };
    let fields: Vec<Field> = columns.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let arrays = columns.iter().map(column).collect();
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).context("the answer")
}

/// A time, or how long before now.
fn time(flag: &str, text: &str, now: i64) -> Result<i64> {
    let units = [("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000), ("s", 1000)];
    let ago = units.iter().find_map(|(unit, length)| {
        let count: i64 = text.strip_suffix(unit)?.parse().ok().filter(|count| *count >= 0)?;
        now.checked_sub(count.checked_mul(*length)?)
    });
    let moment = || DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.timestamp_millis());
    let plain = || {
        let formats = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
        let read = |format| NaiveDateTime::parse_from_str(text, format).ok();
        let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
        Some(formats.into_iter().find_map(read).or_else(day)?.and_utc().timestamp_millis())
    };
    ago.or_else(moment).or_else(plain).ok_or_else(|| {
        let problem = format!("{flag} {text}: expected such as 30m, 3h, 7d, 2026-11-21 or 2026-11-21T08:00:00Z");
        Usage(problem).into()
    })
}

/// The error; the query with the place marked, if it is about one.
fn told(query: &str, error: &InsightsError) -> anyhow::Error {
    let InsightsError::Malformed { message, start, end } = error else { return anyhow!("{error}") };
    // Of several lines, a mark would stand below the wrong one.
    if query.contains(char::is_control) {
        return Usage(format!("{message} (characters {start} to {end})")).into();
    }
    let marks = "^".repeat(end.saturating_sub(*start).max(1));
    Usage(format!("{message}\n  {query}\n  {}{marks}", " ".repeat(*start))).into()
}
