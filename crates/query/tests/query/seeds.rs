//! What the test files cannot say: a statement with empty lines in it, names of columns.

use super::{World, columns, lines, number};

/// The table of the seed that has an empty line between all others.
const SPACED: &str = "CREATE EXTERNAL TABLE IF NOT EXISTS default.vpc_flow_logs (\n\n  version int,\n\n  account string,\n\n  \
    interfaceid string,\n\n  sourceaddress string,\n\n  destinationaddress string,\n\n  sourceport int,\n\n  destinationport int,\n\n  \
    protocol int,\n\n  numpackets int,\n\n  numbytes bigint,\n\n  starttime int,\n\n  endtime int,\n\n  action string,\n\n  \
    logstatus string\n\n)\n\n\nPARTITIONED BY (dt string)\n\nROW FORMAT DELIMITED\n\nFIELDS TERMINATED BY ' '\n\n\
    LOCATION 's3://logs/AWSLogs/123456789010/vpcflowlogs/us-east-1/'\n\nTBLPROPERTIES (\"skip.header.line.count\"=\"1\");\n";

#[tokio::test]
async fn a_table_with_empty_lines_is_there_for_the_next_program() {
    let world = World::new();
    lines(&world.engine(), SPACED).await;
    let add = "ALTER TABLE default.vpc_flow_logs\n\nADD PARTITION (dt='2014-12-14')\n\n\
        location 's3://logs/AWSLogs/123456789010/vpcflowlogs/us-east-1/2014/12/14';";
    lines(&world.engine(), add).await;
    assert_eq!(number(&world.engine(), "SELECT COUNT(*) AS total_records\n\nFROM vpc_flow_logs").await, 2);
}

#[tokio::test]
async fn columns_are_named_as_athena_names_them() {
    let world = World::new();
    let engine = world.engine();
    for (sql, expected) in [
        ("SELECT 1, 'a' AS B, count(*), 2 AS b FROM (VALUES (1))", "_col0 b _col2 b"),
        ("SELECT x, x, X + 1 FROM (SELECT 1 AS x)", "x x _col2"),
        ("SELECT x AS y, * FROM (SELECT 1 AS x, 2 AS y)", "y x y"),
        ("SELECT current_date, upper('a') UNION ALL SELECT current_date, 'b'", "_col0 _col1"),
        ("SELECT 1 AS \"Quoted\", 2 AS Bare, 3 AS \"Quoted\"", "Quoted bare Quoted"),
    ] {
        assert_eq!(columns(&engine, sql).await.join(" "), expected, "{sql}");
    }
}
