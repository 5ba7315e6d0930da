use std::path::Path;

use super::*;
use crate::metric::{MetricDatum, PutMetricDataInput};

const HOUR: i64 = 3_600_000;
const NOW: i64 = 500_000 * HOUR;

fn id(name: &str) -> Arc<MetricId> {
    Arc::new(MetricId { namespace: "Door".to_owned(), name: name.to_owned(), dimensions: Default::default() })
}

fn datum(timestamp: i64, value: f64) -> Datum {
    Datum { metric: id("Hits"), timestamp, value, count: 1.0, unit: Unit::Count }
}

fn open(path: &Path) -> (Catalogue, Metrics) {
    let catalogue = Catalogue::open(path).expect("opened");
    let metrics = Metrics::open(&catalogue).expect("opened");
    (catalogue, metrics)
}

fn flush(metrics: &Metrics, now: i64) {
    metrics.flush(now, |_| Ok::<_, CatalogueError>(())).expect("flushed");
}

/// Starts, sums and number of values.
fn sums(metrics: &Metrics, range: Range<i64>) -> Vec<(i64, f64)> {
    let read = metrics.buckets(&id("Hits"), Some(Unit::Count), range).expect("read");
    let mut sums: Vec<_> = read.into_values().flatten().map(|(start, bucket)| (start, bucket.sum)).collect();
    sums.sort_by_key(|(start, _)| *start);
    sums
}

fn total(metrics: &Metrics) -> f64 {
    sums(metrics, 0..NOW * 2).into_iter().map(|(_, sum)| sum).sum()
}

#[test]
fn what_is_recorded_is_seen_at_once_and_is_there_after_a_flush_and_a_restart() {
    let dir = tempfile::tempdir().expect("made");
    let path = dir.path().join("catalogue.sqlite");
    let (_, metrics) = open(&path);
    metrics.record(&[datum(NOW, 1.0), datum(NOW + 999, 2.0), datum(NOW + 1000, 4.0)]);
    assert_eq!(sums(&metrics, NOW..NOW + HOUR), [(NOW, 3.0), (NOW + 1000, 4.0)]);
    flush(&metrics, NOW);
    metrics.record(&[datum(NOW, 8.0)]);
    assert_eq!(sums(&metrics, NOW..NOW + HOUR), [(NOW, 11.0), (NOW + 1000, 4.0)]);
    drop(metrics);

    let (_, metrics) = open(&path);
    assert_eq!(sums(&metrics, NOW..NOW + HOUR), [(NOW, 3.0), (NOW + 1000, 4.0)], "the last was never flushed");
    assert_eq!(metrics.metrics(), [(id("Hits"), NOW + 1000)]);
}

#[test]
fn a_flush_is_whole_or_not_at_all_and_what_failed_is_written_by_the_next() {
    let dir = tempfile::tempdir().expect("made");
    let path = dir.path().join("catalogue.sqlite");
    let (catalogue, metrics) = open(&path);
    catalogue
        .change(|transaction| Ok::<_, CatalogueError>(transaction.execute_batch("CREATE TABLE mark (position)")?))
        .expect("made");
    flush(&metrics, NOW);
    metrics.record(&[datum(NOW, 1.0), datum(NOW - 10 * HOUR, 2.0)]);
    metrics
        .flush(NOW + HOUR, |transaction| {
            transaction.execute("INSERT INTO mark VALUES (7)", [])?;
            Ok::<_, CatalogueError>(transaction.execute_batch("INSERT INTO nothing VALUES (1)")?)
        })
        .expect_err("no such table");
    let marks = |catalogue: &Catalogue| {
        let count = |transaction: &Transaction<'_>| {
            Ok(transaction.query_row("SELECT count(*) FROM mark", [], |row| row.get(0))?)
        };
        catalogue.change::<i64, CatalogueError>(count).expect("read")
    };
    assert_eq!(marks(&catalogue), 0);
    assert_eq!(total(&metrics), 3.0);
    metrics.record(&[datum(NOW, 4.0), datum(NOW - 10 * HOUR, 8.0)]);
    metrics
        .flush(NOW + HOUR, |transaction| {
            transaction.execute("INSERT INTO mark VALUES (7)", [])?;
            Ok::<_, CatalogueError>(())
        })
        .expect("flushed");
    assert_eq!(total(&metrics), 15.0);
    drop((catalogue, metrics));
    let (catalogue, metrics) = open(&path);
    assert_eq!((marks(&catalogue), total(&metrics)), (1, 15.0));
}

#[test]
fn what_comes_between_the_halves_of_a_flush_goes_into_the_next() {
    let dir = tempfile::tempdir().expect("made");
    let path = dir.path().join("catalogue.sqlite");
    let (_, metrics) = open(&path);
    metrics.record(&[datum(NOW, 1.0), datum(NOW - 4 * HOUR, 2.0)]);
    let frozen = metrics.turn().freeze(NOW);
    metrics.record(&[datum(NOW, 4.0), datum(NOW - 4 * HOUR, 8.0)]);
    frozen.write(|_| Ok::<_, CatalogueError>(())).expect("written");
    assert_eq!(total(&metrics), 15.0);
    drop(metrics);
    assert_eq!(total(&open(&path).1), 3.0);

    let (_, metrics) = open(&path);
    metrics.record(&[datum(NOW, 4.0), datum(NOW - 4 * HOUR, 8.0)]);
    let frozen = metrics.turn().freeze(NOW + 2 * HOUR);
    metrics.record(&[datum(NOW - 3 * HOUR, 16.0)]);
    drop(frozen);
    assert_eq!(total(&metrics), 31.0);
    flush(&metrics, NOW + 2 * HOUR);
    drop(metrics);
    assert_eq!(total(&open(&path).1), 31.0);
}

#[test]
fn data_moves_up_the_ladder_and_no_value_is_lost_until_it_is_too_old() {
    let dir = tempfile::tempdir().expect("made");
    let (catalogue, metrics) = open(&dir.path().join("catalogue.sqlite"));
    let rungs = || {
        let select = "SELECT seconds, count(*) FROM metric_bucket GROUP BY seconds ORDER BY seconds";
        let read = |transaction: &Transaction<'_>| {
            let mut select = transaction.prepare(select)?;
            Ok(select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
        };
        catalogue.change::<Vec<(i64, i64)>, CatalogueError>(read).expect("read")
    };
    for second in 0..7200 {
        metrics.record(&[datum(NOW + second * 1000, 1.0)]);
    }
    const DAY: i64 = 24 * HOUR;
    for (now, expected, left) in [
        (NOW + 2 * HOUR, vec![(1, 7200)], 7200.0),
        (NOW + 4 * HOUR, vec![(1, 3600), (60, 60)], 7200.0),
        (NOW + 6 * HOUR, vec![(60, 120)], 7200.0),
        (NOW + 15 * DAY + HOUR, vec![(60, 60), (300, 12)], 7200.0),
        (NOW + 16 * DAY, vec![(300, 24)], 7200.0),
        (NOW + 64 * DAY, vec![(3600, 2)], 7200.0),
        (NOW + 455 * DAY + HOUR, vec![(3600, 1)], 3600.0),
        (NOW + 456 * DAY, vec![], 0.0),
    ] {
        flush(&metrics, now);
        assert_eq!(rungs(), expected, "after {} h", (now - NOW) / HOUR);
        assert_eq!(total(&metrics), left, "after {} h", (now - NOW) / HOUR);
    }
}

#[test]
fn what_was_put_survives_without_a_flush_and_is_counted_once_with_one() {
    let dir = tempfile::tempdir().expect("made");
    let path = dir.path().join("catalogue.sqlite");
    let put = |metrics: &Metrics, timestamp, value| {
        let datum = MetricDatum {
            metric_name: "Hits".to_owned(),
            timestamp: Some(timestamp),
            value: Some(value),
            unit: Some(Unit::Count.to_string()),
            ..MetricDatum::default()
        };
        let input = PutMetricDataInput { namespace: "Door".to_owned(), metric_data: vec![datum] };
        metrics.put_metric_data(&input, NOW).expect("put");
    };
    let (_, metrics) = open(&path);
    put(&metrics, NOW, 1.0);
    drop(metrics);
    let (_, metrics) = open(&path);
    assert_eq!(total(&metrics), 1.0);
    put(&metrics, NOW - 100 * HOUR, 2.0);
    flush(&metrics, NOW);
    put(&metrics, NOW, 4.0);
    put(&metrics, NOW - 100 * HOUR, 8.0);
    assert_eq!(total(&metrics), 15.0);
    drop(metrics);
    let (_, metrics) = open(&path);
    assert_eq!(total(&metrics), 15.0);
    flush(&metrics, NOW);
    drop(metrics);
    assert_eq!(total(&open(&path).1), 15.0);
}

#[test]
fn units_are_apart_and_changes_are_counted() {
    let metrics = Metrics::open(&Catalogue::in_memory().expect("opened")).expect("opened");
    assert_eq!(metrics.changed(&id("Hits")), 0);
    metrics.record(&[datum(NOW, 1.0), Datum { unit: Unit::Bytes, ..datum(NOW, 2.0) }]);
    assert_eq!(metrics.buckets(&id("Hits"), None, NOW..NOW + 1).expect("read").len(), 2);
    assert_eq!(metrics.buckets(&id("Hits"), Some(Unit::Bytes), NOW..NOW + 1).expect("read").len(), 1);
    assert_eq!(metrics.buckets(&id("Misses"), None, NOW..NOW + 1).expect("read").len(), 0);
    let changes = metrics.state().changes;
    assert_eq!((changes, metrics.changed(&id("Hits"))), (2, 2));
}
