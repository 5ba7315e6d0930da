//! What a query would read, before it reads anything.

use weir_query::{Estimate, RunOptions};

use super::{NOW, World, lines, rows};

const TABLE: &str = "CREATE EXTERNAL TABLE t (a int, b string) PARTITIONED BY (dt string) \
    ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' LOCATION 's3://est/t/'";

/// No object can be read: each is said to be gzip and is none.
fn world() -> World {
    let world = World::new();
    for (day, bytes) in [("1", 100), ("1", 20), ("2", 3000)] {
        let mut object = vec![0; bytes];
        object[..3].copy_from_slice(&[0x1f, 0x8b, 0x08]);
        world.put(&format!("est/t/dt={day}/{bytes}.gz"), &object);
    }
    world
}

fn of(objects: u64, partitions: u64, bytes: u64) -> Estimate {
    Estimate { objects, partitions, bytes }
}

#[tokio::test]
async fn objects_partitions_and_bytes_are_known_before_anything_is_read() {
    let world = world();
    let engine = world.engine();
    for statement in [TABLE, "MSCK REPAIR TABLE t"] {
        lines(&engine, statement).await;
    }
    for (statement, expected) in [
        ("SELECT count(*) FROM t", of(3, 2, 3120)),
        ("SELECT a FROM t WHERE dt = '1' AND a > 5", of(2, 1, 120)),
        ("SELECT a FROM t WHERE dt > '2'", of(0, 0, 0)),
        ("SELECT x.a FROM t x JOIN t y ON x.a = y.a WHERE x.dt = '1' AND y.dt = '2'", of(3, 2, 3120)),
        ("EXPLAIN SELECT a FROM t WHERE dt = '2'", of(1, 1, 3000)),
        ("UNLOAD (SELECT a FROM t WHERE dt = '2') TO 's3://est/out/' WITH (format = 'PARQUET')", of(1, 1, 3000)),
        ("INSERT INTO t SELECT * FROM t", of(3, 2, 3120)),
        ("DROP TABLE t", of(0, 0, 0)),
        ("SELECT 1", of(0, 0, 0)),
    ] {
        let estimate =
            engine.estimate(statement, &RunOptions::new(NOW)).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
        assert_eq!(estimate, expected, "{statement}");
    }
    assert_eq!(lines(&engine, "SHOW TABLES").await, ["t"]);
    assert!(!world.folder.path().join("buckets/est/out").exists());
    let error = engine.estimate("SELECT nope FROM t", &RunOptions::new(NOW)).await.unwrap_err();
    assert!(error.to_string().starts_with("COLUMN_NOT_FOUND: line 1:8"), "{error}");
}

#[tokio::test]
async fn explain_ends_with_the_estimate() {
    let world = world();
    let engine = world.engine();
    for statement in [TABLE, "MSCK REPAIR TABLE t"] {
        lines(&engine, statement).await;
    }
    let plan = lines(&engine, "EXPLAIN SELECT a FROM t WHERE dt = '1'").await;
    assert_eq!(plan.last().map(String::as_str), Some("estimate objects=2, partitions=1, bytes=120"));
    assert!(plan[0].starts_with("logical_plan"), "{plan:?}");
}

#[tokio::test]
async fn a_plan_is_shown_as_json_and_for_graphviz() {
    let engine = super::World::new().engine();
    let json = rows(&engine, "EXPLAIN (TYPE LOGICAL, FORMAT JSON) SELECT a + 1 AS b FROM (VALUES 1) AS t (a)").await;
    let plan: serde_json::Value = serde_json::from_str(&json.unwrap()[0][0]).unwrap();
    assert_eq!(plan[0]["Plan"]["Output"], serde_json::json!(["b"]), "{plan}");
    let drawing = rows(&engine, "EXPLAIN (FORMAT GRAPHVIZ) SELECT a FROM (VALUES 1) AS t (a)").await.unwrap();
    assert!(drawing[0][0].contains("digraph {"), "{}", drawing[0][0]);
}

#[tokio::test]
async fn the_tables_of_a_query_are_told() {
    let world = world();
    let engine = world.engine();
    for statement in [TABLE, "MSCK REPAIR TABLE t"] {
        lines(&engine, statement).await;
    }
    let query = "SELECT x.a FROM t AS x JOIN t AS y ON x.a = y.a WHERE x.dt IN ('1', '2') AND y.a > 4 AND y.dt = '1' AND x.b LIKE 'x%'";
    let told = rows(&engine, &format!("EXPLAIN (TYPE IO, FORMAT JSON) {query}")).await.unwrap();
    let told: serde_json::Value = serde_json::from_str(&told[0][0]).unwrap();
    let tables = told["inputTableColumnInfos"].as_array().unwrap();
    let name = serde_json::json!({ "catalog": "awsdatacatalog", "schemaTable": { "schema": "default", "table": "t" } });
    assert!(tables.len() == 2 && tables.iter().all(|table| table["table"] == name), "{told:#}");
    let of = |table: usize, column: &str| {
        let constraints = tables[table]["constraint"]["columnConstraints"].as_array().unwrap();
        let found = constraints.iter().find(|constraint| constraint["columnName"] == column);
        found.unwrap_or_else(|| panic!("{column}: {told:#}")).clone()
    };
    let above = serde_json::json!([{ "low": { "value": "4", "bound": "ABOVE" }, "high": { "bound": "BELOW" } }]);
    assert_eq!((&of(1, "a")["type"], &of(1, "a")["domain"]["ranges"]), (&"integer".into(), &above));
    let one = serde_json::json!({ "value": "1", "bound": "EXACTLY" });
    assert_eq!(of(1, "dt")["domain"]["ranges"], serde_json::json!([{ "low": one, "high": one }]));
    assert_eq!(of(0, "dt")["domain"]["ranges"].as_array().unwrap().len(), 2, "{told:#}");
}
