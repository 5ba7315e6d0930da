//! Logs Insights, held against the files of `tests/insights`: what a query gives over events that the file lists.
//!
//! ```text
//! # a comment
//! group /g                     the events that follow are of this log group
//! event 2026-11-21 08:00:00.000 stream message…
//! flush                        what is there so far becomes a segment
//! table hosts ip,name;10.0.0.1,web   a lookup table; `;` ends a line
//!
//! query [unsorted]
//! fields a, b                  up to the line `----`
//! ----
//! a=1 | b=2                    a row: its fields in order, without @ptr
//!
//! error 7..9 a part of the message
//! filter a == 1
//! ----
//!
//! sample newest /h [unsorted]  a query that comes with Weir, over this group
//! a=1 | b=2
//! ```
//!
//! A file's queries are over its group `/g`, or those that they name, from 2026-11-21 on for a day. Each runs twice:
//! over what is in memory, and over segments.

use std::{fs, path::Path, sync::Arc};

use tempfile::TempDir;
use weir_query::insights::{
    CreateLookupTableInput, Insights, InsightsError, Lookups, Queries, Query, QueryLimits, Request, Row, SAMPLES,
    Statistics, sample,
};
use weir_query::{Engine, EngineOptions};
use weir_store::logs::{
    Committed, CreateLogGroupRequest, CreateLogStreamRequest, InputEvent, LogOptions, LogStore, Owner, Tap,
};
use weir_store::{Buckets, Catalogue};

/// 2026-11-21 00:00:00 UTC.
pub(crate) const DAY: i64 = 1_795_219_200_000;
/// 2026-11-21 12:00:00 UTC.
pub(crate) const NOON: i64 = DAY + 43_200_000;

/// Nobody who listens.
struct Nobody;

impl Tap for Nobody {
    fn appended(&self, _batch: &Committed) {}

    fn settled(&self) -> u64 {
        0
    }
}

pub(crate) struct Logs {
    _folder: TempDir,
    pub(crate) store: Arc<LogStore>,
    pub(crate) insights: Insights,
    catalogue: Catalogue,
}

impl Logs {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(&folder.path().join("catalogue.sqlite")).unwrap();
        let owner = Owner { account: "123456789012".into(), region: "us-east-1".into() };
        let options = LogOptions::new(owner);
        let store = LogStore::open(&folder.path().join("logs"), catalogue.clone(), options, Arc::new(Nobody)).unwrap();
        let store = Arc::new(store);
        let options = EngineOptions { threads: 2, memory_limit: None, catalogue: None };
        let engine = Arc::new(Engine::new(options, Buckets::new()).unwrap());
        let lookups = Lookups::open(catalogue.clone()).unwrap();
        let insights = Insights::new(engine, Arc::clone(&store), "123456789012").with_lookups(lookups);
        Logs { _folder: folder, store, insights, catalogue }
    }

    /// Makes a lookup table; lines end with `;`.
    fn table(&self, name: &str, lines: &str) {
        let options = EngineOptions { threads: 1, memory_limit: None, catalogue: None };
        let engine = Arc::new(Engine::new(options, Buckets::new()).unwrap());
        let insights = Arc::new(Insights::new(engine, Arc::clone(&self.store), "123456789012"));
        let runtime = tokio::runtime::Handle::current();
        let queries = Queries::open(insights, self.catalogue.clone(), QueryLimits::default(), runtime, NOON).unwrap();
        let body = Some(lines.replace(';', "\n"));
        let input =
            CreateLookupTableInput { lookup_table_name: name.to_owned(), table_body: body, ..Default::default() };
        queries.create_lookup_table(&input, "us-east-1", NOON).unwrap();
    }

    pub(crate) fn put(&self, group: &str, stream: &str, time: i64, message: &str) {
        let request = CreateLogGroupRequest { log_group_name: group.into(), ..Default::default() };
        let _ = self.store.create_log_group(&request, NOON);
        let request = CreateLogStreamRequest { log_group_name: group.into(), log_stream_name: stream.into() };
        let _ = self.store.create_log_stream(&request, NOON);
        let event = InputEvent { timestamp: time, message: message.to_owned() };
        let put = self.store.append(group, stream, &[event], NOON).unwrap();
        assert_eq!(put.stored, 1, "{message}");
    }

    pub(crate) async fn run(&self, text: &str) -> Result<(Vec<Row>, Arc<Statistics>), InsightsError> {
        self.run_over("/g", text).await
    }

    /// Runs whatever it is, to its end.
    pub(crate) async fn try_run(&self, text: &str) -> Result<Vec<Row>, InsightsError> {
        let query = Query::parse(text)?;
        let groups = if query.names_log_groups() { Vec::new() } else { vec!["/g".to_owned()] };
        let request = Request { groups, from: DAY, until: DAY + 86_400_000, limit: None, now: NOON };
        self.insights.run(&query, request, &Arc::default()).await?.collect().await
    }

    async fn run_over(&self, group: &str, text: &str) -> Result<(Vec<Row>, Arc<Statistics>), InsightsError> {
        let query = Query::parse(text)?;
        let groups = if query.names_log_groups() { Vec::new() } else { vec![group.to_owned()] };
        let request = Request { groups, from: DAY, until: DAY + 86_400_000, limit: None, now: NOON };
        let statistics = Arc::default();
        let estimate = self.insights.estimate(&query, request.clone())?;
        assert_eq!((estimate.records_scanned(), estimate.bytes_scanned()), (0, 0), "{text}: an estimate reads nothing");
        let answer = self.insights.run(&query, request, &statistics).await?;
        let rows = answer.collect().await?;
        let scanned = (statistics.records_scanned(), statistics.bytes_scanned());
        let expected = (estimate.records_expected(), estimate.bytes_expected());
        assert!(scanned.0 <= expected.0 && scanned.1 <= expected.1, "{text}: {scanned:?} of {expected:?}");
        Ok((rows, statistics))
    }
}

fn time(text: &str) -> i64 {
    chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").unwrap().and_utc().timestamp_millis()
}

fn shown(row: &Row) -> String {
    let fields = row.iter().filter(|field| field.field != "@ptr");
    fields.map(|field| format!("{}={}", field.field, field.value)).collect::<Vec<_>>().join(" | ")
}

/// A query of a file, and what is expected.
struct Case {
    line: usize,
    group: String,
    /// The name of the sample that it is.
    sample: Option<String>,
    query: String,
    unsorted: bool,
    expected: Result<Vec<String>, (usize, usize, String)>,
}

fn read(text: &str, logs: &Logs) -> Vec<Case> {
    let mut group = "/g".to_owned();
    let mut cases = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("group", name) => group = name.to_owned(),
            ("event", rest) => {
                let (moment, rest) = rest.split_at(23);
                let (stream, message) = rest.trim_start().split_once(' ').unwrap();
                logs.put(&group, stream, time(moment), message);
            }
            ("table", rest) => {
                let (name, rows) = rest.split_once(' ').unwrap();
                logs.table(name, rows);
            }
            ("flush", _) => logs.store.flush().unwrap(),
            ("query" | "error", rest) => {
                let mut block = |end: &str| -> Vec<String> {
                    lines.by_ref().map(|(_, line)| line.to_owned()).take_while(|line| line != end).collect()
                };
                let query = block("----").join("\n");
                let rows = block("");
                let expected = if line.starts_with("error") {
                    let (place, message) = rest.split_once(' ').unwrap();
                    let (start, end) = place.split_once("..").unwrap();
                    Err((start.parse().unwrap(), end.parse().unwrap(), message.to_owned()))
                } else {
                    Ok(rows)
                };
                let (group, unsorted) = ("/g".to_owned(), rest == "unsorted");
                cases.push(Case { line: number + 1, group, sample: None, query, unsorted, expected });
            }
            ("sample", rest) => {
                let mut words = rest.split(' ');
                let (name, group) = (words.next().unwrap(), words.next().unwrap().to_owned());
                let query = sample(name).unwrap_or_else(|| panic!("{name}")).query.to_owned();
                let rows = lines.by_ref().map(|(_, line)| line.to_owned()).take_while(|line| !line.is_empty());
                let (expected, unsorted) = (Ok(rows.collect()), words.next() == Some("unsorted"));
                cases.push(Case { line: number + 1, group, sample: Some(name.to_owned()), query, unsorted, expected });
            }
            _ => assert!(line.is_empty() || line.starts_with('#'), "line {}: {line}", number + 1),
        }
    }
    cases
}

impl Case {
    /// What is wrong, if anything.
    async fn run(&self, logs: &Logs) -> Option<String> {
        let found = match logs.run_over(&self.group, &self.query).await {
            Ok((rows, _)) => Ok(rows.iter().map(shown).collect::<Vec<_>>()),
            Err(error) => Err(error),
        };
        match (found, &self.expected) {
            (Ok(mut rows), Ok(expected)) => {
                let mut expected = expected.clone();
                if self.unsorted {
                    rows.sort();
                    expected.sort();
                }
                (rows != expected).then(|| format!("found:\n{}", rows.join("\n")))
            }
            (Err(InsightsError::Malformed { message, start, end }), Err((from, to, part))) => {
                let same = start == *from && end == *to && message.contains(part.as_str());
                (!same).then(|| format!("found: error {start}..{end} {message}"))
            }
            (Ok(rows), Err(_)) => Some(format!("an error was expected, found:\n{}", rows.join("\n"))),
            (Err(error), _) => Some(format!("found: {} {error}", error.code())),
        }
    }
}

async fn check(path: &Path) -> Vec<String> {
    let logs = Logs::new();
    let cases = read(&fs::read_to_string(path).unwrap(), &logs);
    assert!(!cases.is_empty(), "{}", path.display());
    let mut wrong = Vec::new();
    for place in ["memory", "segments"] {
        for case in &cases {
            if let Some(problem) = case.run(&logs).await {
                wrong.push(format!("{}:{} ({place})\n{}\n{problem}\n", path.display(), case.line, case.query));
            }
        }
        logs.store.flush().unwrap();
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_files_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/insights");
    let mut wrong = Vec::new();
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 5);
    for file in files {
        wrong.extend(check(&file).await);
    }
    assert!(wrong.is_empty(), "{} cases fail\n\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_sample_has_its_answer_in_a_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/insights/samples.txt");
    let cases = read(&fs::read_to_string(path).unwrap(), &Logs::new());
    for sample in SAMPLES {
        assert!(cases.iter().any(|case| case.sample.as_deref() == Some(sample.name)), "{}", sample.name);
    }
}

#[tokio::test]
async fn statistics_are_true_figures() {
    let logs = Logs::new();
    for (number, word) in ["one", "two", "three"].into_iter().enumerate() {
        logs.put("/g", "s", DAY + number as i64 * 1000, word);
    }
    let (rows, statistics) = logs.run("filter @message like 't' | stats count(*) as n").await.unwrap();
    assert_eq!(rows.iter().map(shown).collect::<Vec<_>>(), ["n=2"]);
    assert_eq!((statistics.records_matched(), statistics.records_scanned(), statistics.bytes_scanned()), (2, 3, 11));
}

#[tokio::test]
async fn a_log_group_that_is_not_there_is_told() {
    let error = Logs::new().run("SOURCE '/none' | fields @message").await.unwrap_err();
    assert_eq!(error.code(), "ResourceNotFoundException");
}

#[tokio::test]
async fn a_pointer_leads_to_its_event() {
    let logs = Logs::new();
    logs.put("/g", "s", DAY, "here");
    let (rows, _) = logs.run("fields @message").await.unwrap();
    assert_eq!(rows[0].last().unwrap().field, "@ptr");
    assert!(rows[0].last().unwrap().value.ends_with(":123456789012:/g"));
}

#[test]
fn fields_are_discovered_with_their_share() {
    let logs = Logs::new();
    logs.put("/g", "s", DAY, r#"{"a":{"b":1},"c":null}"#);
    logs.put("/g", "s", DAY + 1, "2 123456789012 eni-1 - - - - - - - 1795252200 1795252260 - NODATA");
    logs.put("/g", "s", DAY + 2, "text");
    let fields = logs.insights.fields("/g", DAY, DAY + 1000, NOON).unwrap();
    let share = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, share)| *share);
    assert_eq!((share("a.b"), share("srcAddr"), share("@message"), share("c")), (Some(34), Some(34), Some(100), None));
    assert_eq!(logs.insights.fields("/g", 0, 1, NOON).unwrap(), []);
}
