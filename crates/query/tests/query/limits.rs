//! Memory: what can be sorted on disk is, and what cannot be held ends its own query and no other.

use std::time::Duration;

use weir_query::{Code, Engine, EngineOptions, RunOptions};
use weir_store::Buckets;

use super::rows;

/// Rows of 800 bytes, 100 MB of them.
const MANY: &str = "SELECT rpad(CAST((a * 400 + b) * 7919 % 130003 AS varchar), 800, 'x') AS t \
                    FROM UNNEST(sequence(0, 324)) AS one (a) CROSS JOIN UNNEST(sequence(1, 400)) AS other (b)";

fn engine(megabytes: usize) -> Engine {
    let options = EngineOptions { threads: 2, memory_limit: Some(megabytes << 20), catalogue: None };
    Engine::new(options, Buckets::new()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_into_memory_is_sorted_on_disk() {
    let sorted = format!(
        "SELECT max(place), max_by(length(t), place) FROM (SELECT t, row_number() OVER (ORDER BY t) AS place FROM ({MANY}))"
    );
    assert_eq!(rows(&engine(80), &sorted).await.unwrap(), [["130000", "800"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_beyond_its_memory_ends_and_harms_no_other() {
    let engine = engine(48);
    let greedy = format!("SELECT cardinality(array_agg(t)) FROM ({MANY})");
    let small = "SELECT count(*), max(x) FROM UNNEST(sequence(1, 50000)) AS t (x)";
    let (failed, other) = tokio::join!(rows(&engine, &greedy), rows(&engine, small));
    let error = failed.unwrap_err();
    assert_eq!(error.code, Code::ExceededMemoryLimit, "{error}");
    assert_eq!(other.unwrap(), [["50000", "50000"]]);
    assert_eq!(rows(&engine, small).await.unwrap(), [["50000", "50000"]]);
}

/// A join that would go on for hours, of two batches that are there at once, stops when nobody waits for it any more.
#[tokio::test]
async fn a_join_gives_way() {
    let many = "UNNEST(sequence(1, 50000))";
    let endless = format!(
        "SELECT count(*) FROM {many} AS a (x) CROSS JOIN {many} AS b (y) CROSS JOIN {many} AS c (z) WHERE x * y % 7 = z % 7"
    );
    let (engine, options) = (engine(256), RunOptions::new(super::NOW));
    let answer = engine.run(&endless, &options).await.unwrap();
    // On the one thread that there is the clock is looked at only when the join lets it. Its memory lasts longer than that.
    let ended = tokio::time::timeout(Duration::from_millis(250), answer.collect()).await;
    assert!(ended.is_err());
}
