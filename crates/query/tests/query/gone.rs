//! What is gone, or was never there: objects that are deleted under a query, locations without a folder, tables over
//! no objects.

use std::fs;

use weir_query::{Code, Engine, RunOptions};

use super::{HEADER, NOW, World, lines, places, texts};

const LINE: &str = "2 123456789012 eni-1 10.0.0.1 10.0.0.2 40000 443 6 1 60 1477913708 1477913768 ACCEPT OK";

fn text() -> Vec<u8> {
    format!("{HEADER}\n{LINE}\n").into_bytes()
}

/// The rows of a query whose object is deleted between listing and reading, and the objects that were left out.
async fn with_one_deleted(name: &str, object: &[u8], skip: bool) -> Result<(usize, Vec<String>), weir_query::Error> {
    let world = World::new();
    let gone = world.put(&format!("gone/a{name}"), object);
    world.put(&format!("gone/b{name}"), object);
    let engine = world.engine();
    engine.add_place("t", &["s3://gone".to_owned()], false).await?;
    let options = RunOptions { skip_bad_objects: skip, ..RunOptions::new(NOW) };
    let answer = engine.run("SELECT srcaddr FROM t", &options).await?;
    fs::remove_file(gone).unwrap();
    let progress = answer.progress();
    let rows = answer.collect().await?.iter().map(|batch| batch.num_rows()).sum();
    Ok((rows, progress.bad_objects().into_iter().map(|bad| bad.object).collect()))
}

#[tokio::test]
async fn an_object_that_is_deleted_under_a_query_is_named() {
    for (name, object, rows) in
        [(".log", text(), 1), (".log.gz", super::gzip(&text()), 1), (".parquet", places::parquet(5), 5)]
    {
        let error = with_one_deleted(name, &object, false).await.unwrap_err();
        assert_eq!(error.code, Code::BadObject, "{error}");
        assert!(error.message.contains(&format!("gone/a{name}")), "{error}");
        let (read, bad) = with_one_deleted(name, &object, true).await.unwrap();
        assert_eq!(read, rows, "{name}");
        assert!(bad.len() == 1 && bad[0].ends_with(&format!("gone/a{name}")), "{bad:?}");
    }
}

async fn defined(world: &World, location: &str) -> Engine {
    let engine = world.engine();
    let columns = "version int, account string, eni string, srcaddr string";
    let table = format!(
        "CREATE EXTERNAL TABLE t ({columns}) PARTITIONED BY (dt string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' \
         LOCATION 's3://{location}/' TBLPROPERTIES ('skip.header.line.count'='1')"
    );
    lines(&engine, &table).await;
    engine
}

#[tokio::test]
async fn a_partition_whose_location_is_gone_has_no_rows() {
    let world = World::new();
    let here = world.put("parts/one/a.log", &text());
    let there = world.put("parts/two/a.log", &text());
    let engine = defined(&world, "parts").await;
    lines(
        &engine,
        "ALTER TABLE t ADD PARTITION (dt='1') LOCATION 's3://parts/one' PARTITION (dt='2') LOCATION 's3://parts/two'",
    )
    .await;
    assert_eq!(lines(&engine, "SELECT dt, srcaddr FROM t ORDER BY dt").await, ["1 10.0.0.1", "2 10.0.0.1"]);
    fs::remove_dir_all(there.parent().unwrap()).unwrap();
    assert_eq!(lines(&engine, "SELECT dt, srcaddr FROM t").await, ["1 10.0.0.1"]);
    assert_eq!(lines(&engine, "SHOW PARTITIONS t").await, ["dt=1", "dt=2"]);
    fs::remove_dir_all(here.parent().unwrap()).unwrap();
    assert_eq!(lines(&engine, "SELECT count(*), sum(version) FROM t").await, ["0 NULL"]);
}

#[tokio::test]
async fn a_table_over_no_objects_has_its_columns_and_no_rows() {
    let world = World::new();
    world.put("empty/elsewhere/a.log", &text());
    let engine = world.engine();
    for (name, format) in [("text", "ROW FORMAT DELIMITED FIELDS TERMINATED BY ' '"), ("parquet", "STORED AS PARQUET")]
    {
        lines(&engine, &format!("CREATE EXTERNAL TABLE {name} (a int, b string) {format} LOCATION 's3://empty/none/'"))
            .await;
        let answer = engine.run(&format!("SELECT * FROM {name}"), &RunOptions::new(NOW)).await.unwrap();
        let columns: Vec<String> = answer.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(columns, ["a", "b"]);
        assert!(answer.collect().await.unwrap().iter().flat_map(texts).next().is_none());
        assert_eq!(lines(&engine, &format!("SELECT count(*), max(b) FROM {name}")).await, ["0 NULL"]);
    }
}

#[tokio::test]
async fn damage_in_a_defined_table_is_named_or_left_out() {
    let world = World::new();
    let whole = super::gzip(&[text(), format!("{LINE}\n").repeat(3000).into_bytes()].concat());
    let damaged = &whole[..whole.len() - 30];
    world.put("parts/one/a.log.gz", damaged);
    world.put("parts/one/b.log.gz", &super::gzip(&text()));
    world.put("parts/one/c.log.gz", b"\x1f\x8bno gzip at all");
    let engine = defined(&world, "parts").await;
    lines(&engine, "ALTER TABLE t ADD PARTITION (dt='1') LOCATION 's3://parts/one'").await;
    let error = super::rows(&engine, "SELECT count(*) FROM t").await.unwrap_err();
    assert!(error.code == Code::BadObject && error.message.contains("parts/one/"), "{error}");
    let options = RunOptions { skip_bad_objects: true, ..RunOptions::new(NOW) };
    let answer = engine.run("SELECT count(*) FROM t", &options).await.unwrap();
    let progress = answer.progress();
    let counted: usize = texts(&answer.collect().await.unwrap()[0])[0][0].parse().unwrap();
    assert!(counted > 1 && counted < 3002, "{counted}");
    let mut bad: Vec<(bool, bool)> =
        progress.bad_objects().iter().map(|bad| (bad.object.ends_with("a.log.gz"), bad.partly)).collect();
    bad.sort_unstable();
    assert_eq!(bad, [(false, false), (true, true)]);
}
