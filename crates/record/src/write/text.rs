//! Plain text: a header line, then the values of a record joined by single spaces.

use arrow::datatypes::Schema;

use super::{Encode, push_number};
use crate::{Field, Value, columns::Columns};

pub(super) struct Text {
    header: Vec<u8>,
}

impl Text {
    pub(super) fn new(shape: &Schema) -> Self {
        let mut header = Vec::new();
        for (index, column) in shape.fields().iter().enumerate() {
            if index > 0 {
                header.push(b' ');
            }
            push_text(
                &mut header,
                Field::from_name(column.name()).map_or(column.name().as_str(), |field| field.name()),
            );
        }
        header.push(b'\n');
        Self { header }
    }
}

impl Encode for Text {
    fn start(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header);
    }

    fn row(&mut self, columns: &Columns<'_>, row: usize, out: &mut Vec<u8>) {
        for column in 0..columns.len() {
            if column > 0 {
                out.push(b' ');
            }
            match columns.value(column, row) {
                Value::Absent => out.push(b'-'),
                Value::Number(number) => push_number(out, number),
                Value::Text(text) => push_text(out, text),
            }
        }
        out.push(b'\n');
    }
}

/// Appends a value. Text has no quoting, so spaces and control characters, which would be taken for
/// the end of the value, are percent-encoded, as AWS encodes tags.
fn push_text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(is_plain) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        if is_plain(byte) {
            out.push(byte);
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

fn is_plain(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f
}
