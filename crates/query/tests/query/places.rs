//! Tables without DDL, and objects that cannot be read.

use std::io::Read;
use std::sync::Arc;

use datafusion::arrow::array::{Int32Array, Int64Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use weir_query::{Code, Engine, RunOptions};

use super::{HEADER, NOW, World, gzip, lines, number, rows};

async fn place(world: &World, location: &str) -> Engine {
    let engine = world.engine();
    engine.add_place("vpc_flow_logs", &[location.to_owned()], false).await.unwrap();
    engine
}

pub(crate) fn parquet(rows: i32) -> Vec<u8> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("srcaddr", DataType::Utf8, true),
        Field::new("bytes", DataType::Int64, true),
        Field::new("tcp_flags", DataType::Int32, true),
    ]));
    let columns: Vec<datafusion::arrow::array::ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("10.0.0.{row}")))),
        Arc::new(Int64Array::from_iter_values((0..rows).map(i64::from))),
        Arc::new(Int32Array::from_iter_values(0..rows)),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[tokio::test]
async fn a_bucket_is_a_table_with_partitions_from_its_keys() {
    let world = World::new();
    let engine = place(&world, "s3://logs/").await;
    assert_eq!(number(&engine, "SELECT count(*) FROM vpc_flow_logs").await, 7);
    let by_day = "SELECT year || month || day AS d, aws_region, count(*), sum(bytes) FROM vpc_flow_logs GROUP BY 1, 2 ORDER BY 1";
    assert_eq!(
        lines(&engine, by_day).await,
        [
            "20141214 us-east-1 2 8498",
            "20150510 us-east-1 2 NULL",
            "20150529 us-east-1 2 672",
            "20161031 us-east-1 1 8855"
        ]
    );
    let one_day = "SELECT srcaddr, \"end\" - start FROM default.vpc_flow_logs WHERE day = '29' AND action = 'REJECT'";
    assert_eq!(lines(&engine, one_day).await, ["172.31.16.139 48"]);
}

#[tokio::test]
async fn a_table_without_ddl_is_shown_and_described() {
    let world = World::new();
    let engine = place(&world, "s3://logs/").await;
    assert_eq!(lines(&engine, "SHOW TABLES").await, ["vpc_flow_logs"]);
    let described = lines(&engine, "DESCRIBE vpc_flow_logs").await;
    for line in [
        "srcaddr string (empty)",
        "bytes bigint (empty)",
        "# Partition Information (empty) (empty)",
        "aws_region string (empty)",
    ] {
        assert!(described.iter().any(|found| found == line), "{line}: {described:?}");
    }
    let columns = lines(&engine, "SHOW COLUMNS IN default.vpc_flow_logs").await;
    let known = "SELECT column_name FROM information_schema.columns WHERE table_name = 'vpc_flow_logs' ORDER BY ordinal_position";
    assert_eq!(lines(&engine, known).await, columns);
    let created = lines(&engine, "SHOW CREATE TABLE vpc_flow_logs").await.join("\n");
    assert!(created.contains("LOCATION\n  's3://logs/'"), "{created}");
}

#[tokio::test]
async fn partitions_that_are_not_asked_for_are_not_read() {
    let world = World::new();
    let engine = place(&world, "s3://logs").await;
    let answer =
        engine.run("SELECT count(*) FROM vpc_flow_logs WHERE day = '31'", &RunOptions::new(NOW)).await.unwrap();
    let progress = answer.progress();
    answer.collect().await.unwrap();
    assert_eq!((progress.objects_total(), progress.objects_done(), progress.rows()), (1, 1, 1));
    assert_eq!(progress.bytes_done(), progress.bytes_total());
}

#[tokio::test]
async fn text_and_parquet_lie_side_by_side() {
    let world = World::new();
    world.put("mixed/a.log", format!("{HEADER}\n{}\n", super::DAYS[0].1[0]).as_bytes());
    world.put("mixed/b.parquet", &parquet(3));
    world.put("mixed/c.log.gz", &gzip(b"bytes flow-direction\n7 egress\n- -\n"));
    world.put("mixed/_hidden.log", b"no header");
    let engine = place(&world, "s3://mixed").await;
    assert_eq!(number(&engine, "SELECT count(*) FROM vpc_flow_logs").await, 6);
    assert_eq!(number(&engine, "SELECT sum(bytes) FROM vpc_flow_logs").await, 4249 + 3 + 7);
    assert_eq!(
        lines(&engine, "SELECT srcaddr, bytes, tcp_flags, flow_direction FROM vpc_flow_logs ORDER BY bytes").await,
        [
            "10.0.0.0 0 0 NULL",
            "10.0.0.1 1 1 NULL",
            "10.0.0.2 2 2 NULL",
            "NULL 7 NULL egress",
            "172.31.16.139 4249 NULL NULL",
            "NULL NULL NULL -",
        ]
    );
    let path = lines(&engine, "SELECT bytes, \"$path\" FROM vpc_flow_logs WHERE tcp_flags = 2").await;
    assert!(path[0].ends_with("mixed/b.parquet"), "{path:?}");
}

#[tokio::test]
async fn lines_that_do_not_fit_are_counted_and_named() {
    let world = World::new();
    world.put("odd-lines/a.log", b"srcaddr bytes\n10.0.0.1 5\nbroken\n10.0.0.2 x\n10.0.0.3 6\n");
    let engine = place(&world, "s3://odd-lines").await;
    let answer = engine.run("SELECT srcaddr, bytes FROM vpc_flow_logs", &RunOptions::new(NOW)).await.unwrap();
    let progress = answer.progress();
    let found: usize = answer.collect().await.unwrap().iter().map(RecordBatch::num_rows).sum();
    let refusals = progress.refusals();
    assert_eq!((found, refusals.refused, refusals.nulled), (3, 1, 1));
    assert_eq!(refusals.samples[0].line, 3);
    assert!(refusals.samples[0].object.ends_with("odd-lines/a.log"));
}

#[tokio::test]
async fn damaged_objects_are_named_or_left_out() {
    let world = World::new();
    let text = format!("{HEADER}\n{}\n", super::DAYS[0].1[0]).repeat(2000);
    let whole = gzip(text.as_bytes());
    let cut = &whole[..whole.len() - 20];
    let mut readable = Vec::new();
    assert!(flate2::read::GzDecoder::new(cut).read_to_end(&mut readable).is_err());
    let readable = readable.iter().filter(|byte| **byte == b'\n').count() / 2;
    assert!(readable > 1000);
    world.put("bad/a.log.gz", cut);
    world.put("bad/b.log.gz", &gzip(format!("{HEADER}\n{}\n", super::DAYS[0].1[1]).as_bytes()));
    let engine = place(&world, "s3://bad").await;
    let error = rows(&engine, "SELECT count(*) FROM vpc_flow_logs").await.unwrap_err();
    assert_eq!(error.code, Code::BadObject);
    assert!(error.message.contains("bad/a.log.gz") && error.message.contains("--skip-bad-objects"), "{error}");
    let options = RunOptions { skip_bad_objects: true, ..RunOptions::new(NOW) };
    let answer = engine.run("SELECT count(*) FROM vpc_flow_logs", &options).await.unwrap();
    let progress = answer.progress();
    let batches = answer.collect().await.unwrap();
    let found = super::texts(&batches[0])[0][0].parse::<usize>().unwrap();
    assert!(found > 1 && found <= 1 + readable, "{found} of {readable}");
    let bad = progress.bad_objects();
    assert!(bad[0].object.ends_with("bad/a.log.gz") && bad[0].partly, "{bad:?}");
}

#[tokio::test]
async fn parquet_cut_short_is_named() {
    let world = World::new();
    let whole = parquet(100);
    world.put("cut/a.parquet", &whole[..whole.len() / 2]);
    let engine = world.engine();
    let error = engine.add_place("t", &["s3://cut".to_owned()], false).await.unwrap_err();
    assert!(error.message.contains("cut/a.parquet") && error.message.contains("cut short"), "{error}");
    world.put("cut/b.parquet", &whole);
    engine.add_place("t", &["s3://cut".to_owned()], true).await.unwrap();
    assert_eq!(number(&engine, "SELECT count(*) FROM t").await, 100);
}

#[tokio::test]
async fn a_place_with_nothing_to_read_is_an_error() {
    let world = World::new();
    let empty = world.folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let engine = world.engine();
    let error = engine.add_place("t", &[empty.display().to_string()], false).await.unwrap_err();
    assert_eq!(error.code, Code::NothingToRead);
    assert!(error.message.contains("empty"), "{error}");
    let error = engine.add_place("t", &["/no/such/place".to_owned()], false).await.unwrap_err();
    assert!(error.message.contains("/no/such/place"), "{error}");
}

#[tokio::test]
async fn json_lines_are_read_by_key() {
    let world = World::new();
    let lines_of = "{\"srcaddr\":\"10.0.0.1\",\"bytes\":5,\"flow-direction\":\"ingress\"}\nnonsense\n{\"bytes\":7,\"note\":\"x\"}\n";
    world.put("json/year=2026/a.json", lines_of.as_bytes());
    world.put("json/year=2025/b.json.gz", &gzip(b"{\"bytes\": 1}\n"));
    world.put("json/c.log", b"srcaddr bytes\n10.0.0.3 100\n");
    let engine = place(&world, "s3://json").await;
    assert_eq!(
        lines(&engine, "SELECT bytes, srcaddr, flow_direction, note, year FROM vpc_flow_logs ORDER BY bytes").await,
        ["1 NULL NULL NULL 2025", "5 10.0.0.1 ingress - 2026", "7 - - x 2026", "100 10.0.0.3 NULL NULL NULL"]
    );
    let filtered = "SELECT bytes FROM vpc_flow_logs WHERE flow_direction = 'ingress' AND bytes > 1";
    let answer = engine.run(filtered, &RunOptions::new(NOW)).await.unwrap();
    let progress = answer.progress();
    assert_eq!(answer.collect().await.unwrap().iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
    assert_eq!((progress.objects_done(), progress.refusals().refused), (3, 1));
    assert_eq!(progress.bytes_done(), progress.bytes_total());
}

#[tokio::test]
async fn records_of_the_default_format_need_no_header() {
    let world = World::new();
    world.put("bare/a.log", format!("\n{}\n", super::DAYS[0].1.join("\n")).as_bytes());
    world.put("bare/empty.log.gz", &gzip(b""));
    let engine = place(&world, "s3://bare").await;
    assert_eq!(lines(&engine, "SELECT dstport FROM vpc_flow_logs WHERE action = 'REJECT'").await, ["3389"]);
}

#[tokio::test]
async fn large_files_are_read_in_parts() {
    let world = World::new();
    let mut text = "srcaddr bytes\n".to_owned();
    let long = "x".repeat(1 << 20);
    for row in 0..70 {
        text.push_str(&format!("{long} {row}\n"));
    }
    world.put("large/a.log", text.as_bytes());
    let engine = place(&world, "s3://large").await;
    let answer = engine.run("SELECT sum(bytes) FROM vpc_flow_logs", &RunOptions::new(NOW)).await.unwrap();
    let progress = answer.progress();
    assert_eq!(super::texts(&answer.collect().await.unwrap()[0]), [["2415"]]);
    assert_eq!((progress.rows(), progress.bytes_done()), (70, progress.bytes_total()));
}

#[tokio::test]
async fn places_have_names_of_their_own() {
    let world = World::new();
    world.put("one/a.log", b"srcaddr bytes\n10.0.0.1 5\n10.0.0.2 6\n");
    world.put("two/a.log", b"srcaddr bytes\n10.0.0.2 6\n");
    let engine = world.engine();
    for name in ["One", "two"] {
        engine.add_place(name, &[format!("s3://{}", name.to_lowercase())], false).await.unwrap();
    }
    assert_eq!(lines(&engine, "SELECT * FROM one EXCEPT SELECT * FROM Two").await, ["10.0.0.1 5"]);
    let joined = "SELECT a.bytes, b.bytes FROM one a LEFT JOIN two b ON a.srcaddr = b.srcaddr ORDER BY 1";
    assert_eq!(lines(&engine, joined).await, ["5 NULL", "6 6"]);
}

#[tokio::test]
async fn damaged_pages_of_parquet_are_named() {
    let world = World::new();
    let mut damaged = parquet(5000);
    world.put("pages/a.parquet", &damaged);
    // After the magic comes the first page: its header and values are overwritten.
    let end = damaged.len() / 2;
    damaged[4..end].iter_mut().for_each(|byte| *byte = 0xff);
    world.put("pages/b.parquet", &damaged);
    let engine = place(&world, "s3://pages").await;
    let error = rows(&engine, "SELECT srcaddr FROM vpc_flow_logs WHERE bytes >= 0").await.unwrap_err();
    assert_eq!(error.code, Code::BadObject, "{error}");
    assert!(error.message.contains("pages/b.parquet"), "{error}");
    let skip = RunOptions { skip_bad_objects: true, ..RunOptions::new(NOW) };
    let answer = engine.run("SELECT srcaddr FROM vpc_flow_logs WHERE bytes >= 0", &skip).await.unwrap();
    let progress = answer.progress();
    assert_eq!(answer.collect().await.unwrap().iter().map(RecordBatch::num_rows).sum::<usize>(), 5000);
    let bad = progress.bad_objects();
    assert!(bad.len() == 1 && bad[0].object.ends_with("pages/b.parquet") && !bad[0].partly, "{bad:?}");
    assert_eq!((progress.objects_done(), progress.bytes_done()), (2, progress.bytes_total()));
    world.put("pages/b.parquet", b"PAR1");
    let error = rows(&engine, "SELECT srcaddr FROM vpc_flow_logs").await.unwrap_err();
    assert!(error.message.contains("pages/b.parquet"), "{error}");
}

#[tokio::test]
async fn a_filter_of_parquet_is_computed_once() {
    let world = World::new();
    world.put("filtered/a.parquet", &parquet(5000));
    let engine = place(&world, "s3://filtered").await;
    let plan =
        lines(&engine, "EXPLAIN SELECT srcaddr FROM vpc_flow_logs WHERE bytes > 4990 AND tcp_flags <> 4995").await;
    let plan = plan.join("\n");
    assert_eq!(plan.matches("bytes@1 > 4990").count(), 1, "{plan}");
    assert!(plan.contains("predicate=bytes@1 > 4990") && !plan.contains("FilterExec"), "{plan}");
    let risky = "10 / (bytes - 4995) < 5 AND bytes > 4995";
    let plan = lines(&engine, &format!("EXPLAIN SELECT srcaddr FROM vpc_flow_logs WHERE {risky}")).await.join("\n");
    assert!(plan.contains("predicate=bytes@1 > 4995 AND CASE") && plan.contains("bytes_max@0 > 4995"), "{plan}");
    for (condition, expected) in [("bytes > 4990 AND tcp_flags <> 4995", ["8", "4991"]), (risky, ["2", "4998"])] {
        let rows = format!("SELECT count(*), min(bytes) FROM vpc_flow_logs WHERE {condition}");
        assert_eq!(lines(&engine, &rows).await, [expected.join(" ")]);
        let skip = RunOptions { skip_bad_objects: true, ..RunOptions::new(NOW) };
        let batches = engine.run(&rows, &skip).await.unwrap().collect().await.unwrap();
        assert_eq!(super::texts(&batches[0]), [expected]);
    }
}

#[tokio::test]
async fn what_may_fail_is_computed_where_the_rest_of_a_filter_holds() {
    let world = World::new();
    let engine = place(&world, "s3://logs").await;
    for condition in [
        "srcaddr <> '-' AND CAST(srcaddr AS ipaddress) > ipaddress '172.31.16.138'",
        "CAST(srcaddr AS ipaddress) > ipaddress '172.31.16.138' AND srcaddr <> '-'",
        "NOT (srcaddr = '-' OR CAST(srcaddr AS ipaddress) <= ipaddress '172.31.16.138')",
        "CAST(day AS integer) > 13 AND srcaddr <> '-' AND CAST(srcaddr AS ipaddress) > ipaddress '172.31.16.138'",
    ] {
        let rows = format!("SELECT count(*) FROM vpc_flow_logs WHERE {condition}");
        assert_eq!(lines(&engine, &rows).await, ["4"], "{condition}");
    }
}

#[tokio::test]
async fn bytes_of_parquet_are_counted() {
    let world = World::new();
    world.put("counted/a.parquet", &parquet(5000));
    let engine = place(&world, "s3://counted").await;
    for skip_bad_objects in [false, true] {
        let options = RunOptions { skip_bad_objects, ..RunOptions::new(NOW) };
        let answer = engine.run("SELECT sum(bytes) FROM vpc_flow_logs WHERE bytes > 1", &options).await.unwrap();
        let progress = answer.progress();
        answer.collect().await.unwrap();
        let (scanned, total) = (progress.bytes_scanned(), progress.bytes_total());
        assert!(scanned > 0 && scanned < total * 3 / 4, "{scanned} of {total}: one column of three");
        assert_eq!(progress.bytes_done(), total);
        assert_eq!((progress.objects_done(), progress.objects_total()), (1, 1));
    }
}

#[tokio::test]
async fn a_sample_is_of_some_rows() {
    let world = World::new();
    world.put("sampled/a.parquet", &parquet(5000));
    let engine = place(&world, "s3://sampled").await;
    let half = "SELECT count(*), count(DISTINCT f.bytes) FROM vpc_flow_logs AS f TABLESAMPLE BERNOULLI (50) WHERE f.bytes < 4000";
    let counts = rows(&engine, half).await.unwrap();
    let count: usize = counts[0][0].parse().unwrap();
    assert!((1600..2400).contains(&count) && counts[0][0] == counts[0][1], "{counts:?} of 4000");
}
