//! Patterns beside a table of what they match, and beside themselves on columns.

mod property;

use super::*;

const TABLE: &str = include_str!("tests/patterns.txt");

/// Reads the table and tries every line of it; how it is written is said at its beginning.
#[test]
fn patterns_do_what_the_table_says() {
    let mut pattern = None;
    let mut lines = TABLE.lines().enumerate().filter(|(_, line)| !line.starts_with('#')).peekable();
    let mut tried = 0;
    while let Some((number, line)) = lines.next() {
        let place = format!("patterns.txt:{}: {line}", number + 1);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let current = || pattern.as_ref().unwrap_or_else(|| panic!("{place}: no pattern before it"));
        match word {
            "pattern" => pattern = Some(rest.parse::<Pattern>()),
            "refused" => assert_refused(current().as_ref().expect_err(&place), rest, &place),
            "yes" => {
                let matched = current().as_ref().expect(&place);
                assert!(matched.matches(rest), "{place}");
                let mut expected = Vec::new();
                while let Some((_, line)) = lines.next_if(|(_, line)| line.starts_with("    ")) {
                    expected.push(line.trim_start().to_owned());
                }
                assert_extracted(matched, rest, &expected, &place);
            }
            "no" => {
                assert!(!current().as_ref().expect(&place).matches(rest), "{place}");
                assert_eq!(current().as_ref().expect(&place).extract(rest), None, "{place}");
            }
            "" => continue,
            _ => panic!("{place}: expected pattern, yes, no or refused"),
        }
        tried += usize::from(word != "pattern");
    }
    assert!(tried > 150, "only {tried} lines were tried");
}

fn assert_refused(error: &PatternError, expected: &str, place: &str) {
    let (column, words) = expected.split_once(' ').expect(place);
    assert_eq!(error.column.to_string(), column, "{place}: {error}");
    assert!(error.problem.contains(words), "{place}: {error}");
    assert!(error.to_string().starts_with("Invalid filter pattern"));
    assert_eq!(error.code(), "InvalidParameterException");
}

fn assert_extracted(pattern: &Pattern, event: &str, expected: &[String], place: &str) {
    let extracted = pattern.extract(event).expect(place);
    let extracted: Vec<_> = extracted.iter().map(|(label, text)| format!("{label} = {text}")).collect();
    match expected {
        [] => {}
        [nothing] if nothing == "nothing" => assert_eq!(extracted, [""; 0], "{place}"),
        expected => assert_eq!(extracted, expected, "{place}"),
    }
}

#[test]
fn values_are_taken_by_label() {
    let delimited: Pattern = "[a, , ..., z]".parse().expect("valid");
    assert_eq!(delimited.value("$a"), Ok(Extract::Token(Source::Left(0))));
    assert_eq!(delimited.value("$2"), Ok(Extract::Token(Source::Left(1))));
    assert_eq!(delimited.value("$3"), Ok(Extract::Token(Source::Left(2))));
    assert_eq!(delimited.value("$z"), Ok(Extract::Token(Source::Right(0))));
    for label in ["$1", "$b", "a", "$", "$0"] {
        assert!(delimited.value(label).is_err(), "{label}");
    }
    let json: Pattern = "{ $.a = 1 }".parse().expect("valid");
    assert!(json.value("$.b['c d'][0]").is_ok());
    assert!(json.value("$.a = 1").expect_err("more than a selector").contains("end of the selector"));
    assert!(json.value("$a").is_err());
    assert!("ERROR".parse::<Pattern>().expect("valid").value("$.a").is_err());
}

#[test]
fn regular_expressions_are_counted() {
    for (pattern, count) in
        [("a", 0), ("%a% ?x %b%", 2), ("[a = %x% || a != %y%, b]", 2), ("{ $.a = %x% }", 1), ("[a = \"%x%\"]", 0)]
    {
        assert_eq!(pattern.parse::<Pattern>().expect(pattern).regexes(), count, "{pattern}");
    }
}

#[test]
fn a_pattern_has_at_most_1024_characters() {
    assert!("é".repeat(1024).parse::<Pattern>().is_ok());
    assert_eq!("é".repeat(1025).parse::<Pattern>().expect_err("too long").column, 1025);
}
