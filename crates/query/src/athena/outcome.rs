//! What a query does, and the objects that its result becomes. Source: athena.md §6.

use std::sync::Arc;

use bytes::Bytes;
use object_store::buffered::BufWriter;
use object_store::path::Path as Key;
use weir_store::BucketName;

use super::execution::Kept;
use super::{Athena, Clock, column, csv, lock, metadata};
use crate::answer::{Answer, StatementKind};
use crate::engine::{DEFAULT_DATABASE, RunOptions};
use crate::error::{Code, Error};
use crate::hive::{self, Hive};
use crate::statement::{self, Statement};
use crate::text;
use crate::write::{cannot_write, put_object};

/// How much of a result is held before it goes to the store, in bytes.
const HELD: usize = 1 << 20;

impl Athena {
    /// Runs the statement and writes its result. What is known of it afterwards is in `kept`.
    pub(super) async fn perform(&self, kept: &mut Kept, clock: &Clock) -> Result<(), Error> {
        let now = clock();
        let parameters = kept.execution.execution_parameters.clone().unwrap_or_default();
        let sql = kept.execution.query.trim().to_owned();
        match self.prepared(kept, &sql, &parameters, now)? {
            Some(sql) => self.answer(kept, &sql, now, clock).await,
            None => Ok(self.write(kept, "", Vec::new()).await?),
        }
    }

    /// The statement with its parameters; none when it is about a prepared statement and is done.
    fn prepared(&self, kept: &Kept, sql: &str, parameters: &[String], now: i64) -> Result<Option<String>, Error> {
        let Statement::Hive(tokens) = statement::read(sql)? else {
            return super::parameters::fill(sql, parameters).map(Some);
        };
        let group = &kept.execution.work_group;
        let region = self.region_of(kept)?;
        match hive::parse(sql, &tokens)? {
            Hive::Prepare { name, query } => self.prepare(&region, group, &name, &query, now).map(|()| None),
            Hive::Deallocate { name } => self.deallocate(&region, group, &name).map(|()| None),
            Hive::Execute { name, parameters: using } => {
                let query = self.prepared_query(&region, group, &name)?;
                let given = if using.is_empty() { parameters } else { &using };
                super::parameters::fill(&query, given).map(Some)
            }
            _ => super::parameters::fill(sql, parameters).map(Some),
        }
    }

    async fn answer(&self, kept: &mut Kept, sql: &str, now: i64, clock: &Clock) -> Result<(), Error> {
        let execution = &kept.execution;
        let database = execution.query_execution_context.database.as_deref().unwrap_or(DEFAULT_DATABASE).to_lowercase();
        let output = kept.output().unwrap_or_default();
        let data_folder = Some(format!("{output}/"));
        let answer = self.engine.run(sql, &RunOptions { database, data_folder, ..RunOptions::new(now) }).await?;
        if let Some(running) = lock(&self.running).get_mut(&kept.execution.query_execution_id) {
            running.progress = Some(answer.progress());
        }
        kept.execution.statistics.query_planning_time_in_millis = Some((clock() - now).max(0));
        match answer.kind() {
            StatementKind::Select | StatementKind::ShowFunctions => self.write_csv(kept, answer).await,
            StatementKind::Insert | StatementKind::CreateTableAs | StatementKind::Unload => {
                self.write_manifest(kept, answer).await
            }
            _ => self.write_lines(kept, answer).await,
        }
    }

    /// Rows of a query.
    async fn write_csv(&self, kept: &mut Kept, mut answer: Answer) -> Result<(), Error> {
        kept.columns = column::of_query(&answer.schema());
        kept.has_header = true;
        kept.update_count = Some(0);
        let (bucket, key) = place(kept.output().unwrap_or_default())?;
        let failed = |error: &dyn std::fmt::Display| cannot_write(&format!("s3://{bucket}/{key}"), error);
        let store = self.engine.buckets.writer(&bucket).map_err(|error| failed(&error))?;
        let mut out = BufWriter::new(store, Key::parse(&key).map_err(|error| failed(&error))?);
        let mut held = Vec::new();
        csv::push_line(&mut held, kept.columns.iter().map(|column| Some(column.name.clone())));
        while let Some(batch) = answer.next().await {
            let batch = batch?;
            kept.output_rows += i64::try_from(batch.num_rows()).unwrap_or(0);
            for row in 0..batch.num_rows() {
                csv::push_line(&mut held, batch.columns().iter().map(|column| text::value(column.as_ref(), row)));
                if held.len() >= HELD {
                    kept.output_bytes += i64::try_from(held.len()).unwrap_or(0);
                    out.put(Bytes::from(std::mem::take(&mut held))).await.map_err(|error| failed(&error))?;
                }
            }
        }
        kept.output_bytes += i64::try_from(held.len()).unwrap_or(0);
        out.put(Bytes::from(held)).await.map_err(|error| failed(&error))?;
        crate::write::shut(&mut out).await.map_err(|error| failed(&error))?;
        self.write(kept, ".metadata", self.metadata(kept)).await
    }

    /// Lines of SHOW, DESCRIBE, EXPLAIN and MSCK; nothing for a definition.
    async fn write_lines(&self, kept: &mut Kept, mut answer: Answer) -> Result<(), Error> {
        let kind = answer.kind();
        let explain = kind == StatementKind::Explain;
        if !kind.is_definition() {
            kept.columns =
                if explain { column::of_query(&answer.schema()) } else { column::of_texts(&answer.schema()) };
        }
        let mut lines = Vec::new();
        if explain {
            kept.columns =
                vec![super::ColumnInfo { name: "Query Plan".into(), label: "Query Plan".into(), ..plan_column() }];
            kept.has_header = true;
            lines.push("Query Plan".to_owned());
        }
        while let Some(batch) = answer.next().await {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let cells: Vec<String> = batch
                    .columns()
                    .iter()
                    .map(|column| text::value(column.as_ref(), row).unwrap_or_default())
                    .collect();
                if explain {
                    lines.extend(
                        cells.last().into_iter().flat_map(|plan| plan.lines().map(str::to_owned).collect::<Vec<_>>()),
                    );
                } else {
                    lines.push(line(kind, &cells));
                }
            }
        }
        kept.output_rows = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        if shows_list(kind) {
            kept.update_count = Some(0);
        }
        self.write(kept, "", lines.join("\n").into_bytes()).await?;
        if kept.columns.is_empty() {
            return Ok(());
        }
        self.write(kept, ".metadata", self.metadata(kept)).await
    }

    /// The names of the objects that the statement wrote.
    async fn write_manifest(&self, kept: &mut Kept, mut answer: Answer) -> Result<(), Error> {
        kept.columns = column::of_query(&answer.schema());
        while let Some(batch) = answer.next().await {
            let batch = batch?;
            let rows = batch.columns().first().and_then(|rows| text::value(rows.as_ref(), 0));
            kept.update_count = rows.and_then(|rows| rows.parse().ok());
        }
        kept.output_rows = kept.update_count.unwrap_or(0);
        let mut manifest: String = answer.written().iter().map(|name| format!("{name}\n")).collect();
        if manifest.is_empty() {
            manifest.push('\n');
        }
        self.write(kept, "-manifest.csv", manifest.into_bytes()).await?;
        self.write(kept, ".metadata", self.metadata(kept)).await?;
        let location = format!("{}-manifest.csv", kept.output().unwrap_or_default());
        kept.execution.statistics.data_manifest_location = Some(location);
        Ok(())
    }

    fn metadata(&self, kept: &Kept) -> Vec<u8> {
        let execution = &kept.execution;
        let update_type = execution.substatement_type.as_deref().unwrap_or_default();
        metadata::encode(&execution.query_execution_id, update_type, kept.update_count, &kept.columns)
    }

    /// Puts an object whose name is that of the output with an ending.
    async fn write(&self, kept: &Kept, ending: &str, content: Vec<u8>) -> Result<(), Error> {
        let (bucket, key) = place(kept.output().unwrap_or_default())?;
        put_object(&self.engine.buckets, &bucket, &format!("{key}{ending}"), content).await
    }
}

/// Bucket and key of an `s3://` name.
pub(super) fn place(location: &str) -> Result<(BucketName, String), Error> {
    let wrong = || Error::new(Code::CannotWrite, format!("'{location}' is no place in a bucket"));
    let (bucket, key) = location.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
    let key = key.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    Ok((bucket.parse().map_err(|_| wrong())?, key))
}

/// The one column of a plan.
fn plan_column() -> super::ColumnInfo {
    use datafusion::arrow::datatypes::{DataType, Field, Schema};
    let schema = Arc::new(Schema::new(vec![Field::new("Query Plan", DataType::Utf8, true)]));
    column::of_query(&schema).swap_remove(0)
}

/// Whether a statement lists names, of which there are none to change.
const fn shows_list(kind: StatementKind) -> bool {
    matches!(
        kind,
        StatementKind::ShowTables
            | StatementKind::ShowDatabases
            | StatementKind::ShowPartitions
            | StatementKind::ShowColumns
            | StatementKind::ShowViews
            | StatementKind::ShowTableProperties
    )
}

/// A row as a line: fields of DESCRIBE padded to 20 characters, others as they are; TAB between them.
fn line(kind: StatementKind, cells: &[String]) -> String {
    let pad = |cell: &String| match kind {
        // A line without a name stands between the parts of the answer.
        StatementKind::Describe if cells.iter().all(String::is_empty) || cells[0].starts_with("# Partition") => {
            if cell.is_empty() { " ".to_owned() } else { cell.clone() }
        }
        StatementKind::Describe => format!("{cell:<20}"),
        StatementKind::ShowColumns => format!("{cell:<20}"),
        _ => cell.clone(),
    };
    let line = cells.iter().map(pad).collect::<Vec<_>>().join("\t");
    if kind == StatementKind::Describe && cells.iter().all(String::is_empty) { line.replacen(' ', "", 1) } else { line }
}
