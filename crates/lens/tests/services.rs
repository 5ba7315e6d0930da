//! Athena and Glue by their tables, over a bucket on disk.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "queries take the time they take, and a test waits for them")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_api::access::{Access, RootKey};
use weir_api::services::iam;
use weir_api::{ApiError, Call, Payload, Refusal, Serve, Served, ServiceName};
use weir_query::athena::{Athena, Clock, Limits};
use weir_query::{Engine, EngineOptions};
use weir_store::{Buckets, Catalogue};

const RESULTS: &str = "s3://results/out/";

struct Server {
    _runtime: tokio::runtime::Runtime,
    tables: Vec<Box<dyn Serve>>,
}

impl Server {
    fn open(root: &Path, limits: Limits) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("made");
        let buckets = Buckets::new().with_root(root.join("buckets"));
        let options = EngineOptions { threads: 2, memory_limit: None, catalogue: Some(root.join("catalogue.json")) };
        let finder = weir_lens::flow_log_tables(buckets.clone(), "flow-logs".parse().expect("a name"));
        let engine = Arc::new(Engine::new(options, buckets).expect("opened").with_finder(finder));
        let catalogue = Catalogue::open(&root.join("catalogue.sqlite")).expect("opened");
        let athena = Arc::new(Athena::open(engine, catalogue, limits, now()).expect("opened"));
        let clock: Clock = Arc::new(now);
        runtime.spawn(Arc::clone(&athena).work(clock));
        let tables = weir_lens::tables(&athena, runtime.handle());
        Self { _runtime: runtime, tables }
    }

    fn call(&self, name: &str, input: &Value) -> Result<Value, ApiError> {
        let of_name = |table: &dyn Serve| table.entries().iter().any(|entry| entry.name == name && entry.supported);
        let service = if name.starts_with("Glue") { "Glue" } else { "" };
        let name = name.trim_start_matches("Glue");
        let mut tables =
            self.tables.iter().filter(|table| (format!("{:?}", table.service()) == "Glue") == (service == "Glue"));
        let table = if service.is_empty() { tables.find(|table| of_name(table.as_ref())) } else { tables.next() };
        let call = Call::of_root("123456789012", "us-east-1", now());
        table.expect("a table").call(name, &call, &Payload::json(input.to_string().into()))
    }

    fn done(&self, name: &str, input: &Value) -> Value {
        self.call(name, input).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn start(&self, sql: &str) -> String {
        let input = json!({ "QueryString": sql, "ResultConfiguration": { "OutputLocation": RESULTS } });
        self.done("StartQueryExecution", &input)["QueryExecutionId"].as_str().expect("an id").to_owned()
    }

    /// The execution when it has ended.
    fn ended(&self, id: &str) -> Value {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let found = self.done("GetQueryExecution", &json!({ "QueryExecutionId": id }))["QueryExecution"].take();
            let state = found["Status"]["State"].as_str().unwrap_or_default().to_owned();
            if !["QUEUED", "RUNNING"].contains(&state.as_str()) || Instant::now() > until {
                return found;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn run(&self, sql: &str) -> Value {
        let ended = self.ended(&self.start(sql));
        assert_eq!(ended["Status"]["State"], "SUCCEEDED", "{sql}: {}", ended["Status"]);
        ended
    }

    /// The rows of a statement as texts, the header too.
    fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let id = self.run(sql)["QueryExecutionId"].clone();
        let results = self.done("GetQueryResults", &json!({ "QueryExecutionId": id }));
        rows(&results)
    }
}

fn rows(results: &Value) -> Vec<Vec<Option<String>>> {
    let cell = |datum: &Value| datum["VarCharValue"].as_str().map(str::to_owned);
    let row = |row: &Value| row["Data"].as_array().expect("data").iter().map(cell).collect();
    results["ResultSet"]["Rows"].as_array().expect("rows").iter().map(row).collect()
}

fn texts(rows: &[Vec<Option<String>>]) -> Vec<String> {
    let shown = |row: &Vec<Option<String>>| {
        row.iter().map(|cell| cell.clone().unwrap_or("NULL".into())).collect::<Vec<_>>().join("|")
    };
    rows.iter().map(shown).collect()
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("it fits")
}

const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n";

/// A bucket with one object of a flow log, and one for results.
fn folder() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("made");
    deliver(root.path(), 1, "ACCEPT");
    std::fs::create_dir_all(root.path().join("buckets/results")).expect("made");
    root
}

fn deliver(root: &Path, number: u32, action: &str) {
    let folder = root.join("buckets/flow-logs/AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/11/21");
    std::fs::create_dir_all(&folder).expect("made");
    let line = |port: u32| {
        format!(
            "2 123456789012 eni-1 10.0.0.{port} 10.0.0.9 {port} 22 6 3 {} 1700000000 1700000060 {action} OK\n",
            port * 100
        )
    };
    let text = format!("{HEADER}{}{}", line(1), line(2));
    let name = format!("123456789012_vpcflowlogs_us-east-1_fl-1_20261121T00{number:02}Z_{number:08x}.log");
    std::fs::write(folder.join(name), text).expect("written");
}

/// More rows than can be joined thrice with themselves while a test waits.
const ENDLESS: &str = "SELECT count(*) FROM vpc_flow_logs a CROSS JOIN vpc_flow_logs b CROSS JOIN vpc_flow_logs c \
    WHERE (a.srcport + b.srcport * c.srcport) % 7 = 3";

fn deliver_many(root: &Path, lines: u32) {
    let line = |port: u32| {
        format!("2 123456789012 eni-1 10.0.0.1 10.0.0.9 {port} 22 6 3 100 1700000000 1700000060 ACCEPT OK\n")
    };
    let text: String =
        std::iter::once(HEADER.to_owned()).chain((0..lines).map(|number| line(number % 65_536))).collect();
    let folder = root.join("buckets/flow-logs/AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/11/20");
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join("123456789012_vpcflowlogs_us-east-1_fl-1_20261120T0000Z_0000000a.log"), text)
        .expect("written");
}

#[test]
fn a_query_runs_and_its_result_is_read_in_pages() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    let ended = server.run("SELECT srcaddr, bytes, CAST(NULL AS varchar) AS nothing FROM vpc_flow_logs ORDER BY 2");
    let id = ended["QueryExecutionId"].as_str().expect("an id");
    assert_eq!(ended["StatementType"], "DML");
    assert_eq!(ended["SubstatementType"], "SELECT");
    assert_eq!(ended["ResultConfiguration"]["OutputLocation"], format!("s3://results/out/{id}.csv"));
    let scanned = ended["Statistics"]["DataScannedInBytes"].as_u64().expect("a number");
    assert!(scanned > 200, "{scanned}");
    let page = server.done("GetQueryResults", &json!({ "QueryExecutionId": id, "MaxResults": 2 }));
    assert_eq!(texts(&rows(&page)), ["srcaddr|bytes|nothing", "10.0.0.1|100|NULL"]);
    let columns = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"].as_array().expect("columns");
    let types: Vec<_> = columns.iter().map(|column| column["Type"].as_str().expect("a type")).collect();
    assert_eq!(types, ["varchar", "bigint", "varchar"]);
    let next = server.done("GetQueryResults", &json!({ "QueryExecutionId": id, "NextToken": page["NextToken"] }));
    assert_eq!(texts(&rows(&next)), ["10.0.0.2|200|NULL"]);
    assert!(next["NextToken"].is_null());
    let other = server.start("SELECT 1");
    let changed = page["NextToken"].as_str().expect("a token").replacen(|c: char| c.is_ascii_lowercase(), "0", 1);
    for (id, token) in [(other.as_str(), page["NextToken"].clone()), (id, changed.into()), (id, "1000".into())] {
        server.ended(id);
        let refused = server.call("GetQueryResults", &json!({ "QueryExecutionId": id, "NextToken": token }));
        assert!(refused.is_err_and(|error| error.to_string().contains("The NextToken is not valid")), "{token}");
    }
    let csv = std::fs::read_to_string(root.path().join(format!("buckets/results/out/{id}.csv"))).expect("there");
    assert_eq!(csv, "\"srcaddr\",\"bytes\",\"nothing\"\n\"10.0.0.1\",\"100\",\n\"10.0.0.2\",\"200\",\n");
    assert!(root.path().join(format!("buckets/results/out/{id}.csv.metadata")).exists());
}

#[test]
fn a_new_object_is_seen_and_results_inside_of_the_data_are_not() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    let count = "SELECT count(*) FROM vpc_flow_logs";
    let inside = "s3://flow-logs/AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/11/21/";
    let input = json!({ "QueryString": count, "ResultConfiguration": { "OutputLocation": inside } });
    let id = server.done("StartQueryExecution", &input)["QueryExecutionId"].clone();
    assert_eq!(server.ended(id.as_str().expect("an id"))["Status"]["State"], "SUCCEEDED");
    assert_eq!(texts(&server.rows(count)), ["_col0", "2"]);
    deliver(root.path(), 5, "REJECT");
    assert_eq!(texts(&server.rows(count)), ["_col0", "4"]);
    let ddl = format!(
        "CREATE EXTERNAL TABLE lab (version int, account string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' LOCATION '{inside}' TBLPROPERTIES ('skip.header.line.count'='1')"
    );
    server.run(&ddl);
    assert_eq!(texts(&server.rows("SELECT count(*) FROM lab")), ["_col0", "4"]);
}

#[test]
fn ddl_and_show_have_the_results_of_athena() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    let ended = server.run("CREATE DATABASE lab");
    assert_eq!((&ended["StatementType"], &ended["SubstatementType"]), (&json!("DDL"), &json!("CREATE_DATABASE")));
    let results = server.done("GetQueryResults", &json!({ "QueryExecutionId": ended["QueryExecutionId"] }));
    assert_eq!(results, json!({ "ResultSet": { "Rows": [], "ResultSetMetadata": { "ColumnInfo": [] } } }));
    assert_eq!(texts(&server.rows("SHOW DATABASES")), ["default", "lab"]);
    assert_eq!(texts(&server.rows("SHOW TABLES IN default")), ["vpc_flow_logs"]);
    let described = server.rows("DESCRIBE vpc_flow_logs");
    assert_eq!(described[0], [Some(format!("{:<20}\t{:<20}\t{:<20}", "version", "int", ""))]);
    let schemas = server.rows(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE column_name = 'srcaddr'",
    );
    assert_eq!(texts(&schemas), ["table_name|column_name|data_type", "vpc_flow_logs|srcaddr|varchar"]);
    let error = server
        .call(
            "StartQueryExecution",
            &json!({ "QueryString": "DESCRIBE nothing", "ResultConfiguration": { "OutputLocation": RESULTS } }),
        )
        .expect_err("refused");
    assert!(error.message.starts_with("Entity Not Found"), "{error}");
}

#[test]
fn what_is_wrong_is_told_at_the_start_or_in_the_state() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    let refused = |input: Value| server.call("StartQueryExecution", &input).expect_err("refused");
    let error = refused(json!({ "QueryString": "SELECT 1" }));
    assert_eq!(error.code, "InvalidRequestException");
    assert!(error.message.starts_with("No output location provided."), "{error}");
    let error = refused(json!({ "QueryString": "SELEC 1", "ResultConfiguration": { "OutputLocation": RESULTS } }));
    assert_eq!(error.members["AthenaErrorCode"], "MALFORMED_QUERY");
    let error = refused(json!({ "QueryString": "SELECT 1", "ResultConfiguration": { "OutputLocation": "results" } }));
    assert_eq!(error.message, "outputLocation is not a valid S3 path.");
    let error = refused(json!({ "QueryString": "SELECT 1", "WorkGroup": "none" }));
    assert_eq!(error.message, "WorkGroup is not found.");
    let ended = server.ended(&server.start("SELECT * FROM nothing"));
    assert_eq!(ended["Status"]["State"], "FAILED");
    assert_eq!(
        ended["Status"]["StateChangeReason"],
        "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.default.nothing' does not exist"
    );
    assert_eq!(ended["Status"]["AthenaError"]["ErrorType"], 1301);
    let error =
        server.call("GetQueryResults", &json!({ "QueryExecutionId": ended["QueryExecutionId"] })).expect_err("refused");
    assert_eq!(error.message, "Query did not finish successfully. Final query state: FAILED");
    let error = server.call("GetQueryExecution", &json!({ "QueryExecutionId": "none" })).expect_err("refused");
    assert_eq!(error.message, "QueryExecution none was not found");
}

#[test]
fn a_stopped_query_ends_and_gives_way_to_the_next() {
    let root = folder();
    deliver_many(root.path(), 20_000);
    let server = Server::open(root.path(), Limits { concurrency: 1, ..Limits::default() });
    let slow = server.start(ENDLESS);
    let waiting = server.start("SELECT 1");
    let state = |id: &str| {
        server.done("GetQueryExecution", &json!({ "QueryExecutionId": id }))["QueryExecution"]["Status"]["State"].take()
    };
    let until = Instant::now() + Duration::from_secs(60);
    while state(&slow) != "RUNNING" && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(state(&waiting), "QUEUED");
    server.done("StopQueryExecution", &json!({ "QueryExecutionId": slow }));
    let ended = server.ended(&slow);
    assert_eq!(ended["Status"]["State"], "CANCELLED", "{}", ended["Status"]);
    assert_eq!(ended["Status"]["StateChangeReason"], "Query cancelled by user");
    assert!(ended["Statistics"]["DataScannedInBytes"].as_u64().is_some_and(|bytes| bytes > 0), "{ended}");
    assert_eq!(server.ended(&waiting)["Status"]["State"], "SUCCEEDED");
}

#[test]
fn a_query_ends_at_the_limit_of_time() {
    let root = folder();
    deliver_many(root.path(), 20_000);
    let server = Server::open(root.path(), Limits { time: Duration::from_secs(1), ..Limits::default() });
    let ended = server.ended(&server.start(ENDLESS));
    assert_eq!(ended["Status"]["State"], "FAILED");
    assert_eq!(ended["Status"]["StateChangeReason"], "Query timeout");
}

#[test]
fn a_query_ends_at_the_cutoff_of_its_workgroup() {
    let root = folder();
    deliver_many(root.path(), 150_000);
    let server = Server::open(root.path(), Limits::default());
    let configuration =
        json!({ "ResultConfiguration": { "OutputLocation": RESULTS }, "BytesScannedCutoffPerQuery": 10_000_000 });
    server.done("CreateWorkGroup", &json!({ "Name": "small", "Configuration": configuration }));
    let ended = |sql: &str| {
        let started = server.done("StartQueryExecution", &json!({ "QueryString": sql, "WorkGroup": "small" }));
        server.ended(started["QueryExecutionId"].as_str().expect("an id"))
    };
    let cancelled = ended(ENDLESS);
    assert_eq!(cancelled["Status"]["State"], "CANCELLED", "{cancelled}");
    assert_eq!(cancelled["Status"]["StateChangeReason"], "Query cancelled! : Bytes scanned limit was exceeded");
    assert!(cancelled["Statistics"]["DataScannedInBytes"].as_i64().expect("a number") > 10_000_000, "{cancelled}");
    assert_eq!(ended("SELECT 1")["Status"]["State"], "SUCCEEDED");
}

#[test]
fn functions_are_listed_as_rows_of_a_query() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    assert_eq!(texts(&server.rows("SHOW FUNCTIONS LIKE 'date_d%'")), ["Function", "date_diff"]);
    let ended = server.run("SHOW FUNCTIONS");
    assert_eq!((&ended["StatementType"], &ended["SubstatementType"]), (&json!("UTILITY"), &json!("SHOW_FUNCTIONS")));
    assert!(ended["ResultConfiguration"]["OutputLocation"].as_str().expect("a place").ends_with(".csv"));
}

#[test]
fn a_query_that_a_crash_ended_has_failed() {
    let root = folder();
    deliver_many(root.path(), 20_000);
    let id = Server::open(root.path(), Limits::default()).start(ENDLESS);
    let server = Server::open(root.path(), Limits::default());
    let ended = server.done("GetQueryExecution", &json!({ "QueryExecutionId": id }));
    let reason = ended["QueryExecution"]["Status"]["StateChangeReason"].as_str().expect("a reason");
    assert!(reason.contains("the server ended while the query waited or ran"), "{reason}");
}

#[test]
fn prepared_statements_and_parameters() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    server.run("PREPARE by_port FROM SELECT srcaddr FROM vpc_flow_logs WHERE srcport = ? AND action = ?");
    assert_eq!(texts(&server.rows("EXECUTE by_port USING 2, 'ACCEPT'")), ["srcaddr", "10.0.0.2"]);
    let input = json!({ "QueryString": "SELECT ? AS a, ? AS b", "ExecutionParameters": ["5", "it's"], "ResultConfiguration": { "OutputLocation": RESULTS } });
    let id = server.done("StartQueryExecution", &input)["QueryExecutionId"].clone();
    assert_eq!(server.ended(id.as_str().expect("an id"))["Status"]["State"], "SUCCEEDED");
    assert_eq!(texts(&rows(&server.done("GetQueryResults", &json!({ "QueryExecutionId": id })))), ["a|b", "5|it's"]);
    let listed = server.done("ListPreparedStatements", &json!({ "WorkGroup": "primary" }));
    assert_eq!(listed["PreparedStatements"][0]["StatementName"], "by_port");
    server.run("DEALLOCATE PREPARE by_port");
    let missing = server.call("GetPreparedStatement", &json!({ "StatementName": "by_port", "WorkGroup": "primary" }));
    assert_eq!(missing.expect_err("gone").code, "ResourceNotFoundException");
    let ended = server.ended(&server.start("EXECUTE by_port USING 1"));
    assert_eq!(
        ended["Status"]["StateChangeReason"],
        "INVALID_PARAMETER_USAGE: Prepared Statement by_port not found in WorkGroup primary"
    );
}

#[test]
fn a_table_as_a_query_and_what_is_inserted_are_read_back() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    let made = server.run("CREATE TABLE temp WITH (external_location = 's3://results/temp', format = 'PARQUET') AS SELECT srcaddr, bytes, DATE '2026-11-21' AS day FROM vpc_flow_logs");
    let manifest = made["Statistics"]["DataManifestLocation"].as_str().expect("a manifest");
    let id = made["QueryExecutionId"].as_str().expect("an id");
    assert_eq!(manifest, format!("s3://results/out/tables/{id}-manifest.csv"));
    let listed = std::fs::read_to_string(root.path().join(manifest.replace("s3://", "buckets/"))).expect("there");
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(listed.starts_with("s3://results/temp/"), "{listed}");
    assert_eq!(
        texts(&server.rows("SELECT * FROM temp ORDER BY bytes")),
        ["srcaddr|bytes|day", "10.0.0.1|100|2026-11-21", "10.0.0.2|200|2026-11-21"]
    );
    let inserted = server.run("INSERT INTO temp (bytes, srcaddr) VALUES (7, 'x')");
    let results = server.done("GetQueryResults", &json!({ "QueryExecutionId": inserted["QueryExecutionId"] }));
    assert_eq!(results["UpdateCount"], 1);
    assert_eq!(texts(&server.rows("SELECT * FROM temp WHERE bytes < 50")), ["srcaddr|bytes|day", "x|7|NULL"]);
    server.run("CREATE TABLE parts WITH (format = 'TEXTFILE', field_delimiter = ',', partitioned_by = ARRAY['action']) AS SELECT srcaddr, bytes, action FROM vpc_flow_logs");
    assert_eq!(texts(&server.rows("SHOW PARTITIONS parts")), ["action=ACCEPT"]);
    assert_eq!(
        texts(&server.rows("SELECT * FROM parts ORDER BY bytes LIMIT 1")),
        ["srcaddr|bytes|action", "10.0.0.1|100|ACCEPT"]
    );
    let again = server
        .ended(&server.start("CREATE TABLE other WITH (external_location = 's3://results/temp/') AS SELECT 1 AS a"));
    assert!(
        again["Status"]["StateChangeReason"].as_str().is_some_and(|text| text.starts_with("HIVE_PATH_ALREADY_EXISTS")),
        "{again}"
    );
    server.done("GlueDeleteTable", &json!({ "DatabaseName": "default", "Name": "temp" }));
    assert_eq!(texts(&server.rows("SHOW TABLES")), ["parts", "vpc_flow_logs"]);
}

#[test]
fn unload_writes_objects_and_a_manifest() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    let ended = server.run("UNLOAD (SELECT srcaddr, bytes FROM vpc_flow_logs) TO 's3://results/unloaded/' WITH (format = 'JSON', compression = 'NONE')");
    let manifest = ended["Statistics"]["DataManifestLocation"].as_str().expect("a manifest");
    let listed = std::fs::read_to_string(root.path().join(manifest.replace("s3://", "buckets/"))).expect("there");
    let object = std::fs::read_to_string(root.path().join(listed.trim().replace("s3://", "buckets/"))).expect("there");
    assert_eq!(
        object.lines().next(),
        Some(r#"{"bytes":100,"srcaddr":"10.0.0.1"}"#).filter(|_| object.lines().count() == 2)
    );
}

#[test]
fn projected_partitions_are_found_and_pruned() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    server.run(
        "CREATE EXTERNAL TABLE projected (version int, account string) PARTITIONED BY (day string) \
        ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' LOCATION 's3://flow-logs/AWSLogs/' \
        TBLPROPERTIES ('skip.header.line.count'='1', 'projection.enabled'='true', 'projection.day.type'='date', \
        'projection.day.range'='2026/11/01,2026/11/30', 'projection.day.format'='yyyy/MM/dd', \
        'storage.location.template'='s3://flow-logs/AWSLogs/123456789012/vpcflowlogs/us-east-1/${day}')",
    );
    assert_eq!(texts(&server.rows("SELECT day, count(*) FROM projected GROUP BY 1")), ["day|_col1", "2026/11/21|2"]);
    let none = server.run("SELECT count(*) FROM projected WHERE day = '2026/11/20'");
    assert_eq!(none["Statistics"]["DataScannedInBytes"], 0);
}

#[test]
fn workgroups_named_queries_and_tags_last() {
    let root = folder();
    let (named, id);
    {
        let server = Server::open(root.path(), Limits::default());
        let configuration = json!({ "ResultConfiguration": { "OutputLocation": "s3://results/lab/" }, "BytesScannedCutoffPerQuery": 10_000_000 });
        server.done(
            "CreateWorkGroup",
            &json!({ "Name": "lab", "Configuration": configuration, "Tags": [{ "Key": "a", "Value": "1" }] }),
        );
        server.done("UpdateWorkGroup", &json!({ "WorkGroup": "lab", "ConfigurationUpdates": { "RemoveBytesScannedCutoffPerQuery": true, "EnforceWorkGroupConfiguration": true } }));
        named = server.done(
            "CreateNamedQuery",
            &json!({ "Name": "n", "Database": "default", "QueryString": "SELECT 1", "WorkGroup": "lab" }),
        )["NamedQueryId"]
            .clone();
        let input = json!({ "QueryString": "SELECT 1", "WorkGroup": "lab", "ResultConfiguration": { "OutputLocation": RESULTS } });
        id = server.done("StartQueryExecution", &input)["QueryExecutionId"].as_str().expect("an id").to_owned();
        let ended = server.ended(&id);
        assert_eq!(ended["ResultConfiguration"]["OutputLocation"], format!("s3://results/lab/{id}.csv"), "enforced");
    }
    let server = Server::open(root.path(), Limits::default());
    let group = server.done("GetWorkGroup", &json!({ "WorkGroup": "lab" }))["WorkGroup"].take();
    assert_eq!(group["Configuration"]["ResultConfiguration"]["OutputLocation"], "s3://results/lab/");
    assert!(group["Configuration"]["BytesScannedCutoffPerQuery"].is_null());
    let arn = "arn:aws:athena:us-east-1:123456789012:workgroup/lab";
    assert_eq!(
        server.done("ListTagsForResource", &json!({ "ResourceARN": arn }))["Tags"],
        json!([{ "Key": "a", "Value": "1" }])
    );
    assert_eq!(server.done("ListNamedQueries", &json!({ "WorkGroup": "lab" }))["NamedQueryIds"], json!([named]));
    assert_eq!(server.done("ListQueryExecutions", &json!({ "WorkGroup": "lab" }))["QueryExecutionIds"], json!([id]));
    let refused = server.call("DeleteWorkGroup", &json!({ "WorkGroup": "lab" })).expect_err("not empty");
    assert_eq!(refused.message, "WorkGroup lab is not empty");
    server.done("DeleteWorkGroup", &json!({ "WorkGroup": "lab", "RecursiveDeleteOption": true }));
    assert!(server.call("GetNamedQuery", &json!({ "NamedQueryId": named })).is_err());
    let groups = server.done("ListWorkGroups", &json!({}));
    assert_eq!(groups["WorkGroups"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_comes_with_weir_is_a_named_query_of_the_primary_group() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    let own = json!({ "Name": "mine", "Database": "default", "QueryString": "SELECT 1" });
    let own = server.done("CreateNamedQuery", &own)["NamedQueryId"].clone();
    let listed = server.done("ListNamedQueries", &json!({}))["NamedQueryIds"].clone();
    let listed = listed.as_array().expect("a list");
    assert_eq!((listed.len(), &listed[0]), (1 + weir_query::QUESTIONS.len(), &own));
    let all = server.done("BatchGetNamedQuery", &json!({ "NamedQueryIds": listed }));
    let all = all["NamedQueries"].as_array().expect("a list").clone();
    assert_eq!(all.len(), listed.len());
    let records = all.iter().find(|query| query["Name"] == "records").expect("it is one of them");
    assert_eq!((&records["Database"], &records["WorkGroup"]), (&json!("default"), &json!("primary")));
    let id = json!({ "NamedQueryId": records["NamedQueryId"] });
    assert_eq!(server.done("GetNamedQuery", &id)["NamedQuery"], *records);
    assert_eq!(texts(&server.rows(records["QueryString"].as_str().expect("a text"))), ["records", "2"]);
    let refused = server.call("DeleteNamedQuery", &id).expect_err("it stays");
    assert_eq!(refused.message, "NamedQuery records comes with Weir and stays as it is");
    let change = json!({ "NamedQueryId": records["NamedQueryId"], "Name": "x", "QueryString": "SELECT 2" });
    assert!(server.call("UpdateNamedQuery", &change).is_err());
    server.done("DeleteNamedQuery", &json!({ "NamedQueryId": own }));
}

#[test]
fn the_same_token_is_the_same_query_and_an_old_answer_will_do_when_asked() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    let token = "t".repeat(32);
    let input = |sql: &str| json!({ "QueryString": sql, "ClientRequestToken": token, "ResultConfiguration": { "OutputLocation": RESULTS } });
    let first = server.done("StartQueryExecution", &input("SELECT 1"));
    assert_eq!(server.done("StartQueryExecution", &input("SELECT 1")), first);
    let error = server.call("StartQueryExecution", &input("SELECT 2")).expect_err("another query");
    assert_eq!(error.members["AthenaErrorCode"], "IDEMPOTENT_PARAMETER_MISMATCH");
    server.ended(first["QueryExecutionId"].as_str().expect("an id"));
    let reuse = json!({ "QueryString": "SELECT 1", "ResultConfiguration": { "OutputLocation": RESULTS },
        "ResultReuseConfiguration": { "ResultReuseByAgeConfiguration": { "Enabled": true, "MaxAgeInMinutes": 60 } } });
    let id = server.done("StartQueryExecution", &reuse)["QueryExecutionId"].clone();
    let ended = server.ended(id.as_str().expect("an id"));
    assert_eq!(ended["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"], true);
    assert_eq!(texts(&rows(&server.done("GetQueryResults", &json!({ "QueryExecutionId": id })))), ["_col0", "1"]);
}

#[test]
fn metadata_and_glue_are_one_catalogue() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    let of_default = json!({ "CatalogName": "AwsDataCatalog", "DatabaseName": "default" });
    let tables = server.done("ListTableMetadata", &of_default);
    assert_eq!(tables["TableMetadataList"][0]["Name"], "vpc_flow_logs");
    assert_eq!(tables["TableMetadataList"][0]["Columns"][3], json!({ "Name": "srcaddr", "Type": "string" }));
    let columns = json!([{ "Name": "version", "Type": "int" }, { "Name": "account", "Type": "string" }]);
    let storage = json!({ "Columns": columns, "Location": "s3://flow-logs/AWSLogs/123456789012/vpcflowlogs/us-east-1/",
        "SerdeInfo": { "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", "Parameters": { "field.delim": " " } } });
    let input = json!({ "Name": "Told", "StorageDescriptor": storage, "PartitionKeys": [{ "Name": "dt", "Type": "string" }], "Parameters": { "skip.header.line.count": "1" } });
    server.done("GlueCreateTable", &json!({ "DatabaseName": "default", "TableInput": input }));
    let again =
        server.call("GlueCreateTable", &json!({ "DatabaseName": "default", "TableInput": input })).expect_err("there");
    assert_eq!(again.code, "AlreadyExistsException");
    let partition = json!({ "Values": ["2026-11-21"], "StorageDescriptor": { "Location": "s3://flow-logs/AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/11/21/" } });
    server.done(
        "GlueCreatePartition",
        &json!({ "DatabaseName": "default", "TableName": "told", "PartitionInput": partition }),
    );
    assert_eq!(texts(&server.rows("SELECT account, dt FROM told LIMIT 1")), ["account|dt", "123456789012|2026-11-21"]);
    let found = server.done(
        "GlueGetPartitions",
        &json!({ "DatabaseName": "default", "TableName": "told", "Expression": "dt > '2026-11-01'" }),
    );
    assert_eq!(found["Partitions"][0]["Values"], json!(["2026-11-21"]));
    let table = server.done("GlueGetTable", &json!({ "DatabaseName": "default", "Name": "told" }));
    assert_eq!(table["Table"]["StorageDescriptor"], storage);
    let missing = server
        .call(
            "GetTableMetadata",
            &json!({ "CatalogName": "AwsDataCatalog", "DatabaseName": "default", "TableName": "none" }),
        )
        .expect_err("none");
    assert_eq!(missing.code, "MetadataException");
    server.run("CREATE VIEW seen AS SELECT dstport AS port, sum(bytes) AS bytes FROM vpc_flow_logs GROUP BY 1");
    let seen = server.done(
        "GetTableMetadata",
        &json!({ "CatalogName": "AwsDataCatalog", "DatabaseName": "default", "TableName": "seen" }),
    );
    assert_eq!(seen["TableMetadata"]["TableType"], "VIRTUAL_VIEW");
    assert_eq!(seen["TableMetadata"]["Columns"][1], json!({ "Name": "bytes", "Type": "bigint" }));
    server.run("DROP TABLE told");
    assert_eq!(
        server.call("GlueGetTable", &json!({ "DatabaseName": "default", "Name": "told" })).expect_err("gone").code,
        "EntityNotFoundException"
    );
}

#[test]
fn a_key_that_may_do_nothing_does_nothing() {
    let root = folder();
    let server = Server::open(root.path(), Limits::default());
    let insights = weir_lens::insights_table(Arc::new(|_| Err(ApiError::internal("nobody comes so far"))));
    let served: Served = server.tables.into_iter().chain([insights]).collect();
    let access = Access::open(
        &Catalogue::in_memory().expect("made"),
        "123456789012",
        Some(RootKey::new("AKIAIOSFODNN7EXAMPLE", "secret")),
    );
    let access = Arc::new(access.expect("opened"));
    let call = Call::of_root("123456789012", "us-east-1", now());
    let iam = iam::table(Arc::clone(&access));
    let ask = |operation: &str| {
        iam.call(operation, &call, &Payload::json(json!({ "UserName": "nobody" }).to_string().into())).expect(operation)
    };
    ask("CreateUser");
    let key = ask("CreateAccessKey")["AccessKey"]["AccessKeyId"].as_str().expect("an id").to_owned();
    let nobody = Call { principal: access.key(&key, call.now).expect("in force").principal, ..call.clone() };
    let input = Payload::json("{}".into());
    let mut count = 0;
    for service in [ServiceName::Athena, ServiceName::Glue, ServiceName::Logs] {
        for entry in served.entries(service) {
            let name = format!("{service:?} {}", entry.name);
            assert!(!entry.unguarded && !entry.open, "{name}: nobody asks whether the caller may");
            let refused = served.authorize(&access, (service, &entry), &nobody, &input).expect_err(&name);
            let Refusal::Denied(text) = refused else { panic!("{name}: {refused:?}") };
            let action = format!("{}:{}", service.action_prefix(), entry.action);
            assert!(
                text.contains(&format!("user/nobody is not authorized to perform: {action} on resource: ")),
                "{text}"
            );
            served.authorize(&access, (service, &entry), &call, &input).expect("the account may");
            count += 1;
        }
    }
    assert!(count > 300, "{count}");
}
