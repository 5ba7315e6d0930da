//! Any text as a log format and as a header line: what is taken is written back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_record::{Field, Format, text::header_schema};

fuzz_target!(|text: &str| {
    match text.parse::<Format>() {
        Ok(format) => {
            assert_eq!(format.to_string().parse(), Ok(format.clone()));
            assert_eq!(header_schema(&format.header()).as_ref(), Ok(&format.schema()));
        }
        Err(error) => assert!(error.column >= 1 && error.column <= text.len() + 1, "{error}"),
    }
    if let Ok(schema) = header_schema(text) {
        assert!(schema.fields().iter().any(|column| Field::from_name(column.name()).is_some()));
    }
});
