//! Anything as a pattern, and patterns on columns beside the same on text.

use arrow::{
    array::{Array as _, StringArray},
    buffer::BooleanBuffer,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use weir_record::{BatchBuilder, Field, Format, Kind, Value};
use weir_store::logs::Records;

use super::super::*;

/// Texts that meet in patterns and in records, so that conditions hold often.
const TEXTS: [&str; 16] = [
    "-",
    "22",
    "6",
    "443",
    "10.0.0.1",
    "10.0.2.77",
    "2001:db8:85a3::8a2e:370:7334",
    "eni-0d5d75b41f9befe9e",
    "REJECT",
    "ACCEPT",
    "NODATA",
    "086112738802",
    "\"quoted",
    "[open",
    "\"a\"b]",
    "1e2",
];

/// For each field what it holds if it is a text, and if it is a number.
type Row = Vec<(usize, Option<i64>)>;

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>(), event in any::<String>()) {
        try_anything(&text, &event)?;
    }

    #[test]
    fn no_text_that_looks_like_a_pattern_makes_the_parser_panic(
        parts in vec(select(vec![
            "{", "}", "[", "]", "(", ")", "$", ".a", "['x']", "[0]", "[*]", "=", "!=", "<", ">=", "&&", "||", "%", "\\d", "x{2}", "\"",
            "*", ",", "...", "a", "22", "-1e3", " ", "?", "-", "IS ", "NULL", "NOT ", "EXISTS", "é", "\\", "+", "|", "^",
        ]), 0..24),
        event in vec(select(vec!["{", "}", "\"a\"", ":", "22", " ", "\"", "[", "]", "a", "é"]), 0..24),
    ) {
        try_anything(&parts.concat(), &event.concat())?;
    }

    #[test]
    fn columns_and_text_agree(
        patterns in vec(pattern(), 1..6),
        (format, rows) in records(),
        lines in vec(option::weighted(0.2, line()), 0..90),
    ) {
        let batch = committed(&format, &rows, &lines);
        let patterns: Vec<Pattern> = patterns.iter().map(|text| text.parse().expect(text)).collect();
        let plan = Plan::new(&patterns);
        let mut scratch = Scratch::default();
        let text_only = Committed { records: None, ..batch.clone() };
        for batch in [&batch, &text_only] {
            let matches = plan.run(batch, &mut scratch);
            for (number, pattern) in patterns.iter().enumerate() {
                let expected: Vec<usize> = (0..batch.messages.len())
                    .filter(|row| pattern.matches(batch.messages.value(*row)))
                    .collect();
                prop_assert_eq!(matches.rows(number).collect::<Vec<_>>(), expected.clone(), "{}", pattern);
                prop_assert_eq!(matches.count(number), expected.len());
                prop_assert_eq!(pattern.matches_batch(batch), matches.pattern(number));
                let mut cells = matches.cells();
                for row in expected {
                    let message = batch.messages.value(row);
                    for (label, text) in pattern.extract(message).expect("it matches") {
                        let extract = pattern.value(&label).expect(&label);
                        let number = Number::parse(&text).map(Number::real);
                        prop_assert_eq!(cells.number(row, &extract), number, "{} {} {}", pattern, label, message);
                        prop_assert_eq!(cells.text(row, &extract), Some(text.into()));
                    }
                }
            }
        }
    }
}

fn try_anything(text: &str, event: &str) -> Result<(), TestCaseError> {
    match text.parse::<Pattern>() {
        Ok(pattern) => {
            prop_assert_eq!(pattern.matches(event), pattern.extract(event).is_some());
            prop_assert_eq!(pattern.to_string(), text);
        }
        Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}", error),
    }
    Ok(())
}

/// A pattern for records: mostly space-delimited ones, with about as many slots as records have fields.
fn pattern() -> impl Strategy<Value = String> {
    let terms = select(vec![
        "",
        "REJECT",
        "-NODATA",
        "?22 ?443",
        "\"10.0.0.1\" -%^3%",
        "{ $.a = 22 }",
        "?6 ?ACC ?%e.i% ?\"[\" ?é",
    ]);
    let slots = (vec(option::weighted(0.4, condition()), 0..9), option::weighted(0.4, 0_usize..9));
    prop_oneof![
        1 => terms.prop_map(str::to_owned),
        9 => slots.prop_map(|(conditions, gap)| {
            let named = |(slot, condition): (usize, &Option<String>)| match condition {
                Some(condition) => condition.replace('@', &format!("s{slot}")),
                None if slot % 3 == 0 => String::new(),
                None => format!("s{slot}"),
            };
            let mut slots: Vec<String> = conditions.iter().enumerate().map(named).collect();
            if let Some(gap) = gap {
                slots.insert(gap.min(slots.len()), "...".to_owned());
            }
            format!("[{}]", slots.join(", "))
        }),
    ]
}

/// A condition on a slot called `@`.
fn condition() -> impl Strategy<Value = String> {
    let quoted = select(TEXTS.to_vec()).prop_map(|text| format!("\"{}\"", text.replace('"', "\\\"")));
    let bare = select(vec![
        "22",
        "6",
        "022",
        "4.43e2",
        "100",
        "REJECT",
        "10.0.*",
        "*4*",
        "*",
        "4*",
        "-",
        "%[0-9]{3}%",
        "%^-$%",
    ]);
    let equal = (select(vec!["=", "!="]), prop_oneof![quoted, bare.prop_map(str::to_owned)]);
    let order = (
        select(vec!["<", "<=", ">", ">="]),
        select(vec!["22", "100.5", "-1", "1e9", "9223372036854775807", "-1e30", "21.5"]),
    );
    let single = prop_oneof![
        3 => equal.prop_map(|(operator, value)| format!("@ {operator} {value}")),
        1 => order.prop_map(|(operator, value)| format!("@ {operator} {value}")),
    ];
    // Two regular expressions are the most that a pattern may have.
    let plain = single.clone().prop_filter("no regular expression", |text| !text.contains('%'));
    prop_oneof![
        4 => plain.clone(),
        1 => (plain.clone(), select(vec!["&&", "||"]), plain).prop_map(|(one, joint, two)| format!("{one} {joint} {two}")),
    ]
}

/// A format and records of it: text fields take a text of the list, number fields a number that may be missing.
fn records() -> impl Strategy<Value = (Format, Vec<Row>)> {
    let formats = prop_oneof![
        Just(Format::default()),
        prop::sample::subsequence(Field::ALL.to_vec(), 1..10)
            .prop_shuffle()
            .prop_map(|fields| Format::new(fields).expect("no field twice")),
    ];
    formats.prop_flat_map(|format| {
        let number = option::weighted(0.8, select(vec![0, 6, 22, 100, 443, i64::MAX, -1, i64::MIN, 21]));
        let row = vec((0..TEXTS.len(), number), format.fields().len());
        (Just(format), vec(row, 0..90))
    })
}

/// A line that is no record.
fn line() -> impl Strategy<Value = String> {
    vec(
        select(vec!["22", "REJECT", "\"a b\"", "[x y]", "-", "", "100", "100.7", "-1e40", "\"open", "{\"a\":22}"]),
        0..7,
    )
    .prop_map(|words| words.join(" "))
}

/// The records with some of them replaced by lines.
fn committed(format: &Format, rows: &[Row], lines: &[Option<String>]) -> Committed {
    let mut builder = BatchBuilder::new(format.clone());
    let (mut messages, mut valid) = (Vec::new(), Vec::new());
    for (index, row) in rows.iter().enumerate() {
        let line = lines.get(index).cloned().flatten();
        builder.push(|field| {
            let place = format.fields().iter().position(|known| *known == field).expect("a field of the format");
            match (&line, row[place]) {
                (Some(_), _) => Value::Absent,
                (None, (text, number)) => {
                    if field.kind() == Kind::Text {
                        Value::Text(TEXTS[text])
                    } else {
                        number.map_or(Value::Absent, Value::Number)
                    }
                }
            }
        });
        valid.push(line.is_none());
        messages.push(line);
    }
    let batch = builder.finish();
    let formatted = formatted(&batch);
    let messages = messages.into_iter().zip(formatted).map(|(line, record)| line.unwrap_or(record));
    let valid = BooleanBuffer::from(valid);
    Committed {
        position: 1,
        group: "g".into(),
        stream: "s".into(),
        ingestion_time: 0,
        timestamps: vec![0; batch.num_rows()],
        messages: StringArray::from_iter_values(messages),
        records: Some(Records {
            format: format.clone(),
            batch,
            valid: (valid.count_set_bits() < valid.len()).then_some(valid),
        }),
    }
}

/// Each row as a line of text, written as the records of a text object are.
fn formatted(batch: &arrow::record_batch::RecordBatch) -> Vec<String> {
    use weir_record::{
        FileFormat,
        compression::Compression,
        write::{Options, Writer},
    };
    let mut writer = Writer::new(
        Vec::new(),
        &batch.schema(),
        &Options { compression: Compression::None, ..Options::of(FileFormat::PlainText) },
    )
    .expect("writer");
    writer.write(batch).expect("written");
    let text = String::from_utf8(writer.finish().expect("finished")).expect("text");
    text.lines().skip(1).map(str::to_owned).collect()
}
