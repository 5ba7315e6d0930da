//! The `.metadata` object beside a result: a protocol buffer. Source: athena.md §6.

use super::ColumnInfo;

/// Its bytes.
pub(super) fn encode(query_id: &str, update_type: &str, update_count: Option<i64>, columns: &[ColumnInfo]) -> Vec<u8> {
    let mut out = Vec::new();
    bytes(&mut out, 1, query_id.as_bytes());
    bytes(&mut out, 2, update_type.as_bytes());
    if let Some(count) = update_count {
        number(&mut out, 3, count.unsigned_abs());
    }
    for column in columns {
        let mut message = Vec::new();
        bytes(&mut message, 1, column.catalog_name.as_bytes());
        bytes(&mut message, 4, column.name.as_bytes());
        bytes(&mut message, 5, column.label.as_bytes());
        bytes(&mut message, 6, column.kind.as_bytes());
        number(&mut message, 7, u64::from(column.precision.unsigned_abs()));
        number(&mut message, 8, u64::from(column.scale.unsigned_abs()));
        number(&mut message, 9, 3);
        number(&mut message, 10, u64::from(column.case_sensitive));
        bytes(&mut out, 4, &message);
    }
    out
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

/// Seven bits a byte, the lowest first; a set high bit says that more follow.
#[allow(clippy::cast_possible_truncation, reason = "seven bits are kept")]
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
