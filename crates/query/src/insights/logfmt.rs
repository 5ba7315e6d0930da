//! Lines of `key=value` pairs, and of values between commas.

/// The value of a key in `a=1 b="two words" c`. A key without a value has an empty one.
pub(super) fn value(line: &str, key: &str) -> Option<String> {
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|char: char| char == '=' || char.is_whitespace()).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let (found, next) = match behind.strip_prefix('=') {
            Some(behind) => taken(behind, char::is_whitespace),
            None => (String::new(), behind),
        };
        if name == key {
            return Some(found);
        }
        rest = next.trim_start();
    }
    None
}

/// The cell at a place of a line of values between commas.
pub(super) fn cell(line: &str, place: usize) -> Option<String> {
    let mut rest = line;
    for _ in 0..place {
        let (_, behind) = taken(rest, |char| char == ',');
        rest = behind.strip_prefix(',')?;
    }
    Some(taken(rest, |char| char == ',').0)
}

/// A value up to an end, or in quotes; and what is behind it. `\"` and `""` are a quote in quotes.
fn taken(text: &str, is_end: impl Fn(char) -> bool) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(is_end).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices().peekable();
    while let Some((place, char)) = chars.next() {
        match (char, chars.peek()) {
            ('\\' | '"', Some((_, '"'))) => {
                value.push('"');
                chars.next();
            }
            ('"', _) => {
                let behind = &quoted[place + 1..];
                let end = behind.find(is_end).unwrap_or(behind.len());
                return (value, &behind[end..]);
            }
            _ => value.push(char),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_cells_are_found() {
        let line = r#"level=info msg="two \"words\"" empty= flag took=5ms"#;
        for (key, expected) in [
            ("level", Some("info")),
            ("msg", Some("two \"words\"")),
            ("empty", Some("")),
            ("flag", Some("")),
            ("took", Some("5ms")),
            ("words", None),
        ] {
            assert_eq!(value(line, key).as_deref(), expected, "{key}");
        }
        let cells = r#"a,"b, ""c""",,d"#;
        let found: Vec<_> = (0..5).map(|place| cell(cells, place)).collect();
        assert_eq!(found, [Some("a"), Some("b, \"c\""), Some(""), Some("d"), None].map(|c| c.map(str::to_owned)));
    }
}
