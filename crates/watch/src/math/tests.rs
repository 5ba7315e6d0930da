//! Expressions, series in, series out: `tests/math/*.txt`.

use std::collections::BTreeMap;

use super::*;

/// Where the points of the files begin: Monday, 5 January 2026, 10:00 UTC; one a minute.
const START: i64 = 1_767_607_200_000;

const FILES: &[(&str, &str)] = &[
    ("operators", include_str!("../../tests/math/operators.txt")),
    ("functions", include_str!("../../tests/math/functions.txt")),
    ("errors", include_str!("../../tests/math/errors.txt")),
];

fn series(line: &str) -> Series {
    let point = |(place, text): (usize, &str)| Some((START + place as i64 * 60_000, text.parse().ok()?));
    Series { label: String::new(), period: 60, points: line.split_whitespace().enumerate().filter_map(point).collect() }
}

fn text(series: &Series) -> String {
    let at = |place: i64| {
        series.at(START + place * 60_000).map_or("-".to_owned(), |value| format!("{}", (value * 1e6).round() / 1e6))
    };
    (0..5).map(at).collect::<Vec<_>>().join(" ")
}

fn answer(expression: &str, named: &BTreeMap<String, Value>) -> String {
    let find = |_: &Search, _: &str, _: i64| Ok(vec![series("1 1 1 1 1"), series("2 2 2 2 2")]);
    let metrics = named.keys().cloned().collect();
    let context =
        Context { named: named.clone(), metrics, start: START, end: START + 300_000, period: 60, find: &find };
    match Expression::parse(expression).and_then(|expression| expression.evaluate(&context)) {
        Ok(Value::Number(None)) => "no number".to_owned(),
        Ok(Value::Number(Some(number))) => format!("number {}", (number * 1e6).round() / 1e6),
        Ok(Value::Series(series)) => text(&series),
        Ok(Value::Many(many)) if many.is_empty() => "none".to_owned(),
        Ok(Value::Many(many)) => many.iter().map(text).collect::<Vec<_>>().join(" ; "),
        Err(error) => format!("error {error}"),
    }
}

#[test]
fn expressions_give_what_the_files_say() {
    let mut wrong = Vec::new();
    let mut asked = 0;
    for (file, lines) in FILES {
        let mut named = BTreeMap::new();
        for (number, line) in lines.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((name, points)) = line.split_once(" := ") {
                named.insert(name.to_owned(), Value::Series(series(points)));
                continue;
            }
            let (expression, expected) = line.split_once(" -> ").expect(line);
            let found = answer(expression, &named);
            asked += 1;
            if found != expected {
                wrong.push(format!("{file} line {}: {expression} -> {found}, not {expected}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 100, "{asked}");
}

#[test]
fn what_nests_too_deep_is_refused() {
    for deep in ["(".repeat(2000), "-".repeat(2000), "ABS(".repeat(500), "2^".repeat(1000), "[".repeat(2000)] {
        assert!(Expression::parse(&deep).is_err());
    }
    assert!(Expression::parse(&"1+".repeat(2000)).is_err());
}

#[test]
fn names_and_calls_are_told() {
    let expression = Expression::parse("IF(m1 > 1, -m2, SUM([m3, FILL(m1, REPEAT)]))").expect("good");
    assert_eq!(expression.names(), ["m1", "m2", "m3", "m1"]);
    assert!(expression.calls("FILL") && !expression.calls("SEARCH"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_brings_it_down(text in "[a-zA-Z0-9 +*/^()<>=,'\\[\\]!&|.{}\"-]{0,60}") {
        answer(&text, &BTreeMap::new());
    }
}
