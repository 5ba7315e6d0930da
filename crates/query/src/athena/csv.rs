//! Result files: every value in double quotes, nothing for NULL.

use super::{Datum, Row};

/// Adds one line.
pub(super) fn push_line(out: &mut Vec<u8>, cells: impl Iterator<Item = Option<String>>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if let Some(cell) = cell {
            out.push(b'"');
            for byte in cell.bytes() {
                if byte == b'"' {
                    out.push(b'"');
                }
                out.push(byte);
            }
            out.push(b'"');
        }
    }
    out.push(b'\n');
}

/// The next line, and how many bytes it takes; none when its end is not in the text.
pub(super) fn read_line(text: &[u8]) -> Option<(Row, usize)> {
    let mut data = Vec::new();
    let mut at = 0;
    loop {
        let cell = if text.get(at) == Some(&b'"') { Some(quoted(text, &mut at)?) } else { None };
        data.push(Datum { var_char_value: cell });
        match text.get(at)? {
            b',' => at += 1,
            _ => return Some((Row { data }, at + 1)),
        }
    }
}

/// What stands in quotes; `at` goes from the first to behind the last.
fn quoted(text: &[u8], at: &mut usize) -> Option<String> {
    let mut value = Vec::new();
    let mut start = *at + 1;
    loop {
        let end = start + text.get(start..)?.iter().position(|byte| *byte == b'"')?;
        value.extend_from_slice(&text[start..end]);
        // Whether it is doubled shows in the next byte, which must be there.
        if *text.get(end + 1)? != b'"' {
            *at = end + 1;
            return Some(String::from_utf8_lossy(&value).into_owned());
        }
        value.push(b'"');
        start = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let cells = [Some("a".to_owned()), None, Some(String::new()), Some("x \"y\",\nz".to_owned())];
        let mut text = Vec::new();
        push_line(&mut text, cells.iter().cloned());
        assert_eq!(String::from_utf8(text.clone()).unwrap(), "\"a\",,\"\",\"x \"\"y\"\",\nz\"\n");
        let (row, length) = read_line(&text).unwrap();
        assert_eq!(length, text.len());
        assert_eq!(row.data.into_iter().map(|datum| datum.var_char_value).collect::<Vec<_>>(), cells);
        for cut in 0..text.len() {
            assert!(read_line(&text[..cut]).is_none(), "cut at {cut}");
        }
    }
}
