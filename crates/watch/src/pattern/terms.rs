//! Unstructured patterns: terms that an event has or has not.

use ::regex::RegexSet;
use memchr::memmem::Finder;

use super::{Leaf, PatternError, Predicate, comparison, cursor::Cursor, regex::Regex, tree::Tree};

/// So many searches are made one by one.
const FEW: usize = 4;

/// Something looked for anywhere in the text of an event.
#[derive(Debug, Clone)]
pub(crate) enum Search {
    Text(Box<Finder<'static>>),
    Regex(Regex),
}

impl Search {
    pub(super) fn of_text(text: &str) -> Self {
        Self::Text(Box::new(Finder::new(text.as_bytes()).into_owned()))
    }

    /// The text that is looked for, unless it is a regular expression.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(finder) => Some(finder.needle()),
            Self::Regex(_) => None,
        }
    }

    pub(super) fn finds(&self, text: &str) -> bool {
        match self {
            Self::Text(finder) => finder.find(text.as_bytes()).is_some(),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// Many searches in one pass over a text.
#[derive(Debug)]
pub(super) struct Searches(RegexSet);

impl Searches {
    /// `None` for a few, which are quicker one by one, and for those that are too large together.
    pub(super) fn new<'s>(searches: impl ExactSizeIterator<Item = &'s Search>) -> Option<Self> {
        let expression = |search: &Search| match search {
            Search::Text(finder) => ::regex::escape(&String::from_utf8_lossy(finder.needle())),
            Search::Regex(regex) => regex.expression().to_owned(),
        };
        let many = searches.len() > FEW;
        many.then(|| RegexSet::new(searches.map(expression)).ok())?.map(Self)
    }

    /// The places of the searches that find something, among those that this was made of.
    pub(super) fn found(&self, text: &str) -> impl Iterator<Item = usize> {
        self.0.matches(text).into_iter()
    }
}

impl PartialEq for Search {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(two)) => one.needle() == two.needle(),
            (Self::Regex(one), Self::Regex(two)) => one == two,
            _ => false,
        }
    }
}

/// Reads the terms of a whole pattern. No term at all matches every event.
///
/// Beside terms of other kinds those with `?` count for nothing, as AWS has it.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Tree<Leaf>, PatternError> {
    let (mut needed, mut optional) = (Vec::new(), Vec::new());
    loop {
        cursor.skip_blanks();
        if cursor.peek().is_none() {
            break;
        }
        let is_optional = cursor.eat("?");
        let negated = !is_optional && cursor.eat("-");
        let leaf = Tree::Leaf(Leaf { predicate: Predicate::Search(search(cursor)?), negated });
        let kind = if is_optional { &mut optional } else { &mut needed };
        kind.push(leaf);
        if cursor.peek().is_some_and(|next| !next.is_whitespace()) {
            return Err(cursor.expected("a blank before the next term"));
        }
    }
    let only_optional = needed.is_empty() && !optional.is_empty();
    Ok(if only_optional { Tree::any(optional) } else { Tree::all(needed) })
}

fn search(cursor: &mut Cursor<'_>) -> Result<Search, PatternError> {
    let text = match cursor.peek() {
        Some('%') => return Regex::read(cursor).map(Search::Regex),
        Some('"') => comparison::quoted(cursor)?.into_text(),
        _ => word(cursor)?.to_owned(),
    };
    Ok(Search::of_text(&text))
}

fn word<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, PatternError> {
    let word = cursor.take_while(|next| next.is_alphanumeric() || next == '_');
    match cursor.peek() {
        Some(next) if !next.is_whitespace() => {
            let problem =
                format!("`{next}` in a term: put terms that have more than letters, digits and `_` in double quotes");
            Err(cursor.refuse(problem))
        }
        _ if word.is_empty() => Err(cursor.refuse("`?` and `-` stand directly before a term")),
        _ => Ok(word),
    }
}
