use proptest::prelude::*;

use super::*;
use crate::lexer;

fn read(sql: &str) -> Result<Hive, Error> {
    parse(sql, &lexer::tokens(sql)?)
}

const SEED: &str = "CREATE EXTERNAL TABLE IF NOT EXISTS default.vpc_flow_logs ( version int, account string, numbytes bigint ) \
    PARTITIONED BY (dt string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' \
    LOCATION 's3://logs/AWSLogs/1/vpcflowlogs/us-east-1/' TBLPROPERTIES (\"skip.header.line.count\"=\"1\")";

#[test]
fn the_seed_table_is_read_whole() {
    let Hive::CreateTable { name, if_not_exists, definition } = read(SEED).unwrap() else { panic!("a table") };
    assert!(if_not_exists);
    assert_eq!((name.database.as_deref(), name.table.as_str()), (Some("default"), "vpc_flow_logs"));
    let columns: Vec<_> = definition.columns.iter().map(|c| format!("{} {}", c.name, c.kind)).collect();
    assert_eq!(columns.join(", "), "version int, account string, numbytes bigint");
    assert_eq!(definition.partitioned_by[0].name, "dt");
    assert_eq!(definition.format, TableFormat::Text { delimiter: ' ' });
    assert_eq!(definition.location, "s3://logs/AWSLogs/1/vpcflowlogs/us-east-1/");
    assert_eq!(definition.property("skip.header.line.count"), Some("1"));
}

#[test]
fn the_parquet_table_of_aws_is_read() {
    let sql = "CREATE EXTERNAL TABLE IF NOT EXISTS vpc_flow_logs_parquet (version int, `end` bigint) \
        PARTITIONED BY (`aws-account-id` string, `year` string) \
        ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' \
        STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat' \
        OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat' \
        LOCATION 's3://b/AWSLogs/' TBLPROPERTIES ('EXTERNAL'='true', 'skip.header.line.count'='1')";
    let Hive::CreateTable { definition, .. } = read(sql).unwrap() else { panic!("a table") };
    assert_eq!(definition.format, TableFormat::Parquet);
    assert_eq!(definition.partitioned_by[0].name, "aws-account-id");
    assert_eq!(definition.columns[1].name, "end");
}

#[test]
fn partitions_have_values_and_locations() {
    let sql = "alter table default.t ADD IF NOT EXISTS PARTITION (dt='2026-11-20') location 's3://b/20' PARTITION (dt='2026-11-21')";
    let Hive::AddPartitions { if_not_exists, partitions, .. } = read(sql).unwrap() else { panic!("partitions") };
    assert!(if_not_exists);
    assert_eq!(partitions[0], (vec![("dt".into(), "2026-11-20".into())], Some("s3://b/20".into())));
    assert_eq!(partitions[1], (vec![("dt".into(), "2026-11-21".into())], None));
    let sql = "ALTER TABLE t DROP PARTITION (`date`='2026-11-20'), PARTITION (`date`='2026-11-21')";
    let Hive::DropPartitions { partitions, .. } = read(sql).unwrap() else { panic!("partitions") };
    assert_eq!(partitions.len(), 2);
}

#[test]
fn refusals_say_where_and_what_was_expected() {
    for (sql, expected) in [
        ("ALTER TABLE t PARTITION (a=1)", "line 1:30: mismatched input '<EOF>'. Expecting: 'SET'"),
        (
            "ALTER TABLE t RENAME TO u",
            "line 1:15: mismatched input 'RENAME'. Expecting: 'ADD', 'CHANGE', 'DROP', 'PARTITION', 'REPLACE', 'SET'",
        ),
        ("DROP TABLE", "line 1:11: mismatched input '<EOF>'. Expecting: a name"),
        (
            "CREATE EXTERNAL TABLE t (a int)",
            "INVALID_TABLE_PROPERTY: line 1:25: No location was specified for table. An S3 location must be specified",
        ),
        (
            "CREATE EXTERNAL TABLE t (a array<int, b int) LOCATION 's3://b/'",
            "line 1:28: mismatched input 'array'. '>' is missing before ', b int)'; a type is one of boolean, tinyint, smallint, int, bigint, float, double, decimal(p,s), string, varchar(n), char(n), binary, date, timestamp, array<…>, map<…,…>, struct<name:type,…>",
        ),
        (
            "CREATE EXTERNAL TABLE t (a int, A int) LOCATION 's3://b/'",
            "FAILED: line 1:25: SemanticException: Duplicate column name: column 'a' stands twice",
        ),
        ("SHOW TABLES IN default x", "line 1:24: mismatched input 'x'. Expecting: a text in quotes"),
        ("DESCRIBE t u v", "line 1:14: mismatched input 'v'. Expecting: <EOF>"),
    ] {
        assert_eq!(read(sql).unwrap_err().to_string(), expected, "{sql}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(sql in "\\PC*") {
        let _ = read(&sql);
    }

    #[test]
    fn no_cut_or_change_of_a_statement_makes_it_panic(cut in 0..SEED.len(), at in 0..SEED.len(), with in "[ -~’–\n]") {
        let mut sql = SEED.to_owned();
        sql.replace_range(at..=at, &with);
        let end = (0..=cut.min(sql.len())).rev().find(|end| sql.is_char_boundary(*end)).unwrap_or(0);
        let _ = read(&sql);
        let _ = read(&sql[..end]);
    }
}
