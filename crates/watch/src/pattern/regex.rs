//! Regular expressions between `%`: the subset that CloudWatch Logs has.

use regex::RegexBuilder;

use super::{PatternError, cursor::Cursor};

/// Regular expressions in one pattern, at most.
const LIMIT: usize = 2;
/// How often something may be repeated by `{n,m}`, at most.
const REPEAT_LIMIT: usize = 1000;
/// Bytes that a compiled expression may take.
const SIZE_LIMIT: usize = 1 << 20;

/// A regular expression, found anywhere in a text unless anchored.
#[derive(Debug, Clone)]
pub(crate) struct Regex(regex::Regex);

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Regex {
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// In the words of the `regex` crate.
    pub(super) fn expression(&self) -> &str {
        self.0.as_str()
    }

    /// Reads `%…%`; the cursor stands at the first `%`.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, PatternError> {
        let start = cursor.place();
        cursor.next();
        cursor.regexes += 1;
        if cursor.regexes > LIMIT {
            return Err(cursor.refuse_at(start, "a pattern has at most 2 regular expressions"));
        }
        let translated = body(cursor)?;
        if translated.is_empty() {
            return Err(cursor.refuse_at(start, "an empty regular expression"));
        }
        let compiled = RegexBuilder::new(&translated).size_limit(SIZE_LIMIT).build();
        compiled.map(Self).map_err(|_| cursor.refuse_at(start, "this regular expression repeats too much"))
    }
}

/// Reads up to the closing `%` and says the same in the words of the `regex` crate, whose classes are not ASCII's.
fn body(cursor: &mut Cursor<'_>) -> Result<String, PatternError> {
    let mut out = String::new();
    let mut repeatable = false;
    loop {
        let place = cursor.place();
        let Some(next) = cursor.next() else {
            return Err(cursor.refuse("the regular expression has no closing `%`"));
        };
        match next {
            '%' => return Ok(out),
            '^' | '$' | '|' => out.push(next),
            '.' => out.push('.'),
            '[' => class(cursor, &mut out)?,
            '\\' => escape(cursor)?.push_alone(&mut out),
            '*' | '+' | '?' | '{' if !repeatable => {
                return Err(cursor
                    .refuse_at(place, format!("`{next}` has nothing to repeat; write `\\{next}` for the character")));
            }
            '{' => repetition(cursor, &mut out)?,
            '*' | '+' | '?' => out.push(next),
            '(' | ')' => return Err(cursor.refuse_at(place, "parentheses are not supported in regular expressions")),
            _ => Atom::Byte(literal(next).map_err(|problem| cursor.refuse_at(place, problem))?).push_alone(&mut out),
        }
        repeatable = !matches!(next, '^' | '$' | '|' | '*' | '+' | '?' | '{');
    }
}

/// A character that stands for itself, or why it does not.
fn literal(next: char) -> Result<u8, String> {
    match u8::try_from(next) {
        Ok(byte) if byte.is_ascii_alphanumeric() || b":_#=@/;,- ".contains(&byte) => Ok(byte),
        Ok(byte) if byte.is_ascii_graphic() => Err(format!("write `\\{next}` for `{next}`")),
        _ => Err(format!("`{}` is not supported in regular expressions: only visible ASCII is", next.escape_debug())),
    }
}

/// What one character or one escape stands for.
#[derive(Clone, Copy)]
enum Atom {
    Byte(u8),
    /// The inside of a class, and whether everything else is meant.
    Class(&'static str, bool),
}

impl Atom {
    fn push_alone(self, out: &mut String) {
        match self {
            Self::Byte(byte) => push_byte(out, byte),
            Self::Class(inside, false) => out.extend(["[", inside, "]"]),
            Self::Class(inside, true) => out.extend(["[^", inside, "]"]),
        }
    }

    fn push_in_class(self, out: &mut String) {
        match self {
            Self::Class(inside, false) => out.push_str(inside),
            other => other.push_alone(out),
        }
    }
}

fn push_byte(out: &mut String, byte: u8) {
    out.push_str(&format!("\\x{byte:02x}"));
}

/// Reads what follows a backslash.
fn escape(cursor: &mut Cursor<'_>) -> Result<Atom, PatternError> {
    const DIGITS: &str = "0-9";
    const WORDS: &str = "0-9A-Za-z_";
    const SPACES: &str = " \\t\\n\\r\\x0b\\x0c";
    let place = cursor.place();
    Ok(match cursor.next() {
        Some(kind @ ('d' | 'D')) => Atom::Class(DIGITS, kind == 'D'),
        Some(kind @ ('w' | 'W')) => Atom::Class(WORDS, kind == 'W'),
        Some(kind @ ('s' | 'S')) => Atom::Class(SPACES, kind == 'S'),
        Some('x') => Atom::Byte(hexadecimal(cursor)?),
        Some(next) if next.is_ascii_punctuation() || next == ' ' => Atom::Byte(next as u8),
        Some(next) => {
            let problem =
                format!("`\\{}` is not supported; \\d \\D \\s \\S \\w \\W and \\xhh are", next.escape_debug());
            return Err(cursor.refuse_at(place, problem));
        }
        None => return Err(cursor.expected("a character after `\\`")),
    })
}

fn hexadecimal(cursor: &mut Cursor<'_>) -> Result<u8, PatternError> {
    let place = cursor.place();
    let digits: String = cursor.rest().chars().take(2).collect();
    match u8::from_str_radix(&digits, 16) {
        Ok(byte) if byte.is_ascii() && digits.len() == 2 && !digits.starts_with('+') => {
            cursor.eat(&digits);
            Ok(byte)
        }
        _ => Err(cursor.refuse_at(place, "expected two hexadecimal digits, at most 7f")),
    }
}

/// Reads `[…]` behind its first bracket.
fn class(cursor: &mut Cursor<'_>, out: &mut String) -> Result<(), PatternError> {
    out.push('[');
    if cursor.eat("^") {
        out.push('^');
    }
    if cursor.peek() == Some(']') {
        return Err(cursor.refuse("an empty class; write `\\]` for the character"));
    }
    while !cursor.eat("]") {
        let place = cursor.place();
        match (member(cursor)?, range_end(cursor)?) {
            (atom, None) => atom.push_in_class(out),
            (Atom::Byte(first), Some(Atom::Byte(last))) if first <= last => {
                push_byte(out, first);
                out.push('-');
                push_byte(out, last);
            }
            _ => return Err(cursor.refuse_at(place, "this range goes from no character to a later one")),
        }
    }
    out.push(']');
    Ok(())
}

/// The end of a range, if `-` and another member follow.
fn range_end(cursor: &mut Cursor<'_>) -> Result<Option<Atom>, PatternError> {
    if cursor.rest().starts_with("-]") || !cursor.eat("-") {
        return Ok(None);
    }
    member(cursor).map(Some)
}

/// Reads one member of a class, where operators stand for themselves.
fn member(cursor: &mut Cursor<'_>) -> Result<Atom, PatternError> {
    let place = cursor.place();
    match cursor.next() {
        None | Some('%') => Err(cursor.refuse_at(place, "the class has no closing `]`; write `\\%` for `%`")),
        Some('\\') => escape(cursor),
        Some(next @ ('.' | '*' | '+' | '?' | '$' | '^' | '|' | '{' | '}')) => Ok(Atom::Byte(next as u8)),
        Some(next) => literal(next).map(Atom::Byte).map_err(|problem| cursor.refuse_at(place, problem)),
    }
}

/// Reads `{n}`, `{n,}` or `{n,m}` behind its first brace.
fn repetition(cursor: &mut Cursor<'_>, out: &mut String) -> Result<(), PatternError> {
    let place = cursor.place();
    let least =
        count(cursor).ok_or_else(|| cursor.refuse_at(place, "expected `{n}`, `{n,}` or `{n,m}` of at most 1000"))?;
    out.push_str(&format!("{{{least}"));
    if cursor.eat(",") {
        out.push(',');
        if cursor.peek() != Some('}') {
            let most = count(cursor).filter(|most| *most >= least);
            let most = most.ok_or_else(|| cursor.refuse_at(place, "expected a second count from the first to 1000"))?;
            out.push_str(&most.to_string());
        }
    }
    if !cursor.eat("}") {
        return Err(cursor.expected("`}`"));
    }
    out.push('}');
    Ok(())
}

fn count(cursor: &mut Cursor<'_>) -> Option<usize> {
    let digits = cursor.take_while(|next| next.is_ascii_digit());
    digits.parse().ok().filter(|count| *count <= REPEAT_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Regex, PatternError> {
        Regex::read(&mut Cursor::new(text))
    }

    #[test]
    fn operators_and_classes() {
        for (regex, found, missed) in [
            ("%Error [0-9]{3}%", "an Error 404!", "Error 40"),
            (r"%127\.0\.0\.[1-9]%", "127.0.0.1", "127.0.0.0"),
            ("%Trail$%", "UpdateTrail", "Trails"),
            ("%^a|b$%", "xb", "xbx"),
            (r"%^\d\D\s\S\w\W$%", "1x y_-", "xx y_-"),
            (r"%^[^\d\s]+$%", "abc", "a1"),
            (r"%^[\D]$%", "é", "1"),
            (r"%^\d$%", "7", "٣"),
            (r"%\x41\%%", "A%", "A"),
            ("%^[+--]$%", ",", "."),
            ("%^[a-]{2,}$%", "-a-", "-"),
            ("%^a{1,2}.?$%", "aa", "aaaa"),
            (r"%\(x\)%", "(x)", "x"),
            ("%[.*$^]%", "a*", "a"),
        ] {
            let compiled = read(regex).expect(regex);
            assert!(compiled.is_match(found), "{regex} {found}");
            assert!(!compiled.is_match(missed), "{regex} {missed}");
        }
    }

    #[test]
    fn what_is_not_supported_is_named_with_its_place() {
        for (regex, column, word) in [
            ("%(a)%", 2, "parentheses"),
            ("%a", 3, "closing `%`"),
            ("%%", 1, "empty"),
            ("%*a%", 2, "nothing to repeat"),
            ("%a+?%", 4, "nothing to repeat"),
            ("%^*%", 3, "nothing to repeat"),
            ("%a{2%", 5, "expected `}`"),
            ("%a{x}%", 4, "expected `{n}`"),
            ("%a{3,2}%", 4, "second count"),
            ("%a{1001}%", 4, "at most 1000"),
            (r"%\b%", 3, "not supported"),
            (r"%\xzz%", 4, "hexadecimal"),
            (r"%\x80%", 4, "hexadecimal"),
            ("%é%", 2, "ASCII"),
            ("%a&b%", 3, r"\&"),
            ("%]%", 2, r"\]"),
            ("%[]%", 3, "empty class"),
            ("%[a%", 4, "closing `]`"),
            ("%[z-a]%", 3, "range"),
            (r"%[\d-z]%", 3, "range"),
            ("%[[a]]%", 3, r"\["),
            ("%.{1000}.{1000}.{1000}.{1000}.{1000}%", 1, "too much"),
        ] {
            let error = read(regex).expect_err(regex);
            assert_eq!(error.column, column, "{regex}: {error}");
            assert!(error.problem.contains(word), "{regex}: {error}");
        }
    }
}
