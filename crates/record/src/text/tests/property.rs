//! The decoder beside one that splits lines and parses cells in the plainest way.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

const TYPES: [DataType; 7] = [
    DataType::Int32,
    DataType::Utf8View,
    DataType::Int64,
    DataType::Int8,
    DataType::Int16,
    DataType::Float64,
    DataType::Boolean,
];

#[derive(Debug, Default, PartialEq)]
struct Expected {
    rows: Vec<Vec<Option<String>>>,
    lines: u64,
    nulled: u64,
    /// Line and column.
    refused: Vec<(u64, u32)>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn agrees_with_the_plainest_decoder(
        ((schema, projection), text) in schema_and_projection()
            .prop_flat_map(|table| (Just(table.clone()), text(table.0.fields().len()))),
        mode in select(vec![Mode::Strict, Mode::Query, Mode::Hive]),
        header_lines in 0_usize..3,
        batch_rows in select(vec![1_usize, 7, 64, 8192]),
        cut in any::<prop::sample::Index>(),
    ) {
        let options = TextOptions { mode, header_lines, batch_rows, ..TextOptions::default() };
        let expected = plainest(&schema, &projection, options, &text);
        let decoder = TextDecoder::new(schema, Some(projection), options).expect("valid");

        let whole = decoded(&decoder, &[&text]);
        prop_assert_eq!(&whole, &expected);

        // Cut at some line end, the parts give the same.
        let ends: Vec<usize> = (0..text.len()).filter(|at| text[*at] == b'\n').map(|at| at + 1).collect();
        if !ends.is_empty() {
            let (first, second) = text.split_at(*cut.get(&ends));
            prop_assert_eq!(decoded(&decoder, &[first, second]), expected);
        }
    }

    #[test]
    fn any_bytes_never_panic(
        text in vec(any::<u8>(), 0..2000),
        mode in select(vec![Mode::Strict, Mode::Query, Mode::Hive]),
        delimiter in select(vec![b' ', b',', 0, 1, 127]),
    ) {
        let options = TextOptions { mode, delimiter, ..TextOptions::default() };
        let decoder = TextDecoder::new(Format::default().schema(), None, options).expect("valid");
        let (rows, refusals) = read(&decoder, &text);
        prop_assert_eq!(rows.len() as u64 + refusals.refused, refusals.lines);
    }
}

fn decoded(decoder: &TextDecoder, parts: &[&[u8]]) -> Expected {
    let mut found = Expected::default();
    let mut refusals = Refusals::default();
    let mut line = 1;
    for part in parts {
        let mut batches = decoder.batches(&"o".into(), Buffer::from(*part), line);
        while let Some(batch) = batches.next_batch(&mut refusals) {
            assert!(batch.num_rows() > 0 && batch.num_rows() <= decoder.options.batch_rows);
            if batch.num_columns() == 0 {
                found.rows.extend(vec![Vec::new(); batch.num_rows()]);
            } else {
                found.rows.extend(cells(&batch));
            }
        }
        line += part.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    found.lines = refusals.lines;
    found.nulled = refusals.nulled;
    assert_eq!(refusals.samples.len() as u64, refusals.refused.min(20));
    // Which lines are the samples when there are more is not promised.
    found.refused = refusals.samples.iter().map(|sample| (sample.line, sample.column)).collect();
    found.refused.sort_unstable();
    if refusals.refused > 20 {
        found.refused = vec![(refusals.refused, 0)];
    }
    found
}

fn plainest(schema: &Schema, projection: &[usize], options: TextOptions, text: &[u8]) -> Expected {
    let hive = options.mode == Mode::Hive;
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let mut expected = Expected::default();
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    'lines: for (line, number) in lines.into_iter().zip(1..) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let lossy = String::from_utf8_lossy(line);
        let found: Vec<&str> = lossy.split(char::from(options.delimiter)).collect();
        let header =
            found.iter().map(|name| name.replace('-', "_")).eq(names.iter().map(|name| name.replace('-', "_")));
        if if hive { number <= options.header_lines as u64 } else { line.is_empty() || header } {
            continue;
        }
        expected.lines += 1;
        if !hive {
            if let Err(error) = std::str::from_utf8(line) {
                expected.refused.push((number, error.valid_up_to() as u32 + 1));
                continue;
            }
            if found.len() != names.len() {
                let kept: usize = found.iter().take(names.len()).map(|cell| cell.len() + 1).sum();
                let column = if found.len() < names.len() { kept } else { kept + 1 };
                expected.refused.push((number, column as u32));
                continue;
            }
        }
        let mut in_order = projection.to_vec();
        in_order.sort_unstable();
        let mut nulled = 0;
        for place in in_order {
            let Some(cell) = found.get(place).filter(|cell| **cell != "-" && !(hive && **cell == "\\N")) else {
                continue;
            };
            if value(cell, schema.field(place).data_type()).is_none() {
                nulled += 1;
                if options.mode == Mode::Strict {
                    let before: usize = found[..place].iter().map(|cell| cell.len() + 1).sum();
                    expected.refused.push((number, before as u32 + 1));
                    continue 'lines;
                }
            }
        }
        expected.nulled += nulled;
        let cell = |place: &usize| {
            let cell = found.get(*place).filter(|cell| !hive || **cell != "\\N")?;
            value(cell, schema.field(*place).data_type())
        };
        expected.rows.push(projection.iter().map(cell).collect());
    }
    if expected.refused.len() > 20 {
        expected.refused = vec![(expected.refused.len() as u64, 0)];
    }
    expected
}

fn value(cell: &str, data_type: &DataType) -> Option<String> {
    match data_type {
        DataType::Int8 => cell.parse::<i8>().ok().map(|value| value.to_string()),
        DataType::Int16 => cell.parse::<i16>().ok().map(|value| value.to_string()),
        DataType::Int32 => cell.parse::<i32>().ok().map(|value| value.to_string()),
        DataType::Int64 => cell.parse::<i64>().ok().map(|value| value.to_string()),
        DataType::Float64 => cell.parse::<f64>().ok().map(|value| value.to_string()),
        DataType::Boolean => cell.to_lowercase().parse::<bool>().ok().map(|value| value.to_string()),
        _ => Some(cell.to_owned()),
    }
}

fn schema_and_projection() -> impl Strategy<Value = (SchemaRef, Vec<usize>)> {
    vec(select(TYPES.to_vec()), 1..6).prop_flat_map(|types| {
        let field = |(index, kind): (usize, &DataType)| Field::new(format!("name_{index}"), kind.clone(), true);
        let schema = Arc::new(Schema::new(types.iter().enumerate().map(field).collect::<Vec<_>>()));
        let places: Vec<usize> = (0..types.len()).collect();
        let projection = proptest::sample::subsequence(places, 0..=types.len()).prop_shuffle();
        (Just(schema), projection)
    })
}

/// Lines of about the right kind, sometimes many, sometimes one that is longer than a block.
fn text(width: usize) -> impl Strategy<Value = Vec<u8>> {
    let cell = prop_oneof![
        6 => "[0-9]{1,4}",
        2 => "[0-9]{8,21}",
        2 => select(vec!["-", "\\N", "", "+5", "-7", "-129", "1.5", "true", "FALSE", "é", "\r", "127.0.0.1"]).prop_map(str::to_owned),
        1 => "[a-z0-9:.]{11,14}",
        1 => "[a-z]{15,40}",
    ];
    let cells = prop_oneof![8 => vec(cell.clone(), width), 1 => vec(cell, 0..7)]
        .prop_map(|cells| cells.join(" ").into_bytes())
        .boxed();
    let line = prop_oneof![
        20 => cells.clone(),
        1 => vec(any::<u8>(), 0..60),
        1 => (1_usize..6).prop_map(|names| (0..names).map(|name| format!("name-{name}")).collect::<Vec<_>>().join(" ").into_bytes()),
        1 => select(vec!["version srcaddr", "name_0"]).prop_map(|line| line.as_bytes().to_vec()),
    ];
    let end = prop_oneof![8 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\n\n")];
    let short = vec((line, end), 0..40).prop_map(|lines| {
        lines.iter().flat_map(|(line, end)| [line.as_slice(), end.as_bytes()].concat()).collect::<Vec<u8>>()
    });
    let long = (cells, 30_000_usize..70_000, select(vec!["1", "x", "1 ", "\r"]));
    let repeated = prop_oneof![6 => Just(1_usize), 1 => 20_usize..60];
    (short, proptest::option::weighted(0.1, long), repeated, any::<bool>()).prop_map(
        |(short, long, repeated, ended)| {
            let mut text = short.repeat(repeated);
            if let Some((cells, length, fill)) = long {
                text.extend(fill.repeat(length / fill.len()).bytes());
                text.extend(cells);
                text.push(b'\n');
                text.extend(&short);
            }
            if !ended && text.last() == Some(&b'\n') {
                text.pop();
            }
            text
        },
    )
}
