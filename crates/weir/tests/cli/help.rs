//! Help, version, the field table, completions and man pages.

use std::process::Stdio;

use weir_record::Field;

use crate::run::{Lab, program};

#[test]
fn version_is_one_line() {
    Lab::new().weir(&["--version"]).is(concat!("weir ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn every_command_has_help_with_examples() {
    let lab = Lab::new();
    for command in [
        "up",
        "query",
        "convert",
        "explain",
        "propose",
        "status",
        "confirm",
        "detach",
        "pattern",
        "fields",
        "operations",
        "config",
        "completions",
        "man",
    ] {
        let said = lab.weir(&[command, "--help"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{command}");
        assert!(said.out.contains("Examples:\n"), "{command}: {}", said.out);
    }
    let said = lab.weir(&["--help"]);
    assert!(said.out.contains("Exit codes:\n  0  done\n  1  failed"), "{}", said.out);
}

#[test]
fn what_is_not_understood_ends_with_2() {
    let lab = Lab::new();
    let said = lab.weir::<&str>(&[]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    let said = lab.weir(&["stauts"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("'status'"), "{}", said.err);
    assert_eq!(lab.weir(&["status", "--nope"]).code, 2);
}

#[test]
fn fields_are_those_of_the_table() {
    let lab = Lab::new();
    let said = lab.weir(&["fields"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), Field::ALL.len() + 1);
    assert_eq!(
        lines[7],
        "dstport                           2  INT_32  vpc              destination port; 0 for ICMP; NODATA, SKIPDATA"
    );
    let names: Vec<&str> = lines[1..].iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, Field::ALL.iter().map(|field| field.name()).collect::<Vec<_>>());

    let said = lab.weir(&["fields", "--json"]);
    let fields: Vec<serde_json::Value> = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(fields.len(), Field::ALL.len());
    let expected = serde_json::json!({
        "name": "dstport", "column": "dstport", "version": 2, "type": "INT_32", "scope": "vpc",
        "meaning": "destination port; 0 for ICMP", "absent": "NODATA, SKIPDATA",
    });
    assert_eq!(fields[6], expected);
    let extension = fields.iter().find(|field| field["name"] == "src-geoip").expect("the extension");
    assert_eq!((&extension["version"], &extension["scope"]), (&serde_json::Value::Null, &"extension".into()));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let lab = Lab::new();
    let mut child = program(&lab.path(""))
        .args(["fields", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn shells_and_man_know_every_command() {
    let lab = Lab::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = lab.weir(&["completions", shell]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{shell}");
        assert!(said.out.contains("hive-compatible-partitions"), "{shell}");
    }
    assert_eq!(lab.weir(&["completions", "cmd"]).code, 2);
    lab.weir(&["man", "pages/man1"]).is("");
    let expected = [
        "",
        "-attach",
        "-audit",
        "-completions",
        "-config",
        "-confirm",
        "-convert",
        "-detach",
        "-env",
        "-explain",
        "-fields",
        "-lab",
        "-man",
        "-operations",
        "-pattern",
        "-pattern-test",
        "-propose",
        "-query",
        "-status",
        "-token",
        "-token-create",
        "-token-list",
        "-token-revoke",
        "-up",
    ];
    let mut expected = expected.map(|command| format!("weir{command}.1"));
    expected.sort();
    assert_eq!(lab.names("pages/man1"), expected);
    assert!(lab.weir(&["man"]).out.contains(".TH weir 1"));
    lab.write("file", "");
    let said = lab.weir(&["man", "file"]);
    said.ended(1, "", "weir: file: cannot write man pages: File exists (os error 17)\n");
}
