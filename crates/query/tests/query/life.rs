//! Queries that are started, asked for, stopped, listed and saved.

use std::{sync::Arc, time::Duration};

use tokio::runtime::Handle;
use weir_query::{Engine, EngineOptions, insights::*};
use weir_store::{Buckets, Catalogue, logs::InputEvent};

use crate::insights::{DAY, Logs, NOON};

const SECOND: i64 = 1000;

fn open(logs: &Logs, catalogue: &Catalogue) -> Queries {
    open_with(logs, catalogue, QueryLimits { running: 1, started: 3, time: Duration::from_secs(60) })
}

fn open_with(logs: &Logs, catalogue: &Catalogue, limits: QueryLimits) -> Queries {
    let options = EngineOptions { threads: 2, memory_limit: None, catalogue: None };
    let engine = Arc::new(Engine::new(options, Buckets::new()).unwrap());
    let insights = Arc::new(Insights::new(engine, Arc::clone(&logs.store), "123456789012"));
    Queries::open(insights, catalogue.clone(), limits, Handle::current(), NOON).unwrap()
}

fn world() -> (Logs, Catalogue) {
    let logs = Logs::new();
    logs.put("/g", "s", DAY, "2 123456789012 eni-1 10.0.0.1 10.0.0.9 1 22 6 3 180 1 2 REJECT OK");
    logs.put("/g", "s", DAY + SECOND, r#"{"a":1}"#);
    (logs, Catalogue::in_memory().unwrap())
}

fn start(query: &str) -> StartQueryInput {
    StartQueryInput {
        log_group_name: Some("/g".to_owned()),
        start_time: DAY / SECOND,
        end_time: DAY / SECOND + 1,
        query_string: query.to_owned(),
        ..StartQueryInput::default()
    }
}

async fn ended(queries: &Queries, id: &str) -> GetQueryResultsOutput {
    let input = GetQueryResultsInput { query_id: id.to_owned(), ..GetQueryResultsInput::default() };
    for _ in 0..600 {
        let results = queries.get_query_results(&input).unwrap();
        if !matches!(results.status, QueryStatus::Scheduled | QueryStatus::Running) {
            return results;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the query does not end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_is_started_asked_for_and_listed() {
    let (logs, catalogue) = world();
    let queries = open(&logs, &catalogue);
    let id = queries.start_query(&start("fields @message | sort @timestamp"), NOON).unwrap().query_id;
    let results = ended(&queries, &id).await;
    assert_eq!((results.status, results.results.len()), (QueryStatus::Complete, 2));
    let statistics = &results.statistics;
    assert_eq!((statistics.records_matched, statistics.records_scanned), (2.0, 2.0));
    assert_eq!(results.results[1][0], ResultField { field: "@message".into(), value: r#"{"a":1}"#.into() });

    let page = GetQueryResultsInput { query_id: id.clone(), max_items: Some(1), next_token: None };
    let first = queries.get_query_results(&page).unwrap();
    let next = GetQueryResultsInput { next_token: first.next_token, ..page };
    let second = queries.get_query_results(&next).unwrap();
    assert_eq!((first.results.len(), second.results.len(), second.next_token), (1, 1, None));

    let listed = queries.describe_queries(&DescribeQueriesInput::default()).unwrap().queries;
    let (from, to) = (DAY / SECOND, DAY / SECOND + 1);
    let shown = format!("SOURCE \"/g\" START={from}000 END={to}999 | fields @message | sort @timestamp");
    assert_eq!(
        (listed[0].query_string.as_str(), listed[0].status, listed[0].create_time),
        (shown.as_str(), QueryStatus::Complete, NOON)
    );
    let other = DescribeQueriesInput { log_group_name: Some("/h".into()), ..DescribeQueriesInput::default() };
    assert_eq!(queries.describe_queries(&other).unwrap().queries, []);

    // What has ended is kept over a restart, and not for ever.
    drop(queries);
    let queries = open(&logs, &catalogue);
    assert_eq!(ended(&queries, &id).await.results.len(), 2);
    let eight_days = NOON + 8 * 86_400 * SECOND;
    queries.start_query(&start("stats count(*)"), eight_days).unwrap();
    let gone = queries.get_query_results(&GetQueryResultsInput { query_id: id.clone(), ..Default::default() });
    assert_eq!(gone.unwrap_err().code(), "ResourceNotFoundException");
    let stop = queries.stop_query(&StopQueryInput { query_id: id });
    assert_eq!(stop.unwrap_err().code(), "ResourceNotFoundException");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_answer_is_read_page_by_page() {
    let (logs, catalogue) = world();
    let event = |at| InputEvent { timestamp: DAY + 2 * SECOND, message: format!("line {at:04}") };
    logs.store.append("/g", "s", &(0..1100).map(event).collect::<Vec<_>>(), NOON).unwrap();
    let queries = open(&logs, &catalogue);
    let query = StartQueryInput { end_time: DAY / SECOND + 2, ..start("fields @message | sort @message | limit 2000") };
    let id = queries.start_query(&query, NOON).unwrap().query_id;
    let all = ended(&queries, &id).await.results;
    assert_eq!(all.len(), 1102);
    let ask = |id: &str, token: Option<String>, most| {
        queries.get_query_results(&GetQueryResultsInput {
            query_id: id.to_owned(),
            max_items: Some(most),
            next_token: token,
        })
    };
    for most in [1, 7, 499, 500, 501, 1102, 10_000] {
        let (mut rows, mut token) = (Vec::new(), None);
        // A page of one each would take long.
        for _ in 0..(all.len() / most + 1).min(600) {
            let page = ask(&id, token, i64::try_from(most).unwrap()).unwrap();
            assert!(page.results.len() <= most);
            rows.extend(page.results);
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(token.is_none(), rows.len() == all.len());
        assert_eq!(rows[..], all[..rows.len()], "{most}");
    }

    let other = queries.start_query(&query, NOON).unwrap().query_id;
    ended(&queries, &other).await;
    let token = ask(&id, None, 500).unwrap().next_token.unwrap();
    for (id, token) in [(other.as_str(), token.clone()), (&id, token[1..].to_owned()), (&id, "500".to_owned())] {
        let error = ask(id, Some(token), 500).unwrap_err();
        assert_eq!((error.code(), error.to_string()), ("InvalidParameterException", no_token()));
    }
    // The rows go with their query.
    queries.start_query(&start("stats count(*)"), NOON + 8 * 86_400 * SECOND).unwrap();
    let kept = catalogue.change(|transaction| {
        let left = "SELECT count(*) FROM insights_page WHERE query = ?1";
        Ok::<i64, weir_store::CatalogueError>(transaction.query_row(left, [&id], |row| row.get(0)).unwrap())
    });
    assert_eq!(kept.unwrap(), 0);
}

fn no_token() -> String {
    "The specified nextToken is invalid.".to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_started_is_refused_as_aws_does() {
    let (logs, catalogue) = world();
    let queries = open(&logs, &catalogue);
    let refused = |input: &StartQueryInput| queries.start_query(input, NOON).unwrap_err();
    let plain = start("fields @message");

    let error = refused(&StartQueryInput { log_group_name: Some("/none".into()), ..plain.clone() });
    assert_eq!(error.code(), "ResourceNotFoundException");
    let said = error.to_string();
    assert!(
        said.starts_with("Log group '/none' does not exist for account ID '123456789012' (Service: AWSLogs;"),
        "{said}"
    );
    for wrong in [
        StartQueryInput { log_group_name: None, ..plain.clone() },
        StartQueryInput { log_group_names: Some(vec!["/g".into()]), ..plain.clone() },
        StartQueryInput { log_group_name: None, log_group_names: Some(vec!["/g".into(); 51]), ..plain.clone() },
        StartQueryInput { end_time: 0, ..plain.clone() },
        StartQueryInput { limit: Some(0), ..plain.clone() },
        StartQueryInput { limit: Some(100_001), ..plain.clone() },
        StartQueryInput { query_language: Some("PPL".into()), ..plain.clone() },
        start("SOURCE '/g' | fields @message"),
    ] {
        assert_eq!(refused(&wrong).code(), "InvalidParameterException", "{wrong:?}");
    }
    let malformed = refused(&start("fields @message | frob"));
    assert_eq!(malformed.code(), "MalformedQueryException");
    let InsightsError::Malformed { start, end, .. } = malformed else { panic!("{malformed}") };
    assert_eq!((start, end), (18, 22));
    let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/g".to_owned();
    let by_arn = StartQueryInput { log_group_name: None, log_group_identifiers: Some(vec![arn]), ..plain };
    queries.start_query(&by_arn, NOON).unwrap();
}

/// A query that matches each event with each, and a log group where that takes long.
fn long(logs: &Logs) -> StartQueryInput {
    for batch in 0..20 {
        let message = |number| format!(r#"{{"k":1,"n":{number},"b":{batch}}}"#);
        let event = |number| InputEvent { timestamp: DAY + 1, message: message(number) };
        let events: Vec<InputEvent> = (0..50).map(event).collect();
        logs.store.append("/g", "s", &events, NOON).unwrap();
    }
    let query = "join left=a right=b where a.k = b.k (SOURCE '/g' | fields k, n) | stats count(*) as c by n * b.n, @message \
                | stats count(*)";
    start(query)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_ends_at_its_limit_of_time_and_lets_the_next_run() {
    let (logs, catalogue) = world();
    let long = long(&logs);
    let limits = QueryLimits { running: 1, started: 3, time: Duration::from_millis(1) };
    let queries = open_with(&logs, &catalogue, limits);
    let [first, second] = [&long, &long].map(|query| queries.start_query(query, NOON).unwrap().query_id);
    assert_eq!(ended(&queries, &first).await.status, QueryStatus::Timeout);
    assert_eq!(ended(&queries, &second).await.status, QueryStatus::Timeout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_ends_the_work_and_lets_the_next_run() {
    let (logs, catalogue) = world();
    let long = long(&logs);
    let queries = open(&logs, &catalogue);
    let first = queries.start_query(&long, NOON).unwrap().query_id;
    let second = queries.start_query(&start("stats count(*) as n"), NOON).unwrap().query_id;
    let stopped = queries.stop_query(&StopQueryInput { query_id: first.clone() });
    let status = ended(&queries, &first).await.status;
    match stopped {
        Ok(done) => assert_eq!((done.success, status), (true, QueryStatus::Cancelled)),
        // It was quicker than we.
        Err(error) => assert_eq!((error.code(), status), ("InvalidParameterException", QueryStatus::Complete)),
    }
    assert_eq!(ended(&queries, &second).await.results[0][0].value, "1002");
    let again = queries.stop_query(&StopQueryInput { query_id: first }).unwrap_err();
    assert_eq!(again.code(), "InvalidParameterException");
}

/// Status and rows each time that a query is asked for while it runs, and at its end.
fn watched(queries: &Queries, query: &str) -> Vec<(QueryStatus, Vec<Row>)> {
    let query_id = queries.start_query(&start(query), NOON).unwrap().query_id;
    let input = GetQueryResultsInput { query_id, ..GetQueryResultsInput::default() };
    let mut seen = Vec::new();
    while !matches!(seen.last(), Some((QueryStatus::Complete, _))) && seen.len() < 1_000_000 {
        let results = queries.get_query_results(&input).unwrap();
        seen.push((results.status, results.results));
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_there_while_a_query_runs() {
    let (logs, catalogue) = world();
    for batch in 0..20 {
        let event =
            |number: i64| InputEvent { timestamp: DAY + 900 - batch * 10 + number / 30, message: number.to_string() };
        logs.store.append("/g", "s", &(0..300).map(event).collect::<Vec<_>>(), NOON).unwrap();
    }
    let queries = open(&logs, &catalogue);
    let partial = (0..100).find_map(|_| {
        let seen = watched(&queries, "fields @timestamp | filter @message < 200 | sort @timestamp asc");
        let (status, all) = seen.last().unwrap();
        assert_eq!((*status, all.len()), (QueryStatus::Complete, 4000));
        // A thread that looks away for long sees nothing of a query.
        seen.into_iter().find(|(status, rows)| *status == QueryStatus::Running && (1..4000).contains(&rows.len()))
    });
    let (_, partial) = partial.expect("rows while a query runs");
    let names: Vec<&str> = partial[0].iter().map(|field| field.field.as_str()).collect();
    assert_eq!(names, ["@timestamp", "@ptr"]);
    assert!(partial.is_sorted_by_key(|row| row[0].value.clone()), "{partial:?}");
}

#[tokio::test]
async fn queries_are_saved_changed_and_deleted() {
    let (logs, catalogue) = world();
    let queries = open(&logs, &catalogue);
    let put = |id: Option<&str>, name: &str, query: &str| {
        let input = PutQueryDefinitionInput {
            query_definition_id: id.map(str::to_owned),
            name: name.to_owned(),
            query_string: query.to_owned(),
            log_group_names: Some(vec!["/g".to_owned()]),
            ..PutQueryDefinitionInput::default()
        };
        queries.put_query_definition(&input, NOON).map(|put| put.query_definition_id)
    };
    let first = put(None, "b/refused", "filter action = 'REJECT'").unwrap();
    let second = put(None, "a", "limit 5").unwrap();
    assert_eq!(put(Some(&first), "b/refused", "limit 7").unwrap(), first);
    assert_eq!(put(Some("none"), "c", "limit 7").unwrap_err().code(), "ResourceNotFoundException");
    assert_eq!(put(None, "", "limit 7").unwrap_err().code(), "InvalidParameterException");
    assert_eq!(put(None, "c", "limit").unwrap_err().code(), "MalformedQueryException");

    let describe = |prefix: Option<&str>, most| {
        let input = DescribeQueryDefinitionsInput {
            query_definition_name_prefix: prefix.map(str::to_owned),
            max_results: most,
            ..DescribeQueryDefinitionsInput::default()
        };
        queries.describe_query_definitions(&input).unwrap()
    };
    let all = describe(None, None).query_definitions;
    let (with_weir, own): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.name.starts_with("Weir/"));
    let named: Vec<_> = own.iter().map(|one| (one.name.as_str(), one.query_string.as_str())).collect();
    assert_eq!(named, [("a", "limit 5"), ("b/refused", "limit 7")]);
    assert!(all.is_sorted_by(|a, b| a.name < b.name));
    assert_eq!(describe(Some("b/"), None).query_definitions.len(), 1);
    assert!(describe(None, Some(1)).next_token.is_some());
    let delete = DeleteQueryDefinitionInput { query_definition_id: second };
    assert!(queries.delete_query_definition(&delete).unwrap().success);
    assert_eq!(queries.delete_query_definition(&delete).unwrap_err().code(), "ResourceNotFoundException");

    // What comes with Weir is listed like the others, under ids that stay, and cannot be changed.
    assert_eq!(with_weir.len(), weir_query::insights::SAMPLES.len());
    let known = weir_query::insights::sample("top-transfers").unwrap();
    let sample = &describe(Some(&format!("Weir/{}", known.title)), None).query_definitions[0];
    assert_eq!(sample.query_string, known.query);
    assert!(with_weir.contains(&sample));
    assert_eq!(put(Some(&sample.query_definition_id), "x", "limit 7").unwrap_err().code(), "InvalidParameterException");
    let delete = DeleteQueryDefinitionInput { query_definition_id: sample.query_definition_id.clone() };
    assert_eq!(queries.delete_query_definition(&delete).unwrap_err().code(), "InvalidParameterException");
}

#[tokio::test]
async fn a_pointer_gives_the_whole_record() {
    let (logs, catalogue) = world();
    let queries = open(&logs, &catalogue);
    let (rows, _) = logs.run("filter action = 'REJECT' | fields srcAddr").await.unwrap();
    let pointer = rows[0].last().unwrap().value.clone();
    let input = GetLogRecordInput { log_record_pointer: pointer.clone() };
    let record = queries.get_log_record(&input, NOON).unwrap().log_record;
    for (field, value) in [("srcAddr", "10.0.0.1"), ("dstPort", "22"), ("@log", "123456789012:/g"), ("@ptr", &pointer)]
    {
        assert_eq!(record.get(field).map(String::as_str), Some(value), "{field}");
    }
    assert_eq!(record["@timestamp"], DAY.to_string());
    for wrong in ["", "1:2", &pointer.replace("123456789012", "000000000000")] {
        let input = GetLogRecordInput { log_record_pointer: wrong.to_owned() };
        assert_eq!(queries.get_log_record(&input, NOON).unwrap_err().code(), "InvalidParameterException");
    }
    let around = |time| GetLogGroupFieldsInput { log_group_name: Some("/g".into()), time, ..Default::default() };
    let fields = queries.get_log_group_fields(&around(Some(DAY / SECOND)), NOON).unwrap().log_group_fields;
    assert!(fields.contains(&LogGroupField { name: "srcAddr".into(), percent: 50 }), "{fields:?}");
    assert_eq!(queries.get_log_group_fields(&around(None), NOON).unwrap().log_group_fields, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lookup_tables_are_made_changed_and_deleted() {
    let (logs, catalogue) = world();
    let queries = open(&logs, &catalogue);
    let create = |name: &str, body: Option<&str>, query_id: Option<&str>| {
        let input = CreateLookupTableInput {
            lookup_table_name: name.to_owned(),
            description: Some("ports".to_owned()),
            table_body: body.map(str::to_owned),
            query_id: query_id.map(str::to_owned),
        };
        queries.create_lookup_table(&input, "eu-west-1", NOON)
    };
    let arn = create("ports", Some("port,name\n22,ssh\n"), None).unwrap().lookup_table_arn;
    assert_eq!(arn, "arn:aws:logs:eu-west-1:123456789012:lookup-table:ports");
    assert_eq!(create("ports", Some("a\n"), None).unwrap_err().code(), "ResourceAlreadyExistsException");
    for (name, body, query) in
        [("a-b", Some("a\n"), None), ("t", Some(""), None), ("t", None, None), ("t", Some("a"), Some("q"))]
    {
        assert_eq!(create(name, body, query).unwrap_err().code(), "InvalidParameterException", "{name} {body:?}");
    }

    // Of the rows of a query.
    let id = queries.start_query(&start("stats count(*) as n by action"), NOON).unwrap().query_id;
    ended(&queries, &id).await;
    create("counts", None, Some(&id)).unwrap();
    let all = queries.describe_lookup_tables(&DescribeLookupTablesInput::default(), "eu-west-1").unwrap().lookup_tables;
    let shown: Vec<_> = all.iter().map(|one| (one.lookup_table_name.as_str(), one.records_count)).collect();
    assert_eq!(shown, [("counts", 2), ("ports", 1)]);
    assert_eq!(all[1].table_fields, ["port", "name"]);

    let update = UpdateLookupTableInput {
        lookup_table_arn: arn.clone(),
        table_body: Some("port,name\n22,ssh\n53,dns\n".to_owned()),
        ..UpdateLookupTableInput::default()
    };
    queries.update_lookup_table(&update, NOON + 1).unwrap();
    let got = queries.get_lookup_table(&GetLookupTableInput { lookup_table_arn: arn.clone() }).unwrap();
    assert_eq!((got.table_body.as_str(), got.last_updated_time), ("port,name\n22,ssh\n53,dns\n", NOON + 1));
    assert_eq!(got.description.as_deref(), Some("ports"));

    let delete = DeleteLookupTableInput { lookup_table_arn: arn };
    queries.delete_lookup_table(&delete).unwrap();
    assert_eq!(queries.delete_lookup_table(&delete).unwrap_err().code(), "ResourceNotFoundException");
}
