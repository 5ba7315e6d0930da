use super::*;
use crate::insights::tree::Verb;

fn refused(text: &str) -> (String, usize, usize) {
    match pipeline(text) {
        Err(InsightsError::Malformed { message, start, end }) => (message, start, end),
        other => panic!("{text}: {other:?}"),
    }
}

/// The tree of a filter, with parentheses around everything.
fn filter(text: &str) -> String {
    let read = pipeline(&format!("filter {text}")).unwrap_or_else(|error| panic!("{text}: {error}"));
    let Verb::Filter(expr) = &read.commands[0].verb else { panic!("{text}") };
    shape(expr)
}

fn shape(expr: &Expr) -> String {
    let list = |parts: &[Expr], sign: &str| format!("({})", parts.iter().map(shape).collect::<Vec<_>>().join(sign));
    match &expr.node {
        Node::Field(name) => name.clone(),
        Node::Text(text) => format!("'{text}'"),
        Node::Number(_, text) => text.clone(),
        Node::All(parts) => list(parts, "&"),
        Node::Any(parts) => list(parts, "|"),
        Node::Not(inner) => format!("!{}", shape(inner)),
        Node::Negative(inner) => format!("-{}", shape(inner)),
        Node::Arithmetic(operator, left, right) => format!("({} {operator:?} {})", shape(left), shape(right)),
        Node::Comparison(comparison, left, right) => format!("({} {comparison:?} {})", shape(left), shape(right)),
        Node::In(value, members) => format!("({} in {})", shape(value), list(members, ",")),
        Node::Contains(value, part) => format!("({} has '{part}')", shape(value)),
        Node::Matches(value, pattern) => format!("({} ~ {pattern})", shape(value)),
        other => format!("{other:?}"),
    }
}

#[test]
fn operators_bind_as_they_should() {
    for (text, expected) in [
        ("a = 1 or b = 2 and c = 3", "((a Equal 1)|((b Equal 2)&(c Equal 3)))"),
        ("not a = 1 and b > -2", "(!(a Equal 1)&(b Greater -2))"),
        ("a + b * c ^ 2 > 1", "((a Add (b Multiply (c Power 2))) Greater 1)"),
        ("-a ^ 2 = (1 - 2) - 3", "(-(a Power 2) Equal ((1 Subtract 2) Subtract 3))"),
        ("a / b % c = 0", "(((a Divide b) Remainder c) Equal 0)"),
        ("@message not like /a\\/b/", "!(@message ~ a/b)"),
        ("a like 'x' or a =~ \"^y\"", "((a has 'x')|(a ~ ^y))"),
        ("a NOT IN [1, 'two']", "!(a in (1,'two'))"),
        ("`my field`!=1", "(my field NotEqual 1)"),
    ] {
        assert_eq!(filter(text), expected, "{text}");
    }
}

#[test]
fn pipes_and_comments_stand_anywhere() {
    for text in [
        "fields a\n| filter b = 1 |\n\nlimit 5 # all",
        "# first\n| FIELDS a | WHERE b=1 | Limit 5",
        "SOURCE '/g' | fields a | filter b = 1 | limit any 5",
    ] {
        let read = pipeline(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(read.commands.len(), 3, "{text}");
    }
}

#[test]
fn errors_say_where() {
    for (text, message, place) in [
        ("", "expected a command, found the end of the query", (0, 0)),
        ("fields é, | limit 5", "expected a value, found `|`", (10, 11)),
        ("fieldz a", "there is no command `fieldz`", (0, 6)),
        ("fields a | anomaly", "the command `anomaly` is not supported: how it judges is not documented", (11, 18)),
        ("filter a == 1", "unexpected `==`: equality is `=`", (9, 11)),
        ("filter a like /(/", "the regular expression cannot be read: unclosed group", (14, 17)),
        ("parse 'a=*' as x, y", "the pattern has 1 times `*` and 2 names", (6, 11)),
        ("parse /a/", "the regular expression names no group: write (?<field>…)", (6, 9)),
        ("limit many", "expected a number of rows, found `many`", (6, 10)),
        ("fields a limit 5", "expected `|`, found `limit`", (9, 14)),
        ("filter a in (fields a", "expected `)`, found the end of the query", (21, 21)),
        ("sort a desc, ", "expected a value, found the end of the query", (13, 13)),
    ] {
        let (found, start, end) = refused(text);
        assert_eq!((found.as_str(), (start, end)), (message, place), "{text}");
    }
    let deep = format!("filter {}a{}", "(".repeat(200), ")".repeat(200));
    assert!(refused(&deep).0.contains("nested deeper"));
    let long = format!("filter {}a", "a+".repeat(400));
    assert!(refused(&long).0.contains("operators in a row"));
    assert!(refused(&"a".repeat(10_001)).0.contains("at most 10000"));
}
