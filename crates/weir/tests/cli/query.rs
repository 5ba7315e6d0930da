//! `weir query`: places, outputs, and what bad input gets.

use std::{fs, os::unix::process::CommandExt as _};

use crate::{
    convert::{EXAMPLES, gzip},
    run::{Lab, Said},
};

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("logs/examples.log.gz", gzip(EXAMPLES));
    lab
}

fn query(lab: &Lab, arguments: &[&str]) -> Said {
    lab.weir(&[&["query", "--from", "logs"][..], arguments].concat())
}

const SQL: &str =
    "SELECT srcaddr, dstport, bytes, action FROM vpc_flow_logs ORDER BY bytes NULLS LAST, dstport, log_status LIMIT 4";

#[test]
fn csv_is_as_athena_writes_it() {
    let out = "\
\"srcaddr\",\"dstport\",\"bytes\",\"action\"
\"172.31.16.139\",\"22\",\"4249\",\"ACCEPT\"
\"172.31.9.69\",\"3389\",\"4249\",\"REJECT\"
\"2001:db8:1234:a100:8d6e:3477:df66:f105\",\"22\",\"8855\",\"ACCEPT\"
\"-\",,,\"-\"
";
    query(&lab(), &[SQL]).is(out);
    query(&lab(), &["SELECT 'a \"b\"' AS x, '' AS y"]).is("\"x\",\"y\"\n\"a \"\"b\"\"\",\"\"\n");
    query(&lab(), &["SELECT srcaddr FROM vpc_flow_logs WHERE bytes > 1000000"]).is("\"srcaddr\"\n");
}

#[test]
fn a_table_stands_in_columns() {
    let out = "\
srcaddr                                 dstport  bytes  action
──────────────────────────────────────  ───────  ─────  ──────
172.31.16.139                                22   4249  ACCEPT
172.31.9.69                                3389   4249  REJECT
2001:db8:1234:a100:8d6e:3477:df66:f105       22   8855  ACCEPT
-                                          NULL   NULL  -
";
    query(&lab(), &["--output", "table", SQL]).is(out);
}

#[test]
fn an_estimate_reads_nothing_and_a_saved_question_is_asked_by_name() {
    let lab = lab();
    let bytes = gzip(EXAMPLES).len();
    let expected = format!("\"objects\",\"partitions\",\"bytes\"\n\"1\",\"0\",\"{bytes}\"\n");
    query(&lab, &["--estimate", "SELECT * FROM vpc_flow_logs"]).is(&expected);
    query(&lab, &["--estimate", "--saved", "top-hosts"])
        .is(&expected.replace("\"1\"", "\"2\"").replace(&format!("\"{bytes}\""), &format!("\"{}\"", 2 * bytes)));
    query(&lab, &["--estimate", "SELECT 1; SELECT 2"])
        .is("\"objects\",\"partitions\",\"bytes\"\n\"0\",\"0\",\"0\"\n\"0\",\"0\",\"0\"\n");
    query(&lab, &["--saved", "rejected-tcp"])
        .is("\"weekday\",\"day\",\"interface_id\",\"srcaddr\",\"dstport\",\"action\",\"protocol\"\n\
         \"7\",\"2014-12-14\",\"eni-1235b8ca123456789\",\"172.31.9.69\",\"3389\",\"REJECT\",\"6\"\n");
    let said = query(&lab, &["--saved", "nothing"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("top-hosts"), "{}", said.err);
}

#[test]
fn a_table_cannot_steer_the_terminal() {
    let lab = Lab::new();
    lab.write("logs/a.log", "srcaddr bytes\n\u{1b}[2J 1\n");
    query(&lab, &["--output", "table", "SELECT srcaddr FROM vpc_flow_logs"]).is("srcaddr\n─────────\n\\u{1b}[2J\n");
}

#[test]
fn json_lines_keep_numbers_and_null() {
    let out = "\
{\"srcaddr\":\"172.31.16.139\",\"dstport\":22,\"bytes\":4249,\"action\":\"ACCEPT\"}
{\"srcaddr\":\"172.31.9.69\",\"dstport\":3389,\"bytes\":4249,\"action\":\"REJECT\"}
{\"srcaddr\":\"2001:db8:1234:a100:8d6e:3477:df66:f105\",\"dstport\":22,\"bytes\":8855,\"action\":\"ACCEPT\"}
{\"srcaddr\":\"-\",\"dstport\":null,\"bytes\":null,\"action\":\"-\"}
";
    query(&lab(), &["--output", "jsonl", SQL]).is(out);
}

#[test]
fn an_output_file_is_written_as_its_name_says() {
    let lab = lab();
    query(
        &lab,
        &["--output-file", "answer.parquet", "SELECT srcaddr, sum(bytes) AS bytes FROM vpc_flow_logs GROUP BY 1"],
    )
    .is("");
    let said = lab.weir(&["query", "--from", "answer.parquet", "SELECT max(bytes) AS m FROM vpc_flow_logs"]);
    said.is("\"m\"\n\"8855\"\n");
    query(&lab, &["--output-file", "answer.jsonl", "SELECT 1 AS one"]).is("");
    assert_eq!(lab.read("answer.jsonl"), b"{\"one\":1}\n");
    let said = query(&lab, &["--output-file", "failed.csv", "SELECT nope FROM vpc_flow_logs"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert_eq!(lab.names(""), ["answer.jsonl", "answer.parquet", "logs"]);
}

#[test]
fn statements_come_from_a_file_or_standard_input() {
    let lab = lab();
    lab.write("count.sql", "-- how many; all of them\nSELECT count(*) AS n FROM vpc_flow_logs;\nSELECT ';' AS s;\n");
    query(&lab, &["-f", "count.sql"]).is("\"n\"\n\"5\"\n\"s\"\n\";\"\n");
    let said = lab.weir_with(&["query", "--from", "logs", "-"], &[], b"SELECT 1 AS one");
    said.is("\"one\"\n\"1\"\n");
    query(&lab, &["-f", "absent.sql"]).ended(
        1,
        "",
        "weir: absent.sql: cannot read the statements: No such file or directory (os error 2)\n",
    );
    query(&lab, &[" ; "]).ended(2, "", "weir: no statement: give SQL, such as 'SELECT count(*) FROM vpc_flow_logs'\n");
}

#[test]
fn tables_have_the_names_that_they_are_given() {
    let lab = lab();
    lab.write("b.log", "srcaddr bytes\n10.0.0.1 7\n");
    let said = lab.weir(&[
        "query",
        "--from",
        "a=logs",
        "--from",
        "b=b.log",
        "SELECT (SELECT count(*) FROM a) AS a, (SELECT sum(bytes) FROM b) AS b",
    ]);
    said.is("\"a\",\"b\"\n\"5\",\"7\"\n");
    let said = lab.weir(&["query", "--from", "logs", "--from", "b.log", "SELECT count(*) AS n FROM vpc_flow_logs"]);
    said.is("\"n\"\n\"6\"\n");
}

#[test]
fn without_from_the_data_directory_is_asked() {
    let lab = Lab::new();
    let said = lab.weir(&["query", "SELECT count(*) FROM vpc_flow_logs"]);
    assert_eq!((said.code, said.out.as_str(), said.err.lines().count()), (1, "", 1), "{}", said.err);
    assert!(said.err.contains("vpc_flow_logs"), "{}", said.err);
    let prefix = "weir-data/buckets/flow-logs/AWSLogs/123456789010/vpcflowlogs/us-east-1/2014/12/14";
    let name = "123456789010_vpcflowlogs_us-east-1_fl-1234abcd_20141214T0405Z_fe123456.log.gz";
    lab.write(&format!("{prefix}/{name}"), gzip(EXAMPLES));
    lab.weir(&["query", "SELECT count(*) AS n FROM vpc_flow_logs"]).is("\"n\"\n\"5\"\n");
    let said = lab.weir(&["query", "--data", "elsewhere", "SELECT count(*) FROM vpc_flow_logs"]);
    assert_eq!(said.code, 1);
}

#[test]
fn definitions_are_kept_in_the_data_directory() {
    let lab = Lab::new();
    let prefix = "weir-data/buckets/flow-logs/AWSLogs/123456789010/vpcflowlogs/us-east-1/2014/12/14";
    lab.write(
        &format!("{prefix}/123456789010_vpcflowlogs_us-east-1_fl-1234abcd_20141214T0405Z_fe123456.log.gz"),
        gzip(EXAMPLES),
    );
    let table = "CREATE EXTERNAL TABLE examples (version int, account_id string, interface_id string, srcaddr string) \
                 ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' \
                 LOCATION 's3://flow-logs/AWSLogs/123456789010/vpcflowlogs/us-east-1/' \
                 TBLPROPERTIES ('skip.header.line.count'='1')";
    lab.weir(&["query", table]).is("");
    lab.weir(&["query", "SELECT count(srcaddr) AS n FROM examples"]).is("\"n\"\n\"5\"\n");
    // A definition of the usual name goes before what would be found without one.
    lab.weir(&["query", &table.replace(" examples ", " vpc_flow_logs ").replace("version int", "v string")]).is("");
    lab.weir(&["query", "SELECT max(v) AS v FROM vpc_flow_logs"]).is("\"v\"\n\"2\"\n");
    lab.weir(&["query", "DROP TABLE vpc_flow_logs"]).is("");
    lab.weir(&["query", "SELECT max(version) AS v FROM vpc_flow_logs"]).is("\"v\"\n\"2\"\n");
}

#[test]
fn bad_lines_are_counted_and_the_rest_is_read() {
    let lab = lab();
    lab.write("logs/bad.log", "srcaddr bytes\n10.0.0.1 1\n10.0.0.2\n10.0.0.3 many\n");
    let said = query(&lab, &["SELECT count(*) AS n, count(bytes) AS b FROM vpc_flow_logs WHERE srcaddr LIKE '10.%'"]);
    assert_eq!((said.code, said.out.as_str()), (3, "\"n\",\"b\"\n\"2\",\"1\"\n"));
    let lines: Vec<&str> = said.err.lines().collect();
    assert_eq!(lines[0], "weir: 8 records, 1 refused, 1 cells read as NULL");
    assert!(lines[1].contains("bad.log, line 3, column "), "{}", said.err);
}

#[test]
fn a_damaged_object_is_named_or_left_out() {
    let lab = lab();
    let whole = gzip(EXAMPLES.repeat(100));
    lab.write("logs/cut.log.gz", &whole[..whole.len() / 2]);
    let count = "SELECT count(*) AS n FROM vpc_flow_logs";
    let said = query(&lab, &[count]);
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{}", said.err);
    assert!(said.err.contains("cut.log.gz"), "{}", said.err);
    let said = query(&lab, &["--skip-bad-objects", count]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("cut.log.gz cannot be read whole, what stands before"), "{}", said.err);

    fs::remove_file(lab.path("logs/cut.log.gz")).expect("removed");
    lab.write("logs/cut.parquet", b"PAR1 and no more");
    let said = query(&lab, &[count]);
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{}", said.err);
    assert!(said.err.contains("cut.parquet"), "{}", said.err);
    let said = query(&lab, &["--skip-bad-objects", count]);
    assert_eq!((said.code, said.out.as_str()), (3, "\"n\"\n\"5\"\n"), "{}", said.err);
    assert!(said.err.contains("cut.parquet is left out"), "{}", said.err);
}

#[test]
fn places_without_anything_get_a_sentence() {
    let lab = Lab::new();
    for place in ["absent", "empty"] {
        fs::create_dir_all(lab.path("empty")).expect("a folder");
        let said = lab.weir(&["query", "--from", place, "SELECT count(*) FROM vpc_flow_logs"]);
        assert_eq!((said.code, said.out.as_str(), said.err.lines().count()), (1, "", 1), "{}", said.err);
        assert!(said.err.contains(place), "{}", said.err);
    }
}

/// Root may read every directory, so the program runs as nobody.
#[test]
fn a_directory_without_rights_gets_a_sentence() {
    use std::os::unix::fs::PermissionsExt as _;
    assert!(rustix::process::geteuid().is_root(), "this needs root to become nobody: run the tests as root");
    let lab = lab();
    fs::set_permissions(lab.path(""), fs::Permissions::from_mode(0o755)).expect("rights");
    fs::set_permissions(lab.path("logs"), fs::Permissions::from_mode(0o700)).expect("rights");
    let program_copy = lab.path("weir");
    fs::copy(env!("CARGO_BIN_EXE_weir"), &program_copy).expect("a copy");
    let mut command = std::process::Command::new(&program_copy);
    command.current_dir(lab.path("")).env_clear().uid(65_534).gid(65_534);
    let output =
        command.args(["query", "--from", "logs", "SELECT 1 FROM vpc_flow_logs"]).output().expect("the program ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), err.lines().count()), (Some(1), 1), "{err}");
    assert!(err.contains("logs") && err.contains("ermission denied"), "{err}");
}

#[test]
fn errors_name_the_place_in_the_statement() {
    let said = query(&lab(), &["SELECT nope FROM vpc_flow_logs"]);
    said.ended(1, "", "weir: COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved\n");
}
