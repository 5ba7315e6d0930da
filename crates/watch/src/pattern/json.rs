//! JSON patterns: `{ selector op value }`, joined by `&&`, `||` and parentheses.

use serde_json::Value;

use super::{
    Leaf, PatternError, Predicate, comparison,
    cursor::Cursor,
    selector::Selector,
    tree::Tree,
    value::{Comparison, Number, Operand, Order},
};

/// How deep parentheses may stand in each other.
const DEPTH_LIMIT: usize = 32;

/// What a value of an event must be, or that there is none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MemberTest {
    Is(Operand),
    IsNot(Operand),
    Order(Order, Number),
    Boolean(bool),
    Null,
    Missing,
}

impl MemberTest {
    /// Whether a selector reaches what is wanted. Objects and arrays are never wanted.
    pub(super) fn holds(&self, selector: &Selector, event: &Value) -> bool {
        match self {
            Self::Missing => !selector.any(event, &mut |_| true),
            test => selector.any(event, &mut |value| test.holds_for(value)),
        }
    }

    fn holds_for(&self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Object(_) | Value::Array(_)) | (Self::Missing, _) => false,
            (Self::Is(operand), value) => is(operand, value),
            (Self::IsNot(operand), value) => !is(operand, value),
            (Self::Order(order, wanted), value) => number(value).is_some_and(|found| order.holds(found, *wanted)),
            (Self::Boolean(wanted), value) => value.as_bool() == Some(*wanted),
            (Self::Null, value) => value.is_null(),
        }
    }
}

/// Whether a scalar is that. A number without quotes is compared with numbers as one; everything else as text.
fn is(operand: &Operand, value: &Value) -> bool {
    let text_is = |text: &str| match operand {
        Operand::Number { written, .. } => text == written,
        operand => operand.is_text(text),
    };
    match (operand, value) {
        (Operand::Number { number: wanted, .. }, Value::Number(_)) => {
            number(value).is_some_and(|found| found.compare(*wanted).is_eq())
        }
        (_, Value::String(text)) => text_is(text),
        (_, Value::Number(number)) => text_is(&number.to_string()),
        (_, Value::Bool(truth)) => text_is(if *truth { "true" } else { "false" }),
        (_, Value::Null | Value::Object(_) | Value::Array(_)) => false,
    }
}

fn number(value: &Value) -> Option<Number> {
    value.as_i64().map(Number::Whole).or_else(|| Number::from_real(value.as_f64()?))
}

/// Reads a whole pattern; the cursor stands at its first brace.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Tree<Leaf>, PatternError> {
    cursor.next();
    let tree = alternatives(cursor, 0)?;
    if cursor.eat("}") { Ok(tree) } else { Err(cursor.expected("`&&`, `||` or `}`")) }
}

fn alternatives(cursor: &mut Cursor<'_>, depth: usize) -> Result<Tree<Leaf>, PatternError> {
    let mut any = vec![conjunction(cursor, depth)?];
    while cursor.eat("||") {
        any.push(conjunction(cursor, depth)?);
    }
    Ok(Tree::any(any))
}

fn conjunction(cursor: &mut Cursor<'_>, depth: usize) -> Result<Tree<Leaf>, PatternError> {
    let mut all = vec![primary(cursor, depth)?];
    while cursor.eat("&&") {
        all.push(primary(cursor, depth)?);
    }
    Ok(Tree::all(all))
}

/// Reads a condition or a group in parentheses, and the blanks behind it.
fn primary(cursor: &mut Cursor<'_>, depth: usize) -> Result<Tree<Leaf>, PatternError> {
    cursor.skip_blanks();
    let tree = if cursor.peek() == Some('(') {
        if depth == DEPTH_LIMIT {
            return Err(cursor.refuse("parentheses stand in each other more than 32 deep"));
        }
        cursor.next();
        let inner = alternatives(cursor, depth + 1)?;
        if !cursor.eat(")") {
            return Err(cursor.expected("`&&`, `||` or `)`"));
        }
        inner
    } else {
        let selector = Selector::read(cursor)?;
        cursor.skip_blanks();
        let predicate = Predicate::Member(selector, test(cursor)?);
        Tree::Leaf(Leaf { predicate, negated: false })
    };
    cursor.skip_blanks();
    Ok(tree)
}

fn test(cursor: &mut Cursor<'_>) -> Result<MemberTest, PatternError> {
    let place = cursor.place();
    match word(cursor) {
        "" => comparison::read(cursor).map(|comparison| match comparison {
            Comparison::Is(operand) => MemberTest::Is(operand),
            Comparison::IsNot(operand) => MemberTest::IsNot(operand),
            Comparison::Order(order, number) => MemberTest::Order(order, number),
        }),
        "IS" => state(cursor),
        "NOT" if word(cursor) == "EXISTS" => Ok(MemberTest::Missing),
        "EXISTS" => {
            Err(cursor.refuse_at(place, "`EXISTS` is not supported without NOT; `!= \"\"` holds for what is there"))
        }
        _ => Err(cursor.refuse_at(place, "expected = != < <= > >=, IS TRUE, IS FALSE, IS NULL or NOT EXISTS")),
    }
}

fn state(cursor: &mut Cursor<'_>) -> Result<MemberTest, PatternError> {
    cursor.skip_blanks();
    let place = cursor.place();
    match word(cursor) {
        "TRUE" => Ok(MemberTest::Boolean(true)),
        "FALSE" => Ok(MemberTest::Boolean(false)),
        "NULL" => Ok(MemberTest::Null),
        "NOT" => Err(cursor.refuse_at(place, "`IS NOT` is not supported")),
        _ => Err(cursor.refuse_at(place, "expected TRUE, FALSE or NULL")),
    }
}

fn word<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    cursor.skip_blanks();
    cursor.take_while(|next| next.is_ascii_alphabetic())
}
