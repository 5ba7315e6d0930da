//! The questions that come with Weir, each over records whose answer is known.

use std::collections::BTreeSet;

use weir_query::{QUESTIONS, RunOptions};

use super::{HEADER, World, texts};

/// 2026-11-21 00:00:00 UTC, a Saturday.
const MIDNIGHT: i64 = 1_795_219_200;
/// 11:45:08 that day.
const NOW: i64 = MIDNIGHT + 42_308;

const A: &str = "eni-0123456789abcdef0";
const B: &str = "eni-0fedcba9876543210";

/// Records: the interface, from the addresses to the bytes, begin and length in seconds, action and status.
const RECORDS: [(&str, &str, i64, i64, &str); 8] = [
    (A, "10.0.1.5 203.0.113.9 40000 443 6 10 5000", NOW - 600, 60, "ACCEPT OK"),
    (A, "203.0.113.9 10.0.1.5 443 40000 6 8 9000", NOW - 600, 112, "ACCEPT OK"),
    (B, "198.51.100.4 10.0.2.7 50000 22 6 1 60", NOW - 10_800, 30, "REJECT OK"),
    (B, "198.51.100.4 10.0.2.7 50001 3389 6 2 120", NOW - 10_800, 30, "REJECT OK"),
    (B, "10.0.2.7 10.0.1.5 5353 53 17 3 300", NOW - 18_000, 60, "ACCEPT OK"),
    (B, "- - - - - - -", NOW - 18_000, 60, "- NODATA"),
    (A, "10.0.1.5 203.0.113.9 8 0 1 1 84", MIDNIGHT - 57_600, 60, "REJECT OK"),
    (A, "10.117.1.1 203.0.113.9 41000 443 6 4 400", MIDNIGHT - 864_000, 60, "ACCEPT OK"),
];

const ANSWERS: &[(&str, &[&str])] = &[
    ("records", &["8"]),
    (
        "records-of-day",
        &["2 123456789012 eni-0123456789abcdef0 10.0.1.5 203.0.113.9 8 0 1 1 84 1795161600 1795161660 REJECT OK \
           vpc-0123456789abcdef0 subnet-0123456789abcdef0"],
    ),
    ("records-between-days", &["2026-11-11 10.117.1.1 203.0.113.9 ACCEPT", "2026-11-20 10.0.1.5 203.0.113.9 REJECT"]),
    ("times-in-words", &["eni-0123456789abcdef0 10.0.1.5 REJECT 1 2026-11-20T08:00:00.000Z 2026-11-20T08:01:00.000Z"]),
    ("rejected", &["198.51.100.4 10.0.2.7 22 6", "198.51.100.4 10.0.2.7 3389 6", "10.0.1.5 203.0.113.9 0 1"]),
    (
        "rejected-tcp",
        &[
            "6 2026-11-21 eni-0fedcba9876543210 198.51.100.4 22 REJECT 6",
            "6 2026-11-21 eni-0fedcba9876543210 198.51.100.4 3389 REJECT 6",
        ],
    ),
    ("rejected-on-day", &["eni-0123456789abcdef0 10.0.1.5 203.0.113.9 0 1"]),
    ("remote-access", &["198.51.100.4 50000 10.0.2.7 22 REJECT", "198.51.100.4 50001 10.0.2.7 3389 REJECT"]),
    ("ssh-recently", &["198.51.100.4 10.0.2.7 REJECT"]),
    ("top-hosts", &["203.0.113.9 14484", "10.0.1.5 14384", "10.0.2.7 480", "10.117.1.1 400", "198.51.100.4 180"]),
    ("top-https", &["10 203.0.113.9"]),
    ("to-https", &["10.0.1.5 203.0.113.9 5000", "10.117.1.1 203.0.113.9 400"]),
    ("from-https", &["203.0.113.9 10.0.1.5 9000"]),
    ("bytes-from-address", &["203.0.113.9 5084"]),
    ("packets-from-address", &["40000 10", "8 1"]),
    ("to-address", &["198.51.100.4 22 REJECT", "198.51.100.4 3389 REJECT"]),
    ("from-network", &["10.117.1.1 203.0.113.9 400"]),
    ("into-network", &["3"]),
    ("out-of-network", &["203.0.113.9 5484"]),
    ("steady-destinations", &["203.0.113.9 3"]),
    ("records-by-source", &["10.0.1.5 2", "198.51.100.4 2", "- 1", "10.0.2.7 1", "10.117.1.1 1", "203.0.113.9 1"]),
    ("busiest-source", &["10.0.1.5 2"]),
    ("destinations-by-source", &["10.0.1.5 1", "10.0.2.7 1", "10.117.1.1 1", "198.51.100.4 1", "203.0.113.9 1"]),
    ("packets-by-destination", &["203.0.113.9 15", "10.0.1.5 11", "10.0.2.7 3", "- NULL"]),
    ("bytes-by-protocol", &["6 14580", "17 300", "1 84", "NULL NULL"]),
    ("tcp-bytes-recently", &["14000"]),
    ("accepted-recently", &["2"]),
    (
        "longest",
        &[
            "203.0.113.9 10.0.1.5 112",
            "10.117.1.1 203.0.113.9 60",
            "10.0.1.5 203.0.113.9 60",
            "10.0.2.7 10.0.1.5 60",
            "10.0.1.5 203.0.113.9 60",
            "198.51.100.4 10.0.2.7 30",
            "198.51.100.4 10.0.2.7 30",
        ],
    ),
    (
        "status-by-interface",
        &["OK eni-0123456789abcdef0 4", "NODATA eni-0fedcba9876543210 1", "OK eni-0fedcba9876543210 3"],
    ),
    ("interface-recently", &["10.0.1.5 203.0.113.9 443 ACCEPT", "203.0.113.9 10.0.1.5 40000 ACCEPT"]),
    ("interfaces", &["eni-0123456789abcdef0 4 14484", "eni-0fedcba9876543210 4 480"]),
    ("subnet-recently", &["eni-0123456789abcdef0 19"]),
    ("other-vpcs", &["eni-0fedcba9876543210 4"]),
];

fn object() -> String {
    let line = |(interface, flow, start, seconds, end): (&str, &str, i64, i64, &str)| {
        let place = interface.strip_prefix("eni-").unwrap();
        let end = format!("{start} {} {end} vpc-{place} subnet-{place}", start + seconds);
        format!("2 123456789012 {interface} {flow} {end}\n")
    };
    format!("{HEADER} vpc-id subnet-id\n") + &RECORDS.map(line).concat()
}

#[tokio::test]
async fn every_question_has_the_answer_that_is_known() {
    let world = World::new();
    world.put("known/a.log", object().as_bytes());
    let engine = world.engine();
    engine.add_place("vpc_flow_logs", &["s3://known/a.log".to_owned()], false).await.unwrap();
    for (name, expected) in ANSWERS {
        let question = weir_query::question(name).unwrap_or_else(|| panic!("{name}"));
        let answer = engine.run(question.query, &RunOptions::new(NOW * 1000)).await;
        let batches = answer.unwrap_or_else(|error| panic!("{name}: {error}")).collect().await.unwrap();
        let rows: Vec<String> = batches.iter().flat_map(texts).map(|row| row.join(" ")).collect();
        assert_eq!(rows, *expected, "{name}");
    }
    let names: BTreeSet<&str> = QUESTIONS.iter().map(|question| question.name).collect();
    assert_eq!(names.len(), QUESTIONS.len(), "a name stands twice");
    assert_eq!(names, ANSWERS.iter().map(|(name, _)| *name).collect());
}
