//! `weir pattern test`: what matches, what is extracted, and what a malformed pattern gets.

use crate::run::Lab;

const SEEDS: &str = "\
2 086112738802 eni-0d5d75b41f9befe9e 61.177.172.128 172.31.83.158 39611 22 6 1 40 1563108188 1563108227 REJECT OK
2 086112738802 eni-0d5d75b41f9befe9e 182.68.238.8 172.31.83.158 42227 22 6 1 44 1563109030 1563109067 REJECT OK

2 086112738802 eni-0d5d75b41f9befe9e 42.171.23.181 172.31.83.158 52417 22 6 24 4065 1563191069 1563191121 ACCEPT OK
2 086112738802 eni-0d5d75b41f9befe9e 61.177.172.128 172.31.83.158 39611 80 6 1 40 1563108188 1563108227 REJECT OK
";
const PATTERN: &str = "[version, account, eni, source, destination, srcport, destport=\"22\", protocol=\"6\", packets, bytes, \
                       windowstart, windowend, action=\"REJECT\", flowlogstatus]";

#[test]
fn records_that_match_are_listed_with_their_fields() {
    let lab = Lab::new();
    let said = lab.weir_with(&["pattern", "test", PATTERN], &[], SEEDS.as_bytes());
    said.is("\
line  $version  $account      $eni                   $source         $destination   $srcport  $destport  $protocol  $packets  $bytes  $windowstart  $windowend  $action  $flowlogstatus
────  ────────  ────────────  ─────────────────────  ──────────────  ─────────────  ────────  ─────────  ─────────  ────────  ──────  ────────────  ──────────  ───────  ──────────────
   1  2         086112738802  eni-0d5d75b41f9befe9e  61.177.172.128  172.31.83.158  39611     22         6          1         40      1563108188    1563108227  REJECT   OK
   2  2         086112738802  eni-0d5d75b41f9befe9e  182.68.238.8    172.31.83.158  42227     22         6          1         44      1563109030    1563109067  REJECT   OK

2 of 4 events match
");
}

#[test]
fn json_is_what_test_metric_filter_answers() {
    let lab = Lab::new();
    let input = b"{\"level\": \"info\", \"ms\": 7}\n\n{\"level\": \"error\", \"ms\": 12.5}\n";
    let said = lab.weir_with(&["pattern", "test", "--json", "{ $.ms > 10 && $.level = error }"], &[], input);
    let answer: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let expected = serde_json::json!({"matches": [{
        "eventNumber": 1,
        "eventMessage": "{\"level\": \"error\", \"ms\": 12.5}",
        "extractedValues": {"$.level": "error", "$.ms": "12.5"},
    }]});
    assert_eq!((said.code, said.err.as_str(), answer), (0, "", expected));
}

#[test]
fn terms_list_the_events_themselves() {
    let lab = Lab::new();
    let said = lab.weir_with(&["pattern", "test", "-EXIT"], &[], b"ERROR\r\nEXIT\nfine \x1b[31m\n");
    said.is("line  event\n────  ───────────────\n   1  ERROR\n   3  fine \\u{1b}[31m\n\n2 of 3 events match\n");
    lab.weir_with(&["pattern", "test", "ERROR"], &[], b"fine\n").is("0 of 1 events match\n");
    let said = lab.weir_with(&["pattern", "test", "a"], &[], b"a\xff\n");
    said.ended(
        0,
        "line  event\n────  ─────\n   1  a\u{fffd}\n\n1 of 1 events match\n",
        "weir: bytes that are no UTF-8 were read as U+FFFD, in 1 lines\n",
    );
}

#[test]
fn a_malformed_pattern_is_pointed_at() {
    let lab = Lab::new();
    lab.weir(&["pattern", "test", "[..., status = 4* && bytes > 1000]"]).ended(
        2,
        "",
        "\
weir: Invalid filter pattern: character 22: the conditions of one slot are all on `status`; a comma begins another slot
  [..., status = 4* && bytes > 1000]
                       ^
",
    );
    assert_eq!(lab.weir(&["pattern"]).code, 2);
    assert_eq!(lab.weir(&["pattern", "test"]).code, 2);
}
