//! Reading comparisons: an operator and what stands right of it.

use super::{
    PatternError,
    cursor::Cursor,
    regex::Regex,
    value::{Comparison, Glob, Number, Operand, Order},
};

/// An operator as it is written.
enum Operator {
    Is,
    IsNot,
    Order(Order),
}

/// Reads `op value`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Comparison, PatternError> {
    let operator = operator(cursor)?;
    cursor.skip_blanks();
    let place = cursor.place();
    let operand = operand(cursor)?;
    let order = match operator {
        Operator::Is => return Ok(Comparison::Is(operand)),
        Operator::IsNot => return Ok(Comparison::IsNot(operand)),
        Operator::Order(order) => order,
    };
    let number = match &operand {
        Operand::Number { number, .. } => Some(*number),
        Operand::Text(glob) => glob.exact().and_then(Number::parse),
        Operand::Regex(_) => None,
    };
    let number = number.ok_or_else(|| cursor.refuse_at(place, "`<`, `<=`, `>` and `>=` compare with a number"))?;
    Ok(Comparison::Order(order, number))
}

fn operator(cursor: &mut Cursor<'_>) -> Result<Operator, PatternError> {
    // The longer ones first.
    let table = [
        ("!=", Operator::IsNot),
        ("<=", Operator::Order(Order::LessOrEqual)),
        (">=", Operator::Order(Order::GreaterOrEqual)),
        ("=", Operator::Is),
        ("<", Operator::Order(Order::Less)),
        (">", Operator::Order(Order::Greater)),
    ];
    let found = table.into_iter().find(|(written, _)| cursor.eat(written));
    found.map(|(_, operator)| operator).ok_or_else(|| cursor.expected("one of = != < <= > >="))
}

fn operand(cursor: &mut Cursor<'_>) -> Result<Operand, PatternError> {
    if cursor.peek() == Some('%') {
        return Regex::read(cursor).map(Operand::Regex);
    }
    if cursor.peek() == Some('"') || cursor.rest().starts_with("*\"") {
        let open_start = cursor.eat("*");
        let mut glob = quoted(cursor)?.into_glob();
        glob.open_start |= open_start;
        glob.open_end |= cursor.eat("*");
        return Ok(Operand::Text(glob));
    }
    let written = cursor.take_while(is_bare);
    if written.is_empty() {
        return Err(cursor.expected("a value; other than letters and digits it is written in double quotes"));
    }
    Ok(match Number::parse(written) {
        Some(number) => Operand::Number { number, written: written.to_owned() },
        None => Operand::Text(bare_glob(written)),
    })
}

/// What a value may have without quotes: everything that means nothing else in a pattern.
fn is_bare(next: char) -> bool {
    !next.is_whitespace() && !",[](){}\"=<>!&|%".contains(next)
}

fn bare_glob(written: &str) -> Glob {
    let (open_start, text) = strip(written.strip_prefix('*'), written);
    let (open_end, text) = strip(text.strip_suffix('*'), text);
    Glob { open_start, text: text.to_owned(), open_end }
}

fn strip<'t>(stripped: Option<&'t str>, whole: &'t str) -> (bool, &'t str) {
    (stripped.is_some(), stripped.unwrap_or(whole))
}

/// A text in double quotes: each character, and whether a backslash stood before it.
pub(super) struct Quoted(Vec<(char, bool)>);

impl Quoted {
    pub(super) fn into_text(self) -> String {
        self.0.into_iter().map(|(next, _)| next).collect()
    }

    /// A star at an end is a wildcard, unless it is escaped.
    fn into_glob(self) -> Glob {
        let star = ('*', false);
        let (open_start, rest) = self
            .0
            .split_first()
            .filter(|(first, _)| **first == star)
            .map_or((false, self.0.as_slice()), |(_, rest)| (true, rest));
        let (open_end, rest) =
            rest.split_last().filter(|(last, _)| **last == star).map_or((false, rest), |(_, rest)| (true, rest));
        Glob { open_start, text: rest.iter().map(|(next, _)| next).collect(), open_end }
    }
}

/// Reads `"…"`, in which `\"`, `\\` and `\*` stand for the character; the cursor stands at the first quote.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Result<Quoted, PatternError> {
    let start = cursor.place();
    cursor.next();
    let mut characters = Vec::new();
    loop {
        match (cursor.next(), cursor.peek()) {
            (None, _) => return Err(cursor.refuse_at(start, "this quote is not closed")),
            (Some('"'), _) => return Ok(Quoted(characters)),
            (Some('\\'), Some(escaped @ ('"' | '\\' | '*'))) => {
                cursor.next();
                characters.push((escaped, true));
            }
            (Some(next), _) => characters.push((next, false)),
        }
    }
}
