//! The header line of a text object.

use std::sync::Arc;

use arrow::datatypes::{self, DataType, Schema, SchemaRef};

use super::TextError;
use crate::Field;

/// The schema that a header line declares, in the order of the line.
///
/// Names are separated by spaces and may have hyphens or underscores; columns are named with
/// underscores. Fields of the table get its types, other names are text.
///
/// # Errors
/// When the line is no header: a word is no name, none is a field of the table, or one stands twice.
pub fn header_schema(line: &str) -> Result<SchemaRef, TextError> {
    let refuse = |column: usize, problem: String| Err(TextError::Header { column: column + 1, problem });
    let mut columns: Vec<datatypes::Field> = Vec::new();
    let mut known = false;
    let mut at = 0;
    for word in line.trim_end_matches(['\r', '\n']).split(' ') {
        if !is_name(word) {
            return refuse(at, format!("`{}` is no field name", excerpt(word)));
        }
        let column = match Field::from_name(word) {
            Some(field) => datatypes::Field::new(field.column(), field.kind().data_type(), true),
            None => datatypes::Field::new(word.replace('-', "_"), DataType::Utf8View, true),
        };
        known |= Field::from_name(word).is_some();
        if columns.iter().any(|earlier| earlier.name() == column.name()) {
            return refuse(at, format!("field `{word}` stands twice"));
        }
        columns.push(column);
        at += word.len() + 1;
    }
    if !known {
        return refuse(0, "none of the names is a field of a flow log record; `weir fields` lists them".to_owned());
    }
    Ok(Arc::new(Schema::new(columns)))
}

/// A word short enough to stand in a message.
pub(super) fn excerpt(word: &str) -> String {
    const LONGEST: usize = 40;
    match word.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &word[..cut]),
        None => word.to_owned(),
    }
}

fn is_name(word: &str) -> bool {
    let mut bytes = word.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;

    #[test]
    fn headers_of_formats_give_their_schemas() {
        let format = Format::new(Field::ALL.to_vec()).expect("valid");
        assert_eq!(header_schema(&format.header()).expect("a header"), format.schema());
        assert_eq!(header_schema(&format.header().replace('-', "_")).expect("a header"), format.schema());
        assert_eq!(header_schema("version srcaddr\r\n").expect("a header").fields().len(), 2);
    }

    #[test]
    fn unknown_names_are_text() {
        let schema = header_schema("srcaddr my-own bytes").expect("a header");
        assert_eq!(schema.field(1), &datatypes::Field::new("my_own", DataType::Utf8View, true));
        assert_eq!(schema.field(2).data_type(), &DataType::Int64);
    }

    #[test]
    fn records_are_no_headers() {
        let position = |line: &str| match header_schema(line) {
            Err(TextError::Header { column, .. }) => Some(column),
            _ => None,
        };
        assert_eq!(position("2 123456789010 eni-1235b8ca123456789 - - - - - - - 1 2 - NODATA"), Some(1));
        assert_eq!(position("ACCEPT OK"), Some(1));
        assert_eq!(position("us-east-1 - vpc-1"), Some(11));
        assert_eq!(position(""), Some(1));
        assert_eq!(position("version  srcaddr"), Some(9));
        assert_eq!(position("pkt-srcaddr pkt_srcaddr"), Some(13));
    }
}
