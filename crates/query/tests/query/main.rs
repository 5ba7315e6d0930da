//! The engine held against text files of statements and expected rows (`tests/slt`), and against
//! what lies on a disk: places, damaged objects, a catalogue that several programs share.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};
use tempfile::TempDir;
use weir_query::{Copies, Engine, EngineOptions, Error, RunOptions, StatementKind};
use weir_store::Buckets;

mod copies;
mod estimate;
mod functions;
mod fuzz;
mod gone;
mod insights;
mod life;
mod limits;
mod places;
mod questions;
mod seeds;
mod serdes;

/// 2016-10-31 11:45:08 UTC: ten minutes after the IPv6 record of AWS's examples began.
const NOW: i64 = 1_477_914_308_000;

const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

/// The example records of the AWS guide, by day.
const DAYS: [(&str, &[&str]); 4] = [
    (
        "2014/12/14",
        &[
            "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK",
            "2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK",
        ],
    ),
    (
        "2015/05/10",
        &[
            "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA",
            "2 123456789010 eni-11111111aaaaaaaaa - - - - - - - 1431280876 1431280934 - SKIPDATA",
        ],
    ),
    (
        "2015/05/29",
        &[
            "2 123456789010 eni-1235b8ca123456789 203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 ACCEPT OK",
            "2 123456789010 eni-1235b8ca123456789 172.31.16.139 203.0.113.12 0 0 1 4 336 1432917094 1432917142 REJECT OK",
        ],
    ),
    (
        "2016/10/31",
        &[
            "2 123456789010 eni-1235b8ca123456789 2001:db8:1234:a100:8d6e:3477:df66:f105 2001:db8:1234:a102:3304:8879:34cf:4071 34892 22 6 54 8855 1477913708 1477913820 ACCEPT OK",
        ],
    ),
];

/// A folder with the bucket `logs`, holding [`DAYS`] where AWS would put them.
struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let world = World { folder: tempfile::tempdir().unwrap() };
        for (day, records) in DAYS {
            let lines = std::iter::once(&HEADER).chain(records).map(|line| format!("{line}\n")).collect::<String>();
            world.put(
                &format!("logs/AWSLogs/123456789010/vpcflowlogs/us-east-1/{day}/a.log.gz"),
                &gzip(lines.as_bytes()),
            );
        }
        let custom = |cells: &str| format!("{}\n{cells}\n", "a ".repeat(29).trim_end());
        let one = "1 ACCEPT use1-az1 840 10.0.0.2 80 1477913760 ingress i-1 eni-1 OK 5 - 10.0.0.2 - 10.0.0.1 6 us-east-1 10.0.0.1 22 1477913708 - - subnet-1 2 1 IPv4 5 vpc-1";
        let two = "1 REJECT use1-az1 7 10.0.0.3 80 1477913760 ingress i-1 eni-2 OK - - 10.0.0.3 - 10.0.0.1 6 us-east-1 10.0.0.1 52000 1477913709 - - subnet-2 2 1 IPv4 5 vpc-2";
        let day = "logs29/AWSLogs/123456789010/vpcflowlogs/us-east-1/2016/10/31";
        world.put(&format!("{day}/a.log.gz"), &gzip(custom(&format!("{one}\n{two}")).as_bytes()));
        let odd = "a b c\n1 more 10 and further cells\n2\nx nan 30\n99999999999 too-large 9223372036854775807\n\\N null \\N\n5  7\n\n";
        world.put("odd/t/one/sub/x.log", odd.as_bytes());
        for hidden in ["odd/t/one/_x.log", "odd/t/one/.x.log", "odd/t/one0/x.log"] {
            world.put(hidden, b"a b c\n100 hidden 100\n");
        }
        world.put("hive/AWSLogs/aws-region=us-east-1/year=2026/x.parquet", &places::parquet(5));
        world
    }

    /// Writes an object; the path begins with the bucket.
    fn put(&self, path: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join("buckets").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    fn catalogue(&self) -> PathBuf {
        self.folder.path().join("catalogue.json")
    }

    fn engine(&self) -> Engine {
        let options = EngineOptions { threads: 2, memory_limit: None, catalogue: Some(self.catalogue()) };
        Engine::new(options, Buckets::new().with_root(self.folder.path().join("buckets"))).unwrap()
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// The rows of a statement as texts, NULL as `NULL`, an empty text as `(empty)`.
async fn rows(engine: &Engine, sql: &str) -> Result<Vec<Vec<String>>, Error> {
    let batches = engine.run(sql, &RunOptions::new(NOW)).await?.collect().await?;
    Ok(batches.iter().flat_map(texts).collect())
}

/// The rows as lines.
async fn lines(engine: &Engine, sql: &str) -> Vec<String> {
    rows(engine, sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}\n{error}"))
        .into_iter()
        .map(|row| row.join(" "))
        .collect()
}

/// The cells as Athena writes them.
fn texts(batch: &RecordBatch) -> Vec<Vec<String>> {
    let cell = |column: usize, row: usize| match weir_query::text::value(batch.column(column), row) {
        None => "NULL".to_owned(),
        Some(text) if text.is_empty() => "(empty)".to_owned(),
        Some(text) => text,
    };
    (0..batch.num_rows()).map(|row| (0..batch.num_columns()).map(|column| cell(column, row)).collect()).collect()
}

/// An engine for the test files.
struct Database {
    engine: Engine,
    /// If there are some, each query is run again after copies of what it read were made, and must answer the same.
    copies: Option<Arc<Copies>>,
}

#[async_trait::async_trait]
impl AsyncDB for Database {
    type Error = Error;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Error> {
        let answer = self.engine.run(sql, &RunOptions::new(NOW)).await?;
        if answer.kind().is_definition() && answer.schema().fields().is_empty() {
            return Ok(DBOutput::StatementComplete(0));
        }
        let schema = answer.schema();
        let types = schema.fields().iter().map(|field| match field.data_type() {
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => DefaultColumnType::Integer,
            DataType::Float32 | DataType::Float64 => DefaultColumnType::FloatingPoint,
            _ => DefaultColumnType::Text,
        });
        let types = types.collect();
        let kind = answer.kind();
        let rows: Vec<Vec<String>> = answer.collect().await?.iter().flat_map(texts).collect();
        if let Some(copies) = self.copies.as_ref().filter(|_| kind == StatementKind::Select) {
            copies.catch_up().await;
            let mut again = crate::rows(&self.engine, sql).await?;
            again.sort();
            let mut sorted = rows.clone();
            sorted.sort();
            assert_eq!(again, sorted, "{sql}");
        }
        Ok(DBOutput::Rows { types, rows })
    }

    async fn shutdown(&mut self) {}
}

async fn run_file(name: &str) {
    let world = World::new();
    run_file_with(name, &world, None).await;
}

async fn run_file_with(name: &str, world: &World, copies: Option<Arc<Copies>>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt").join(name);
    let mut runner = Runner::new(async || {
        let engine = copies.iter().fold(world.engine(), |engine, copies| engine.with_copies(Arc::clone(copies)));
        Ok(Database { engine, copies: copies.clone() })
    });
    let mut failed = String::new();
    for record in sqllogictest::parse_file::<DefaultColumnType>(path).unwrap() {
        if let Err(error) = runner.run_async(record).await {
            failed.push_str(&format!("{}\n\n", error.display(false)));
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[tokio::test]
async fn seeds_slt() {
    run_file("seeds.slt").await;
}

#[tokio::test]
async fn ddl_slt() {
    run_file("ddl.slt").await;
}

#[tokio::test]
async fn functions_slt() {
    run_file("functions.slt").await;
}

#[tokio::test]
async fn functions_array_slt() {
    run_file("functions_array.slt").await;
}

#[tokio::test]
async fn functions_map_slt() {
    run_file("functions_map.slt").await;
}

#[tokio::test]
async fn functions_json_slt() {
    run_file("functions_json.slt").await;
}

#[tokio::test]
async fn functions_address_slt() {
    run_file("functions_address.slt").await;
}

#[tokio::test]
async fn functions_show_slt() {
    run_file("functions_show.slt").await;
}

#[tokio::test]
async fn functions_time_slt() {
    run_file("functions_time.slt").await;
}

#[tokio::test]
async fn functions_url_slt() {
    run_file("functions_url.slt").await;
}

#[tokio::test]
async fn casts_slt() {
    run_file("casts.slt").await;
}

#[tokio::test]
async fn queries_slt() {
    run_file("queries.slt").await;
}

#[tokio::test]
async fn coercions_slt() {
    run_file("coercions.slt").await;
}

#[tokio::test]
async fn types_and_errors_slt() {
    run_file("types_and_errors.slt").await;
}

/// The names of the answer's columns.
async fn columns(engine: &Engine, sql: &str) -> Vec<String> {
    let answer = engine.run(sql, &RunOptions::new(NOW)).await.unwrap_or_else(|error| panic!("{sql}\n{error}"));
    answer.schema().fields().iter().map(|field| field.name().clone()).collect()
}

/// The one number that a query gives.
async fn number(engine: &Engine, sql: &str) -> i64 {
    let batches = engine.run(sql, &RunOptions::new(NOW)).await.unwrap().collect().await.unwrap();
    let column = batches[0].column(0);
    assert_eq!(column.len(), 1);
    column.as_primitive::<datafusion::arrow::datatypes::Int64Type>().value(0)
}
