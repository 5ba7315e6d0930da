//! Many patterns on a batch of events: each distinct condition is tried once, for all events and all patterns.
//!
//! A condition gives a bitmap with a bit for each event, and a pattern joins the bitmaps of its conditions. Of the conditions
//! on one token those that ask for a certain text or number are tried together, by looking the token up in a table of them;
//! many texts are looked for in one pass over an event.

mod bits;
mod cells;
mod columns;
mod lookup;
mod thresholds;
mod token_tests;
mod windows;

use arrow::{array::Array as _, buffer::BooleanBuffer};
use weir_store::logs::{Committed, Records};

use super::{
    Leaf, MemberTest, Pattern, Predicate, Selector, Source, message,
    terms::{Search, Searches},
    token,
    token::Token,
    tree::Tree,
};
use bits::Bits;
pub(crate) use cells::Cells;
use columns::Place;
use token_tests::TokenTests;
use windows::Windows;

/// What is to be tried on the events of a batch for a list of patterns.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// For each pattern, in order.
    conditions: Vec<Tree<Bit>>,
    /// The distinct predicates of all of them; a predicate's number is its place.
    predicates: Vec<Predicate>,
    /// Texts, if they are many.
    windows: Windows,
    /// What else is looked for in the text of an event.
    searches: Vec<(usize, Search)>,
    /// All of these at once, if they are many.
    at_once: Option<Searches>,
    lengths: Vec<(usize, usize)>,
    sources: Vec<(Source, TokenTests)>,
    members: Vec<(usize, Selector, MemberTest)>,
    /// How many bitmaps are needed: one a predicate, and what [`TokenTests`] need beside.
    maps: usize,
}

/// A predicate by its number, or that it must not hold.
#[derive(Debug, Clone, Copy)]
struct Bit {
    predicate: usize,
    negated: bool,
}

/// What [`Plan::run`] works with, to be used again for the next batch.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// A bitmap a predicate.
    found: Bits,
    /// A bitmap a pattern.
    matched: Bits,
    /// One bitmap: the events whose columns say what their tokens are.
    columnar: Bits,
    tokens: Vec<Token>,
}

/// Which events of a batch each pattern means.
pub(crate) struct Matches<'a> {
    batch: &'a Committed,
    scratch: &'a Scratch,
}

impl Plan {
    pub(crate) fn new<'p>(patterns: impl IntoIterator<Item = &'p Pattern>) -> Self {
        let mut plan = Self::default();
        for pattern in patterns {
            let bit = &mut |leaf: &Leaf| Bit { predicate: plan.number(&leaf.predicate), negated: leaf.negated };
            let condition = pattern.condition.map(bit);
            plan.conditions.push(condition);
        }
        plan.windows = Windows::take(&mut plan.searches);
        plan.at_once = Searches::new(plan.searches.iter().map(|(_, search)| search));
        plan.maps = plan.predicates.len();
        plan.sources.iter_mut().for_each(|(_, tests)| tests.finish(&mut plan.maps));
        plan
    }

    /// The number of a predicate; a new one if there is none like it.
    fn number(&mut self, predicate: &Predicate) -> usize {
        if let Some(number) = self.predicates.iter().position(|known| known == predicate) {
            return number;
        }
        let number = self.predicates.len();
        self.predicates.push(predicate.clone());
        match predicate {
            Predicate::Search(search) => self.searches.push((number, search.clone())),
            Predicate::Tokens(least) => self.lengths.push((number, *least)),
            Predicate::Member(selector, test) => self.members.push((number, selector.clone(), test.clone())),
            Predicate::Token(source, test) => {
                let known = self.sources.iter().position(|(known, _)| known == source);
                let place = known.unwrap_or_else(|| {
                    self.sources.push((*source, TokenTests::default()));
                    self.sources.len() - 1
                });
                self.sources[place].1.add(number, test);
            }
        }
        number
    }

    /// Tries everything on every event.
    pub(crate) fn run<'a>(&self, batch: &'a Committed, scratch: &'a mut Scratch) -> Matches<'a> {
        let rows = batch.messages.len();
        scratch.found.reset(self.maps, rows);
        scratch.columnar.reset(1, rows);
        self.search(batch, &mut scratch.found);
        self.look_into_json(batch, &mut scratch.found);
        if !self.sources.is_empty() || !self.lengths.is_empty() {
            self.try_tokens(batch, scratch);
        }
        scratch.matched.reset(self.conditions.len(), rows);
        for (pattern, condition) in self.conditions.iter().enumerate() {
            join(condition, &scratch.found, scratch.matched.map_mut(pattern));
            scratch.matched.trim(pattern);
        }
        Matches { batch, scratch }
    }

    fn search(&self, batch: &Committed, found: &mut Bits) {
        if !self.windows.is_empty() {
            for row in 0..batch.messages.len() {
                self.windows.find(batch.messages.value(row), |number| found.set(number, row));
            }
        }
        if let Some(searches) = &self.at_once {
            for row in 0..batch.messages.len() {
                let places = searches.found(batch.messages.value(row));
                places.filter_map(|place| self.searches.get(place)).for_each(|(number, _)| found.set(*number, row));
            }
            return;
        }
        for (number, search) in &self.searches {
            for row in 0..batch.messages.len() {
                found.set_if(*number, row, search.finds(batch.messages.value(row)));
            }
        }
    }

    fn look_into_json(&self, batch: &Committed, found: &mut Bits) {
        if self.members.is_empty() {
            return;
        }
        for row in 0..batch.messages.len() {
            let Some(event) = message::parse_json(batch.messages.value(row)) else { continue };
            for (number, selector, test) in &self.members {
                found.set_if(*number, row, test.holds(selector, &event));
            }
        }
    }

    /// Tries the conditions on tokens: on columns where those say what the tokens are, on text elsewhere.
    fn try_tokens(&self, batch: &Committed, scratch: &mut Scratch) {
        let mut fields = 0;
        if let Some(records) = batch.records.as_ref().filter(|records| records.batch.num_rows() == batch.messages.len())
        {
            fields = records.format.fields().len();
            columns::mark_columnar(records, &mut scratch.columnar);
            if scratch.columnar.count(0) > 0 {
                self.try_columns(records, &mut scratch.found);
            }
            if !scratch.columnar.is_full(0) {
                self.forget_what_is_not_columnar(scratch);
            }
        }
        self.try_texts(batch, fields, scratch);
        self.sources.iter().for_each(|(_, tests)| tests.sum_up(&mut scratch.found));
    }

    fn try_columns(&self, records: &Records, found: &mut Bits) {
        let fields = records.format.fields().len();
        for (number, least) in &self.lengths {
            found.fill(*number, fields >= *least);
        }
        for (source, tests) in &self.sources {
            if let Place::Column(column) = columns::place(*source, fields) {
                tests.try_column(records.batch.column(column), found);
            }
        }
    }

    fn forget_what_is_not_columnar(&self, scratch: &mut Scratch) {
        let tokens = self.sources.iter().flat_map(|(_, tests)| tests.maps());
        for map in self.lengths.iter().map(|(number, _)| *number).chain(tokens) {
            scratch.found.keep(map, &scratch.columnar);
        }
    }

    /// Splits the events that are not columnar, and of the others those that a slot takes several columns of.
    fn try_texts(&self, batch: &Committed, fields: usize, scratch: &mut Scratch) {
        let several = |source| columns::place(source, fields) == Place::Several;
        let any_several = self.sources.iter().any(|(source, _)| several(*source));
        let Scratch { found, columnar, tokens, .. } = scratch;
        for row in 0..batch.messages.len() {
            let columnar = columnar.get(0, row);
            if columnar && !any_several {
                continue;
            }
            let text = batch.messages.value(row);
            tokens.clear();
            token::split(text, tokens);
            for (source, tests) in self.sources.iter().filter(|(source, _)| !columnar || several(*source)) {
                if let Some(token) = source.text(text, tokens) {
                    tests.try_text(token, &mut |number| found.set(number, row));
                }
            }
            for (number, least) in self.lengths.iter().filter(|_| !columnar) {
                found.set_if(*number, row, tokens.len() >= *least);
            }
        }
    }
}

/// Writes the bitmap of a condition. Bits beyond the last event mean nothing.
fn join(condition: &Tree<Bit>, found: &Bits, bits: &mut [u64]) {
    match condition {
        Tree::Leaf(bit) => {
            bits.fill(0);
            merge_leaf(*bit, found, bits, false);
        }
        Tree::All(all) => {
            bits.fill(u64::MAX);
            all.iter().for_each(|tree| merge(tree, found, bits, true));
        }
        Tree::Any(any) => {
            bits.fill(0);
            any.iter().for_each(|tree| merge(tree, found, bits, false));
        }
    }
}

/// Joins the bitmap of a condition to another one by and, else by or.
fn merge(tree: &Tree<Bit>, found: &Bits, bits: &mut [u64], and: bool) {
    if let Tree::Leaf(bit) = tree {
        return merge_leaf(*bit, found, bits, and);
    }
    let mut more = vec![0; bits.len()];
    join(tree, found, &mut more);
    merge_words(bits, &more, 0, and);
}

fn merge_leaf(bit: Bit, found: &Bits, bits: &mut [u64], and: bool) {
    merge_words(bits, found.map(bit.predicate), if bit.negated { u64::MAX } else { 0 }, and);
}

#[inline]
fn merge_words(bits: &mut [u64], more: &[u64], flip: u64, and: bool) {
    for (bits, more) in bits.iter_mut().zip(more) {
        let more = more ^ flip;
        *bits = if and { *bits & more } else { *bits | more };
    }
}

impl<'a> Matches<'a> {
    /// The events that a pattern means.
    pub(crate) fn pattern(&self, pattern: usize) -> BooleanBuffer {
        self.scratch.matched.buffer(pattern)
    }

    /// How many events a pattern means.
    pub(crate) fn count(&self, pattern: usize) -> usize {
        self.scratch.matched.count(pattern)
    }

    /// How many events there are.
    pub(crate) fn events(&self) -> usize {
        self.batch.messages.len()
    }

    /// The events that a pattern means, by their places in the batch.
    pub(crate) fn rows(&self, pattern: usize) -> impl Iterator<Item = usize> {
        self.scratch.matched.rows(pattern)
    }

    /// For taking values out of the events.
    pub(crate) fn cells(&self) -> Cells<'a> {
        Cells::new(self.batch, &self.scratch.columnar)
    }
}
