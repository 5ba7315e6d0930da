//! Settings: where they come from, which one wins, and what is refused.

use std::{fs, path::Path};

use crate::run::{Lab, Said};

/// The value of a setting in force, and where it was said.
fn in_force(said: &Said, key: &str) -> (String, String) {
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    let start = format!("{key} = ");
    let at = lines.iter().position(|line| line.trim_start_matches("# ").starts_with(&start)).expect(key);
    let source = lines[at - 1].strip_prefix("# said by: ").expect("a source");
    (lines[at].split_once(" = ").expect("a value").1.to_owned(), source.to_owned())
}

#[track_caller]
fn check(said: &Said, key: &str, value: &str, source: &str) {
    assert_eq!(in_force(said, key), (value.to_owned(), source.to_owned()));
}

#[test]
fn file_then_environment_then_flags() {
    let lab = Lab::new();
    check(&lab.weir(&["config"]), "interval", "60", "default");
    lab.write("weir.toml", "# ours\n\ninterval = 600\n");
    check(&lab.weir(&["config"]), "interval", "600", "weir.toml, line 3, column 12");
    let environment = [("WEIR_INTERVAL", "10")];
    let said = lab.weir_with(&["config"], &environment, b"");
    check(&said, "interval", "10", "environment variable WEIR_INTERVAL");
    let said = lab.weir_with(&["config", "--interval", "1"], &environment, b"");
    check(&said, "interval", "1", "flag --interval");
    let said = lab.weir_with(&["config"], &[("WEIR_INTERVAL", "")], b"");
    check(&said, "interval", "600", "weir.toml, line 3, column 12");
}

#[test]
fn a_named_file_takes_the_place_of_the_usual_one() {
    let lab = Lab::new();
    lab.write("weir.toml", "region = 'eu-west-1'\n");
    lab.write("named.toml", "account = \"000000000042\"");
    lab.write("other.toml", "account = \"000000000043\"");
    let said = lab.weir(&["config", "--config", "named.toml"]);
    check(&said, "region", "\"us-east-1\"", "default");
    check(&said, "account", "\"000000000042\"", "named.toml, line 1, column 11");
    let environment = [("WEIR_CONFIG", "other.toml")];
    let said = lab.weir_with(&["config"], &environment, b"");
    check(&said, "account", "\"000000000043\"", "other.toml, line 1, column 11");
    let said = lab.weir_with(&["--config", "named.toml", "config"], &environment, b"");
    check(&said, "account", "\"000000000042\"", "named.toml, line 1, column 11");
    let said = lab.weir(&["config", "--config", "absent.toml"]);
    said.ended(2, "", "weir: absent.toml: cannot read the settings: No such file or directory (os error 2)\n");
}

#[test]
fn lists_and_switches_in_every_place() {
    let lab = Lab::new();
    lab.write("weir.toml", "interface = [\"eth0\", \"eth1\"]\nper-hour-partition = true\n");
    let said = lab.weir(&["config"]);
    check(&said, "interface", "[\"eth0\", \"eth1\"]", "weir.toml, line 1, column 13");
    check(&said, "per-hour-partition", "true", "weir.toml, line 2, column 22");
    let environment = [("WEIR_INTERFACE", "wlan0, tun0"), ("WEIR_PER_HOUR_PARTITION", "false")];
    let said = lab.weir_with(&["config"], &environment, b"");
    check(&said, "interface", "[\"wlan0\", \"tun0\"]", "environment variable WEIR_INTERFACE");
    check(&said, "per-hour-partition", "false", "environment variable WEIR_PER_HOUR_PARTITION");
    let flags = ["config", "--interface", "a", "b", "--per-hour-partition", "--interface", "c"];
    let said = lab.weir_with(&flags, &environment, b"");
    check(&said, "interface", "[\"a\", \"b\", \"c\"]", "flag --interface");
    check(&said, "per-hour-partition", "true", "flag --per-hour-partition");
    let said = lab.weir(&["config", "--per-hour-partition=false"]);
    check(&said, "per-hour-partition", "false", "flag --per-hour-partition");
}

#[test]
fn what_config_prints_is_a_file() {
    let lab = Lab::new();
    let flags = [
        "config",
        "--interface",
        "eth0",
        "--format",
        "${srcaddr} ${bytes}",
        "--memory-limit",
        "1GiB",
        "--threads",
        "3",
    ];
    let said = lab.weir(&flags);
    lab.write("weir.toml", &said.out);
    let again = lab.weir(&["config"]);
    let values = |said: &Said| {
        said.out.lines().filter(|line| !line.starts_with("# said by")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(values(&said), values(&again));
    let line = said.out.lines().position(|line| line.starts_with("memory-limit = ")).expect("the setting") + 1;
    check(&again, "memory-limit", "\"1GiB\"", &format!("weir.toml, line {line}, column 16"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let lab = Lab::new();
    let cases = [
        ("intervall = 60", "weir.toml, line 1, column 1: unknown key `intervall`; did you mean `interval`?"),
        (
            "\nfile_format = 'json'",
            "weir.toml, line 2, column 1: unknown key `file_format`; did you mean `file-format`?",
        ),
        ("zzz = 1", "weir.toml, line 1, column 1: unknown key `zzz`; `weir config` lists the keys"),
        (
            "interval = 7",
            "weir.toml, line 1, column 12: interval: invalid aggregation interval 7: give 1, 10, 60 or 600 seconds",
        ),
        (
            "interval = 1.5",
            "weir.toml, line 1, column 12: interval: expected a text, a number or a boolean, found a value of type float",
        ),
        ("account = 123", "weir.toml, line 1, column 11: account: expected 12 digits, found `123`"),
        (
            "listen = '4780'",
            "weir.toml, line 1, column 10: listen: expected an address and port such as 127.0.0.1:4780, found `4780`",
        ),
        (
            "deliver-every-window = 'yes'",
            "weir.toml, line 1, column 24: deliver-every-window: expected true or false, found `yes`",
        ),
        ("output = 'xml'", "weir.toml, line 1, column 10: output: expected table, csv, jsonl or parquet, found `xml`"),
        (
            "memory-limit = '1 elephant'",
            "weir.toml, line 1, column 16: memory-limit: expected a size such as 512MiB, found `1 elephant`",
        ),
        (
            "format = '${nope}'",
            "weir.toml, line 1, column 10: format: log format, column 1: unknown field `nope`; `weir fields` lists the fields",
        ),
        ("threads = 0", "weir.toml, line 1, column 11: threads: expected a whole number above 0, found `0`"),
        ("interval = ", "weir.toml, line 1, column 12: string values must be quoted, expected literal string"),
    ];
    for (file, problem) in cases {
        lab.write("weir.toml", file);
        lab.weir(&["config"]).ended(2, "", &format!("weir: {problem}\n"));
    }
    lab.write("weir.toml", "");
    let said = lab.weir_with(&["config"], &[("WEIR_THREADS", "many")], b"");
    said.ended(
        2,
        "",
        "weir: environment variable WEIR_THREADS: threads: expected a whole number above 0, found `many`\n",
    );
    let said = lab.weir(&["up", "--interval", "5"]);
    said.ended(
        2,
        "",
        "weir: flag --interval: interval: invalid aggregation interval 5: give 1, 10, 60 or 600 seconds\n",
    );
}

#[test]
fn the_page_of_the_guide_is_made_from_the_table() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/configuration.md");
    let page = fs::read_to_string(page).expect("the page; make it with `weir config --markdown`");
    let said = Lab::new().weir(&["config", "--markdown"]);
    assert_eq!(said.out, page, "make the page anew: weir config --markdown > docs/guide/configuration.md");
}

#[test]
fn a_database_of_addresses_that_cannot_be_read_is_told_at_the_start() {
    let lab = Lab::new();
    lab.write("countries.csv", "id,country\n1,CH\n");
    for (file, what) in [
        ("absent.mmdb", "cannot read the database file: "),
        ("countries.csv", "no database in the MaxMind DB format: "),
    ] {
        let said = lab.weir(&["up", "--listen", "127.0.0.1:0", "--geoip", file]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.starts_with(&format!("weir: --geoip: {file}: {what}")), "{}", said.err);
        assert!(said.err.ends_with("(.mmdb)\n"), "{}", said.err);
    }
}
