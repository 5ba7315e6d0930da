//! What queries of AWS clients may have: `--query-concurrency`, `--query-time` and `--memory-limit` of `weir up`.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{run::Lab, served::Served};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);
/// A query of Athena that ends in no lifetime.
const ENDLESS: &str = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a (x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b (y) \
                       CROSS JOIN UNNEST(sequence(1, 10000)) AS c (z) WHERE x * y < z";
const QUICK: &str = "SELECT sum(x) FROM (VALUES 1, 2) AS t (x)";

struct Questions<'a>(Served<'a>);

impl<'a> Questions<'a> {
    /// A server with these limits, a bucket for results, and a log group with so many events.
    fn of(lab: &'a Lab, limits: &[&str], events: usize) -> Self {
        fs::create_dir_all(lab.path("data/buckets/results")).expect("a bucket");
        let served = Served::start_with(lab, limits);
        served.logs("CreateLogGroup", &json!({"logGroupName": "/app"}));
        served.logs("CreateLogStream", &json!({"logGroupName": "/app", "logStreamName": "s"}));
        let event =
            |number| json!({"timestamp": crate::insights::now(), "message": format!(r#"{{"k":1,"n":{number}}}"#)});
        let all: Vec<Value> = (0..events).map(event).collect();
        for some in all.chunks(1000) {
            served.logs("PutLogEvents", &json!({"logGroupName": "/app", "logStreamName": "s", "logEvents": some}));
        }
        Self(served)
    }

    fn athena(&self, operation: &str, input: &Value) -> Value {
        self.0.ask("athena", &format!("AmazonAthena.{operation}"), input)
    }

    /// Starts a query of Athena; its id.
    fn start(&self, sql: &str) -> String {
        let input = json!({"QueryString": sql, "ResultConfiguration": {"OutputLocation": "s3://results/"}});
        text(&self.athena("StartQueryExecution", &input)["QueryExecutionId"])
    }

    fn status(&self, id: &str) -> Value {
        let found = self.athena("GetQueryExecution", &json!({"QueryExecutionId": id}));
        found["QueryExecution"]["Status"].clone()
    }

    /// Waits until it is in one of these states.
    #[track_caller]
    fn until(&self, id: &str, states: &[&str]) -> Value {
        until(|| Some(self.status(id)).filter(|status| states.iter().any(|state| status["State"] == *state)))
    }

    #[track_caller]
    fn ended(&self, id: &str) -> Value {
        self.until(id, &["SUCCEEDED", "FAILED", "CANCELLED"])
    }

    /// Starts a query of Logs Insights over the last hour; its id.
    fn ask(&self, query: &str) -> String {
        let now = crate::insights::now() / 1000;
        let input = json!({"logGroupName": "/app", "startTime": now - 3600, "endTime": now + 60, "queryString": query});
        text(&self.0.logs("StartQuery", &input)["queryId"])
    }

    fn results(&self, id: &str) -> Value {
        self.0.logs("GetQueryResults", &json!({"queryId": id}))
    }

    #[track_caller]
    fn until_insights(&self, id: &str, status: &str) -> Value {
        until(|| Some(self.results(id)).filter(|results| results["status"] == status))
    }
}

#[track_caller]
fn until<T>(look: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not come");
        thread::sleep(Duration::from_millis(50));
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Each event with each.
const PAIRS: &str =
    "join left=a right=b where a.k = b.k (SOURCE '/app' | fields k, n) | stats count(*) as c by n % 7, b.n % 7";

#[test]
fn queries_beyond_the_limit_wait_for_their_turn() {
    let lab = Lab::new();
    let questions = Questions::of(&lab, &["--query-concurrency", "1"], 20_000);
    let first = questions.start(ENDLESS);
    questions.until(&first, &["RUNNING"]);
    let waiting = [QUICK, QUICK].map(|sql| questions.start(sql));
    thread::sleep(Duration::from_secs(1));
    for id in &waiting {
        assert_eq!(questions.status(id)["State"], "QUEUED");
    }
    questions.athena("StopQueryExecution", &json!({"QueryExecutionId": first}));
    for id in &waiting {
        assert_eq!(questions.ended(id)["State"], "SUCCEEDED");
    }
    assert_eq!(questions.ended(&first)["StateChangeReason"], "Query cancelled by user");

    let first = questions.ask(PAIRS);
    questions.until_insights(&first, "Running");
    let waiting = [(); 2].map(|()| questions.ask("stats count(*) as n"));
    thread::sleep(Duration::from_secs(1));
    for id in &waiting {
        assert_eq!(questions.results(id)["status"], "Scheduled");
    }
    questions.0.logs("StopQuery", &json!({"queryId": first}));
    for id in &waiting {
        assert_eq!(questions.until_insights(id, "Complete")["results"][0][0]["value"], "20000");
    }
    questions.0.end();
}

#[test]
fn a_query_ends_at_its_limit_of_time_and_the_next_one_runs() {
    let lab = Lab::new();
    let questions = Questions::of(&lab, &["--query-concurrency", "1", "--query-time", "2"], 20_000);
    let [first, second] = [ENDLESS, QUICK].map(|sql| questions.start(sql));
    let status = questions.ended(&first);
    assert_eq!((&status["State"], &status["StateChangeReason"]), (&json!("FAILED"), &json!("Query timeout")));
    assert_eq!(questions.ended(&second)["State"], "SUCCEEDED");

    let [first, second] = [PAIRS, "stats count(*) as n"].map(|query| questions.ask(query));
    questions.until_insights(&first, "Timeout");
    questions.until_insights(&second, "Complete");
    questions.0.end();
}

#[test]
fn a_query_that_needs_too_much_memory_fails_alone() {
    let lab = Lab::new();
    let questions = Questions::of(&lab, &["--memory-limit", "48MiB", "--query-concurrency", "3"], 1);
    // 100 MB in one value.
    let greedy = "SELECT cardinality(array_agg(rpad(CAST(x * y AS varchar), 800, 'x'))) FROM UNNEST(sequence(1, 325)) AS a (x) \
                  CROSS JOIN UNNEST(sequence(1, 400)) AS b (y)";
    let greedy = questions.start(greedy);
    let others = [QUICK; 6].map(|sql| questions.start(sql));
    let status = questions.ended(&greedy);
    let reason = text(&status["StateChangeReason"]);
    assert_eq!(status["State"], "FAILED", "{status}");
    assert!(reason.starts_with("EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded its memory limit"), "{reason}");
    assert_eq!(status["AthenaError"]["ErrorMessage"], json!(reason));
    for id in others {
        assert_eq!(questions.ended(&id)["State"], "SUCCEEDED");
    }
    questions.0.end();
}
