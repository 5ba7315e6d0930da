//! JSON lines: an object a record, absent fields left out; and the pieces that OCSF is built of.

use arrow::datatypes::Schema;

use super::{Encode, push_number};
use crate::{Value, columns::Columns};

pub(super) struct Lines {
    /// `"name":` of each column.
    keys: Vec<Vec<u8>>,
}

impl Lines {
    pub(super) fn new(shape: &Schema) -> Self {
        let key = |name: &str| {
            let mut key = Vec::new();
            push_string(&mut key, name);
            key.push(b':');
            key
        };
        Self { keys: shape.fields().iter().map(|column| key(column.name())).collect() }
    }
}

impl Encode for Lines {
    fn row(&mut self, columns: &Columns<'_>, row: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut first = true;
        for (column, key) in self.keys.iter().enumerate() {
            let value = columns.value(column, row);
            if value == Value::Absent {
                continue;
            }
            if !first {
                out.push(b',');
            }
            first = false;
            out.extend_from_slice(key);
            push_value(out, value);
        }
        out.extend_from_slice(b"}\n");
    }
}

/// Appends a JSON object piece by piece. Keys are written as they are: give plain ASCII.
pub(super) struct Object<'a> {
    pub(super) out: &'a mut Vec<u8>,
}

impl Object<'_> {
    /// Starts an object under `key`; the mark goes to [`close`](Self::close).
    pub(super) fn open(&mut self, key: &str) -> usize {
        let mark = self.out.len();
        self.key(key);
        self.out.push(b'{');
        mark
    }

    /// Ends an object, or takes it away where nothing was put into it.
    pub(super) fn close(&mut self, mark: usize) {
        if self.out.last() == Some(&b'{') {
            self.out.truncate(mark);
        } else {
            self.out.push(b'}');
        }
    }

    pub(super) fn text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.value(key, Value::Text(text));
        }
    }

    pub(super) fn number(&mut self, key: &str, number: Option<i64>) {
        if let Some(number) = number {
            self.value(key, Value::Number(number));
        }
    }

    pub(super) fn value(&mut self, key: &str, value: Value<'_>) {
        self.key(key);
        push_value(self.out, value);
    }

    pub(super) fn key(&mut self, key: &str) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        push_string(self.out, key);
        self.out.push(b':');
    }
}

fn push_value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Absent => out.extend_from_slice(b"null"),
        Value::Number(number) => push_number(out, number),
        Value::Text(text) => push_string(out, text),
    }
}

/// Appends a JSON string with its quotes.
pub(super) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.extend_from_slice(text.as_bytes());
    } else {
        for character in text.chars() {
            push_escaped(out, character);
        }
    }
    out.push(b'"');
}

fn push_escaped(out: &mut Vec<u8>, character: char) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        control if control < ' ' => out.extend_from_slice(format!("\\u{:04x}", u32::from(control)).as_bytes()),
        other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}
