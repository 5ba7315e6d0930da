//! `weir query` over a bucket of S3, spoken by a real server.

use crate::{
    convert::{EXAMPLES, gzip},
    run::{Lab, Said},
};

#[path = "../../../../tests/support/moto.rs"]
mod moto;

use moto::Server;

const FOLDER: &str = "/flow-logs/site/AWSLogs/123456789012/vpcflowlogs/us-east-1";

/// A bucket with the examples, once for each of two days.
fn server() -> Server {
    let server = Server::start();
    for day in ["2026/01/14", "2026/01/15"] {
        let key = format!("{FOLDER}/{day}/examples.log.gz");
        let answer = server.request("PUT", &key, &gzip(EXAMPLES));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    server
}

fn weir(lab: &Lab, server: &Server, arguments: &[&str]) -> Said {
    let variables = server.variables();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    lab.weir_with(arguments, &variables, b"")
}

#[test]
fn a_bucket_is_queried_by_its_url() {
    let (lab, server) = (Lab::new(), server());
    let sql = "SELECT day, count(*) AS n, sum(bytes) AS b FROM vpc_flow_logs GROUP BY day ORDER BY day";
    let out = "\"day\",\"n\",\"b\"\n\"14\",\"5\",\"17353\"\n\"15\",\"5\",\"17353\"\n";
    weir(&lab, &server, &["query", "--from", "s3://flow-logs/site/AWSLogs", sql]).is(out);
    let said = weir(&lab, &server, &["query", "--from", "s3://not-there/AWSLogs", sql]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("s3://not-there"), "{}", said.err);
}

#[test]
fn a_defined_table_lies_in_a_bucket() {
    let (lab, server) = (Lab::new(), server());
    let (columns, location) = (EXAMPLES.lines().next().expect("a header"), FOLDER.trim_start_matches('/'));
    let columns: Vec<String> = columns.split(' ').map(|name| format!("`{}` string", name.replace('-', "_"))).collect();
    let table = format!(
        "CREATE EXTERNAL TABLE logs ({}) PARTITIONED BY (day string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' \
         LOCATION 's3://{location}/' TBLPROPERTIES ('skip.header.line.count'='1')",
        columns.join(", ")
    );
    let partition = format!("ALTER TABLE logs ADD PARTITION (day='15') LOCATION 's3://{location}/2026/01/15'");
    for definition in [&table, &partition] {
        weir(&lab, &server, &["query", definition]).is("");
    }
    weir(&lab, &server, &["query", "SELECT day, count(*) AS n FROM logs GROUP BY day"])
        .is("\"day\",\"n\"\n\"15\",\"5\"\n");
}
