//! Running a query: from its plan to rows of texts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray},
        buffer::BooleanBuffer,
        datatypes::{Float64Type, Int64Type},
        record_batch::RecordBatch,
    },
    dataframe::DataFrame,
    execution::SendableRecordBatchStream,
};
use futures::StreamExt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use weir_store::logs::{EventKey, Events, LogStore};

use super::{
    InsightsError, Lookups, Query,
    plan::{Planned, Planner, TapPlanner, ours},
    seen::Seen,
    source::{self, Extent, discovered, pointer},
    time,
    tree::MOST_ROWS,
    value::{Kind, number_text},
};
use crate::{Engine, RunOptions, select};

/// Runs queries over the log groups of an account.
pub struct Insights {
    pub(super) engine: Arc<Engine>,
    pub(super) logs: Arc<LogStore>,
    pub(super) account: String,
    pub(super) lookups: Option<Lookups>,
}

/// What a query is run over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The names of the log groups; none when the query names them itself.
    pub groups: Vec<String>,
    /// From this time on, Unix milliseconds.
    pub from: i64,
    /// Before this time, Unix milliseconds.
    pub until: i64,
    /// Rows at most: 1 to 100,000. Without it those that the query says, or 10,000.
    pub limit: Option<usize>,
    /// What `now()` gives, and what expiry is judged by: Unix milliseconds.
    pub now: i64,
}

/// What a query has read so far. Shared: read it at any time.
#[derive(Debug, Default)]
pub struct Statistics {
    records_matched: AtomicU64,
    records_scanned: AtomicU64,
    bytes_scanned: AtomicU64,
    records_expected: AtomicU64,
    bytes_expected: AtomicU64,
}

impl Statistics {
    /// Events that passed the filters.
    pub fn records_matched(&self) -> u64 {
        self.records_matched.load(Ordering::Relaxed)
    }

    /// Events that were looked at.
    pub fn records_scanned(&self) -> u64 {
        self.records_scanned.load(Ordering::Relaxed)
    }

    /// The bytes of their messages.
    pub fn bytes_scanned(&self) -> u64 {
        self.bytes_scanned.load(Ordering::Relaxed)
    }

    /// Events that the query has to look at. Known when it is planned.
    pub fn records_expected(&self) -> u64 {
        self.records_expected.load(Ordering::Relaxed)
    }

    /// The bytes of their messages, by the mean of each part of a log group.
    pub fn bytes_expected(&self) -> u64 {
        self.bytes_expected.load(Ordering::Relaxed)
    }

    pub(super) fn add_expected(&self, (records, bytes): (u64, u64)) {
        self.records_expected.fetch_add(records, Ordering::Relaxed);
        self.bytes_expected.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_scanned(&self, records: u64, bytes: u64) {
        self.records_scanned.fetch_add(records, Ordering::Relaxed);
        self.bytes_scanned.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_matched(&self, records: u64) {
        self.records_matched.fetch_add(records, Ordering::Relaxed);
    }
}

/// A field of a row, as `GetQueryResults` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultField {
    /// Its name.
    pub field: String,
    /// Its value as a text.
    pub value: String,
}

/// The fields of a row that are there, in the order of the query; `@ptr` is the last one of an event. A copy shares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(Arc<[ResultField]>);

impl Deref for Row {
    type Target = [ResultField];

    fn deref(&self) -> &[ResultField] {
        &self.0
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0[..].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|fields| Self(fields.into()))
    }
}

/// The rows of a query, as they become known. Dropping it stops the query.
pub struct Answer {
    shape: Arc<Shape>,
    seen: Arc<Seen>,
    batches: SendableRecordBatchStream,
    statistics: Arc<Statistics>,
}

/// What the columns of an answer are.
#[derive(Debug)]
struct Shape {
    columns: Vec<(String, Kind)>,
    /// Whether rows are events, with their hidden columns.
    events: bool,
    /// The log groups, as `@log` shows them.
    logs: Vec<Arc<str>>,
}

/// The rows that a query has found while it runs.
#[derive(Debug, Clone)]
pub(super) struct Partial {
    shape: Arc<Shape>,
    seen: Arc<Seen>,
}

impl Partial {
    /// Some of them, sorted as the answer will be.
    pub(super) fn rows(&self) -> Vec<Row> {
        // Columns that Arrow cannot sort are told when the answer comes.
        self.seen.sorted().ok().flatten().map(|batch| self.shape.rows(&batch)).unwrap_or_default()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl fmt::Debug for Insights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insights").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Insights {
    /// Runs on this engine, over these log groups of this account.
    pub fn new(engine: Arc<Engine>, logs: Arc<LogStore>, account: &str) -> Self {
        Self { engine, logs, account: account.to_owned(), lookups: None }
    }

    /// The same, with lookup tables.
    pub fn with_lookups(self, lookups: Lookups) -> Self {
        Self { lookups: Some(lookups), ..self }
    }

    /// The log groups.
    pub fn logs(&self) -> &Arc<LogStore> {
        &self.logs
    }

    /// Starts a query. `statistics` is counted up while the answer is read.
    ///
    /// # Errors
    /// When the query asks for what there is not, a log group is not there, or it cannot be read.
    pub async fn run(
        &self,
        query: &Query,
        request: Request,
        statistics: &Arc<Statistics>,
    ) -> Result<Answer, InsightsError> {
        let (planned, groups) = self.plan(query, request.clone(), statistics)?;
        let state = select::session(&self.engine, &RunOptions::new(request.now), Some(Arc::new(TapPlanner)))?;
        let batches = DataFrame::new(state, planned.plan).execute_stream().await.map_err(ours)?;
        let logs = groups.iter().map(|group| Arc::from(format!("{}:{group}", self.account))).collect();
        let shape = Arc::new(Shape { columns: planned.output, events: planned.events, logs });
        Ok(Answer { shape, seen: planned.seen, batches, statistics: Arc::clone(statistics) })
    }

    /// Says whether a query could be run, without running it.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn check(&self, query: &Query, request: Request) -> Result<(), InsightsError> {
        self.plan(query, request, &Arc::default()).map(drop)
    }

    /// What a query would read, without reading it: events and bytes that are expected.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn estimate(&self, query: &Query, request: Request) -> Result<Arc<Statistics>, InsightsError> {
        let statistics = Arc::default();
        self.plan(query, request, &statistics)?;
        Ok(statistics)
    }

    /// Which fields the events of a time have, and in what share of them, in percent.
    ///
    /// # Errors
    /// When the log group is not there, or cannot be read.
    pub fn fields(&self, group: &str, from: i64, until: i64, now: i64) -> Result<Vec<(String, u8)>, InsightsError> {
        let (mut events, mut counts) = (0_u64, BTreeMap::new());
        for some in self.logs.scan(group, from, until, now)?.with_fields(&BTreeSet::new()) {
            let some = some?;
            events += some.len() as u64;
            discovered(&some, &mut counts);
        }
        let always = ["@ingestionTime", "@log", "@logStream", "@message", "@timestamp"];
        if events > 0 {
            counts.extend(always.map(|name| (name.to_owned(), events)));
        }
        let share = |count: u64| u8::try_from(count.saturating_mul(100).div_ceil(events.max(1))).unwrap_or(100);
        Ok(counts.into_iter().map(|(name, count)| (name, share(count))).collect())
    }

    /// All fields of the event that a row's `@ptr` leads to.
    ///
    /// # Errors
    /// When it is no pointer, its event is no longer there, or it cannot be read.
    pub fn record(&self, pointer: &str, now: i64) -> Result<BTreeMap<String, String>, InsightsError> {
        let invalid = || InsightsError::InvalidParameter("The specified logRecordPointer is invalid.".to_owned());
        let (id, log) = pointer.split_once(':').ok_or_else(invalid)?;
        let key = EventKey::from_id(id).map_err(|_| invalid())?;
        let group = log.strip_prefix(&self.account).and_then(|rest| rest.strip_prefix(':')).ok_or_else(invalid)?;
        for events in self.logs.scan(group, key.timestamp, key.timestamp.saturating_add(1), now)? {
            let events = events?;
            let rows: Vec<bool> = (0..events.len()).map(|row| events.key(row) == key).collect();
            if rows.contains(&true) {
                let event = events.filtered(&BooleanBuffer::from(rows)).map_err(|error| ours(error.into()))?;
                return self.fields_of(&event, log);
            }
        }
        Err(InsightsError::NotFound("The event that the logRecordPointer leads to is no longer there.".to_owned()))
    }

    /// The fields of one event.
    fn fields_of(&self, event: &Events, log: &str) -> Result<BTreeMap<String, String>, InsightsError> {
        let mut names = BTreeMap::new();
        discovered(event, &mut names);
        let always = ["@ingestionTime", "@log", "@logStream", "@message", "@ptr", "@timestamp"];
        let names: Vec<&str> = names.keys().map(String::as_str).chain(always).collect();
        let columns = source::columns(&names, event, log).map_err(|error| ours(error.into()))?;
        let fields = columns.into_iter().map(|(name, kind, column)| {
            // As numbers, not as dates: so the API gives times of a record.
            let kind = if kind == Kind::Time { Kind::Whole } else { kind };
            Some((name, cell(&column, kind, 0)?))
        });
        Ok(fields.flatten().collect())
    }

    fn plan(
        &self,
        query: &Query,
        request: Request,
        statistics: &Arc<Statistics>,
    ) -> Result<(Planned, Arc<[String]>), InsightsError> {
        if let Some(limit) = request.limit.filter(|limit| !(1..=MOST_ROWS).contains(limit)) {
            return Err(InsightsError::InvalidParameter(format!("limit is 1 to {MOST_ROWS}, not {limit}")));
        }
        let Request { groups, from, until, limit, now } = request;
        let planner = Planner {
            logs: &self.logs,
            account: &self.account,
            lookups: self.lookups.as_ref(),
            text: query.text.chars().collect(),
            extent: Extent { groups: groups.into(), from, until, now },
            statistics,
            made: AtomicU64::default(),
        };
        let groups = planner.groups_of(&query.pipeline)?;
        Ok((planner.query(&query.pipeline, limit)?, groups))
    }
}

impl Answer {
    /// The names of the columns, in order, without `@ptr`.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.shape.columns.iter().map(|(name, _)| name.as_str())
    }

    /// What is known of the rows before all of them are.
    pub(super) fn partial(&self) -> Partial {
        Partial { shape: Arc::clone(&self.shape), seen: Arc::clone(&self.seen) }
    }

    /// What has been read so far.
    pub fn statistics(&self) -> &Arc<Statistics> {
        &self.statistics
    }

    /// The next rows; `None` at the end. After an error nothing more comes.
    ///
    /// # Errors
    /// When a log group cannot be read, or the query needs more memory than it may have.
    pub async fn next(&mut self) -> Option<Result<Vec<Row>, InsightsError>> {
        let batch = self.batches.next().await?;
        Some(batch.map(|batch| self.shape.rows(&batch)).map_err(ours))
    }

    /// All rows.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn collect(mut self) -> Result<Vec<Row>, InsightsError> {
        let mut all = Vec::new();
        while let Some(rows) = self.next().await {
            all.extend(rows?);
        }
        Ok(all)
    }
}

impl Shape {
    fn rows(&self, batch: &RecordBatch) -> Vec<Row> {
        (0..batch.num_rows()).map(|row| self.row(batch, row)).collect()
    }

    fn row(&self, batch: &RecordBatch, row: usize) -> Row {
        let field = |name: &str, value| ResultField { field: name.to_owned(), value };
        let columns = self.columns.iter().zip(batch.columns());
        let shown = columns.filter_map(|((name, kind), column)| Some(field(name, cell(column, *kind, row)?)));
        Row(shown.chain(self.pointer(batch, row).map(|value| field("@ptr", value))).collect())
    }

    /// The pointer of an event, out of the hidden columns. A row that a command has added is none.
    fn pointer(&self, batch: &RecordBatch, row: usize) -> Option<String> {
        if !self.events {
            return None;
        }
        let hidden = |place: usize| {
            let column = batch.columns().get(self.columns.len() + place)?.as_primitive_opt::<Int64Type>()?;
            column.is_valid(row).then(|| column.value(row))
        };
        let log = self.logs.get(usize::try_from(hidden(0)?).ok()?)?;
        let key = EventKey {
            timestamp: hidden(1)?,
            position: hidden(2)?.cast_unsigned(),
            index: u32::try_from(hidden(3)?).ok()?,
        };
        Some(pointer(log, &key.to_id()))
    }
}

/// A value as results show it; nothing for one that is absent.
fn cell(column: &ArrayRef, kind: Kind, row: usize) -> Option<String> {
    let whole = || column.as_primitive_opt::<Int64Type>().map(|numbers| numbers.value(row));
    if column.is_null(row) {
        return (kind == Kind::Dashed).then(|| "-".to_owned());
    }
    match kind {
        Kind::Text => Some(column.as_string_view_opt()?.value(row).to_owned()),
        Kind::Number => number_text(column.as_primitive_opt::<Float64Type>()?.value(row)),
        Kind::Whole | Kind::Dashed => Some(whole()?.to_string()),
        Kind::Time => Some(time::shown(whole()?)),
        Kind::Bool => Some(u8::from(column.as_boolean_opt()?.value(row)).to_string()),
    }
}
