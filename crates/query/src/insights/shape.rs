//! The shape of a line: what changes from line to line of the same kind becomes `<Type-n>`.

use std::net::IpAddr;

/// What separates words.
const SIGNS: &str = "[]{}()\"',;=<>|&?";

/// The shape of a line. `n` counts the parts that change.
pub(super) fn of(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut count = 0;
    let mut word = String::new();
    for char in line.chars().chain([' ']) {
        if char.is_whitespace() || SIGNS.contains(char) {
            push(&mut out, &word, &mut count);
            word.clear();
            out.push(char);
        } else {
            word.push(char);
        }
    }
    out.pop();
    out
}

fn push(out: &mut String, word: &str, count: &mut u32) {
    let end = word.trim_end_matches(['.', ':', '!']);
    let (word, behind) = word.split_at(end.len());
    match class(word) {
        Some(class) => {
            *count += 1;
            out.push_str(&format!("<{class}-{count}>"));
        }
        None => out.push_str(word),
    }
    out.push_str(behind);
}

/// What kind of changing part a word is; `None`: it belongs to the shape.
fn class(word: &str) -> Option<&'static str> {
    if !word.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits_and = |signs: &str| word.chars().all(|char| char.is_ascii_digit() || signs.contains(char));
    Some(match word {
        _ if word.parse::<f64>().is_ok() => "Number",
        _ if word.parse::<IpAddr>().is_ok() => "IPAddress",
        _ if is_uuid(word) => "UUID",
        _ if word.contains('T') && word.contains(':') && digits_and("TZ:+-.") => "Timestamp",
        _ if word.matches(':').count() == 2 && digits_and(":.") => "Time",
        _ if word.matches(['-', '/']).count() == 2 && digits_and("-/") => "Date",
        _ => "Token",
    })
}

fn is_uuid(word: &str) -> bool {
    let groups: Vec<&str> = word.split('-').collect();
    let hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(hex)
}

/// How bad a line is: 3 an error, 2 a warning, 1 information, 0 not known.
pub(super) fn severity(line: &str) -> i64 {
    let line = line.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
    match () {
        () if has(&["error", "exception", "fatal", "critical", "fail"]) => 3,
        () if has(&["warn"]) => 2,
        () if has(&["info"]) => 1,
        () => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_named_by_its_type() {
        for (line, shape) in [
            ("", ""),
            ("no change", "no change"),
            (
                "2026-11-21T08:00:00.123Z GET /a status=200 from 10.0.0.1: 12ms",
                "<Timestamp-1> GET /a status=<Number-2> from <IPAddress-3>: <Token-4>",
            ),
            (
                "id 123e4567-e89b-12d3-a456-426614174000, at 08:00:01 on 2026-11-21.",
                "id <UUID-1>, at <Time-2> on <Date-3>.",
            ),
        ] {
            assert_eq!(of(line), shape);
        }
    }
}
