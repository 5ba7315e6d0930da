//! Space-delimited patterns: `[name, name op value, …]`, a slot for each token of an event.

use super::{
    Leaf, PatternError, Predicate, comparison,
    cursor::Cursor,
    token::{Source, Token},
    tree::Tree,
    value::{Comparison, Number, Operand, Order},
};

/// What a token must be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenTest {
    Is(Operand),
    Order(Order, Number),
}

impl TokenTest {
    #[inline]
    pub(super) fn holds(&self, token: &str) -> bool {
        match self {
            Self::Is(operand) => operand.is_text(token),
            Self::Order(order, number) => Number::parse(token).is_some_and(|found| order.holds(found, *number)),
        }
    }
}

/// The slots of a pattern, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slots {
    /// Their names; an empty slot has none.
    names: Vec<Option<String>>,
    /// How many of them stand before `...`, if it is there.
    before_gap: Option<usize>,
}

impl Slots {
    /// Which token goes into a slot.
    fn source(&self, slot: usize) -> Source {
        let behind = self.names.len() - 1 - slot;
        match self.before_gap {
            Some(before) if slot < before => Source::Left(slot),
            Some(_) => Source::Right(behind),
            None if behind == 0 => Source::Rest(slot),
            None => Source::Left(slot),
        }
    }

    /// Which token a label means: `$name`, or `$3` for the third token of an event.
    pub(super) fn labelled(&self, label: &str) -> Option<Source> {
        let name = label.strip_prefix('$')?;
        let slot = self.names.iter().position(|slot| slot.as_deref() == Some(name));
        if let Some(slot) = slot {
            return Some(self.source(slot));
        }
        let index = name.parse::<usize>().ok()?.checked_sub(1)?;
        let unnamed = self.names.get(index).is_none_or(Option::is_none);
        match self.before_gap {
            Some(before) if index >= before => Some(Source::Left(index)),
            _ => (unnamed && index < self.names.len()).then(|| self.source(index)),
        }
    }

    /// Each token of a matching event with its label: the name of its slot, else its number from 1.
    pub(super) fn extract(&self, text: &str, tokens: &[Token]) -> Vec<(String, String)> {
        let gap = self.before_gap.map_or(0, |_| tokens.len().saturating_sub(self.names.len()));
        let before = self.before_gap.unwrap_or(self.names.len());
        let label =
            |position: usize, name: Option<&String>| name.map_or(format!("${position}"), |name| format!("${name}"));
        let place = |position: usize| {
            let slot = if position < before {
                Some(position)
            } else {
                position.checked_sub(gap).filter(|slot| *slot >= before)
            };
            let source = slot.map_or(Source::Left(position), |slot| self.source(slot));
            let name = slot.and_then(|slot| self.names.get(slot)?.as_ref());
            Some((label(position + 1, name), source.text(text, tokens)?.to_owned()))
        };
        (0..self.names.len() + gap).filter_map(place).collect()
    }
}

/// A slot as it is written.
enum Slot {
    Gap,
    Token { name: Option<String>, condition: Option<Tree<(TokenTest, bool)>> },
}

/// Reads a whole pattern; the cursor stands at its first bracket.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<(Slots, Tree<Leaf>), PatternError> {
    cursor.next();
    let mut slots = Slots { names: Vec::new(), before_gap: None };
    let mut conditions = Vec::new();
    cursor.skip_blanks();
    if !cursor.eat("]") {
        loop {
            let place = cursor.place();
            match slot(cursor)? {
                Slot::Gap if slots.before_gap.is_some() => {
                    return Err(cursor.refuse_at(place, "`...` stands here a second time"));
                }
                Slot::Gap => slots.before_gap = Some(slots.names.len()),
                Slot::Token { name, .. } if name.is_some() && slots.names.contains(&name) => {
                    return Err(cursor.refuse_at(place, "two slots of the same name"));
                }
                Slot::Token { name, condition } => {
                    slots.names.push(name);
                    conditions.push(condition);
                }
            }
            match cursor.next() {
                Some(',') => cursor.skip_blanks(),
                Some(_) => break,
                None => return Err(cursor.expected("`,` or `]`")),
            }
        }
    }
    let tree = tree(&slots, &conditions);
    Ok((slots, tree))
}

/// That there are tokens enough, and that each slot's condition holds.
fn tree(slots: &Slots, conditions: &[Option<Tree<(TokenTest, bool)>>]) -> Tree<Leaf> {
    let leaf = |predicate, negated| Leaf { predicate, negated };
    let enough = (!slots.names.is_empty()).then(|| Tree::Leaf(leaf(Predicate::Tokens(slots.names.len()), false)));
    let placed = conditions.iter().enumerate().filter_map(|(slot, condition)| {
        let source = slots.source(slot);
        let place = |(test, negated): &(TokenTest, bool)| leaf(Predicate::Token(source, test.clone()), *negated);
        condition.as_ref().map(|condition| condition.map(&mut { place }))
    });
    Tree::all(enough.into_iter().chain(placed).collect())
}

/// Reads a slot, up to the comma or bracket behind it.
fn slot(cursor: &mut Cursor<'_>) -> Result<Slot, PatternError> {
    cursor.skip_blanks();
    if cursor.eat("...") {
        cursor.skip_blanks();
        return if at_end(cursor) { Ok(Slot::Gap) } else { Err(cursor.expected("`,` or `]`")) };
    }
    if at_end(cursor) {
        return Ok(Slot::Token { name: None, condition: None });
    }
    let name = name(cursor)?;
    cursor.skip_blanks();
    let condition = if at_end(cursor) { None } else { Some(alternatives(cursor, name)?) };
    Ok(Slot::Token { name: Some(name.to_owned()), condition })
}

fn at_end(cursor: &Cursor<'_>) -> bool {
    matches!(cursor.peek(), Some(',' | ']'))
}

fn name<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, PatternError> {
    let place = cursor.place();
    let name = cursor.take_while(|next| next.is_alphanumeric() || next == '_');
    if name.is_empty() {
        return Err(cursor.expected("a name of letters, digits and `_`"));
    }
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(cursor.refuse_at(place, "a name needs a letter: `$1`, `$2`, … are the tokens without a name"));
    }
    Ok(name)
}

/// Reads what stands behind the first name of a slot: `op value { || name op value && name op value … }`.
fn alternatives(cursor: &mut Cursor<'_>, slot: &str) -> Result<Tree<(TokenTest, bool)>, PatternError> {
    let mut any = Vec::new();
    let mut all = vec![test(cursor)?];
    loop {
        cursor.skip_blanks();
        if at_end(cursor) {
            any.push(Tree::all(all));
            return Ok(Tree::any(any));
        }
        if cursor.eat("||") {
            any.push(Tree::all(std::mem::take(&mut all)));
        } else if !cursor.eat("&&") {
            return Err(cursor.expected("`&&`, `||`, `,` or `]`"));
        }
        cursor.skip_blanks();
        let place = cursor.place();
        if name(cursor)? != slot {
            return Err(cursor.refuse_at(
                place,
                format!("the conditions of one slot are all on `{slot}`; a comma begins another slot"),
            ));
        }
        cursor.skip_blanks();
        all.push(test(cursor)?);
    }
}

fn test(cursor: &mut Cursor<'_>) -> Result<Tree<(TokenTest, bool)>, PatternError> {
    Ok(Tree::Leaf(match comparison::read(cursor)? {
        Comparison::Is(operand) => (TokenTest::Is(operand), false),
        Comparison::IsNot(operand) => (TokenTest::Is(operand), true),
        Comparison::Order(order, number) => (TokenTest::Order(order, number), false),
    }))
}
