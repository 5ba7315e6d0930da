//! Columnar copies of text objects: the same answers, with less to read.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use weir_query::{Copies, Engine, RunOptions};

use super::{HEADER, NOW, World, gzip, lines, rows, run_file_with};

const PLENTY: u64 = 1 << 30;

fn folder(world: &World) -> PathBuf {
    world.folder.path().join("copies")
}

/// How many copies there are.
fn count(world: &World) -> usize {
    fs::read_dir(folder(world)).unwrap().count()
}

fn open(world: &World, most: u64) -> Arc<Copies> {
    Arc::new(Copies::open(&folder(world), most).unwrap())
}

/// An engine over a place, with copies of at most so many bytes.
async fn engine(world: &World, place: &str, most: u64) -> (Engine, Arc<Copies>) {
    let copies = open(world, most);
    let engine = world.engine().with_copies(Arc::clone(&copies));
    engine.add_place("vpc_flow_logs", &[place.to_owned()], false).await.unwrap();
    (engine, copies)
}

/// The rows, and how many bytes were scanned for them.
async fn cost(engine: &Engine, sql: &str) -> (usize, u64) {
    let answer = engine.run(sql, &RunOptions::new(NOW)).await.unwrap();
    let progress = answer.progress();
    let rows = answer.collect().await.unwrap().iter().map(|batch| batch.num_rows()).sum();
    assert_eq!((progress.bytes_done(), progress.objects_done()), (progress.bytes_total(), progress.objects_total()));
    (rows, progress.bytes_scanned())
}

/// An object of many records; `odd` is what the first of them has for packets.
fn records(count: usize, odd: &str) -> Vec<u8> {
    let line = |n: usize| {
        let packets = if n == 0 { odd.to_owned() } else { n.to_string() };
        format!(
            "2 123456789010 eni-{} 10.0.{}.{} 10.0.0.1 {n} 443 6 {packets} {} 1 2 ACCEPT OK\n",
            n % 7,
            n / 256,
            n % 256,
            n * n
        )
    };
    gzip(format!("{HEADER}\n{}", (0..count).map(line).collect::<String>()).as_bytes())
}

#[tokio::test]
async fn the_seeds_answer_the_same() {
    let world = World::new();
    run_file_with("seeds.slt", &world, Some(open(&world, PLENTY))).await;
    assert!(count(&world) > 0);
}

#[tokio::test]
async fn tables_with_ddl_answer_the_same() {
    let world = World::new();
    run_file_with("ddl.slt", &world, Some(open(&world, PLENTY))).await;
    assert!(count(&world) > 0);
}

#[tokio::test]
async fn a_second_query_reads_only_its_columns() {
    let world = World::new();
    world.put("many/a.log.gz", &records(20_000, "5"));
    let (engine, copies) = engine(&world, "s3://many", PLENTY).await;
    let by_interface =
        "SELECT \"$path\", interface_id, max(packets) FROM vpc_flow_logs WHERE srcport > 100 GROUP BY 1, 2 ORDER BY 2";
    let first = (lines(&engine, by_interface).await, cost(&engine, by_interface).await);
    assert_eq!(count(&world), 0);
    copies.catch_up().await;
    assert_eq!(count(&world), 1);
    assert_eq!(lines(&engine, by_interface).await, first.0);
    let (rows, scanned) = cost(&engine, by_interface).await;
    assert_eq!(rows, first.1.0);
    assert!(scanned > 0 && scanned < first.1.1, "{scanned} of {}", first.1.1);
    assert_eq!(lines(&engine, "SELECT count(*) FROM vpc_flow_logs").await, ["20000"]);
}

#[tokio::test]
async fn a_changed_object_is_read_anew() {
    let world = World::new();
    world.put("many/a.log.gz", &records(10, "5"));
    let sum = "SELECT sum(packets) FROM vpc_flow_logs";
    let (before, copies) = engine(&world, "s3://many", PLENTY).await;
    assert_eq!(lines(&before, sum).await, ["50"]);
    copies.catch_up().await;
    world.put("many/a.log.gz", &records(11, "5"));
    let (after, _) = engine(&world, "s3://many", PLENTY).await;
    assert_eq!(lines(&after, sum).await, ["60"]);
}

#[tokio::test]
async fn what_is_refused_is_reported_by_each_query() {
    let world = World::new();
    world.put("many/a.log.gz", &records(10, "many"));
    let (engine, copies) = engine(&world, "s3://many", PLENTY).await;
    for _ in 0..2 {
        let answer = engine.run("SELECT packets FROM vpc_flow_logs", &RunOptions::new(NOW)).await.unwrap();
        let progress = answer.progress();
        answer.collect().await.unwrap();
        assert_eq!(progress.refusals().nulled, 1);
        copies.catch_up().await;
        assert_eq!(count(&world), 0);
    }
}

#[tokio::test]
async fn copies_may_be_deleted_and_cut_short_at_any_time() {
    let world = World::new();
    world.put("many/a.log.gz", &records(5000, "5"));
    let (engine, copies) = engine(&world, "s3://many", PLENTY).await;
    let sum = "SELECT sum(packets), max(srcaddr) FROM vpc_flow_logs";
    let whole = rows(&engine, sum).await.unwrap();
    copies.catch_up().await;
    let copy = fs::read_dir(folder(&world)).unwrap().next().unwrap().unwrap().path();
    let answer = engine.run(sum, &RunOptions::new(NOW)).await.unwrap();
    fs::remove_file(&copy).unwrap();
    assert_eq!(answer.collect().await.unwrap().iter().map(|batch| batch.num_rows()).sum::<usize>(), 1);
    rows(&engine, sum).await.unwrap();
    copies.catch_up().await;
    let length = fs::metadata(&copy).unwrap().len();
    fs::File::options().write(true).open(&copy).unwrap().set_len(length - 10).unwrap();
    assert_eq!(rows(&engine, sum).await.unwrap(), whole);
    copies.catch_up().await;
    assert_eq!(fs::metadata(&copy).unwrap().len(), length);
}

#[tokio::test]
async fn copies_take_no_more_than_they_may() {
    let world = World::new();
    for name in ["a", "b", "c", "d"] {
        world.put(&format!("many/{name}.log.gz"), &records(5000, "5"));
    }
    let size = fs::metadata(world.folder.path().join("buckets/many/a.log.gz")).unwrap().len();
    let (engine, copies) = engine(&world, "s3://many", size * 5 / 2).await;
    let sum = "SELECT sum(packets) FROM vpc_flow_logs";
    for _ in 0..2 {
        assert_eq!(lines(&engine, sum).await, [format!("{}", 4 * (4999 * 5000 / 2 + 5))]);
        copies.catch_up().await;
        let taken: u64 =
            fs::read_dir(folder(&world)).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
        assert!(taken > 0 && taken <= size * 5 / 2, "{taken}");
    }
}

#[test]
fn what_a_process_left_half_made_is_deleted() {
    let world = World::new();
    open(&world, PLENTY);
    // A process of this number cannot be.
    let (left, made_now) = (folder(&world).join("a.4294967295"), folder(&world).join("b.1"));
    for file in [&left, &made_now] {
        fs::write(file, "half").unwrap();
    }
    open(&world, PLENTY);
    assert!(!left.exists() && made_now.exists());
}
