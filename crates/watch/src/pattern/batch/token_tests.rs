//! Everything that is asked of one token, sorted by how it is best tried.

use arrow::{
    array::{Array as _, ArrayRef, AsArray as _, PrimitiveArray, StringViewArray, make_view},
    datatypes::{ArrowPrimitiveType, Int32Type, Int64Type},
};

use super::{bits::Bits, lookup::Lookup, thresholds::Thresholds};
use crate::pattern::{
    delimited::TokenTest,
    value::{Number, Operand},
};

/// A string view holds texts of up to so many bytes itself.
const INLINE: usize = 12;

/// The tests of one token, each with the number of its predicate.
#[derive(Debug, Default)]
pub(super) struct TokenTests {
    /// Every number in here.
    all: Vec<usize>,
    /// Certain texts.
    short: Lookup<u128>,
    long: Lookup<String>,
    /// Certain whole numbers.
    whole: Lookup<i64>,
    /// The same for a column of numbers, where a text can be had only as a number is written.
    written: Lookup<i64>,
    /// Certain numbers that are not whole.
    reals: Vec<(Number, usize)>,
    /// More or less than a number.
    thresholds: Thresholds,
    /// Everything else.
    others: Vec<(Operand, usize)>,
}

impl TokenTests {
    pub(super) fn add(&mut self, number: usize, test: &TokenTest) {
        self.all.push(number);
        match test {
            TokenTest::Order(order, wanted) => self.thresholds.add(*order, *wanted, number),
            TokenTest::Is(Operand::Number { number: Number::Whole(whole), .. }) => {
                self.whole.add(*whole, number);
                self.written.add(*whole, number);
            }
            TokenTest::Is(Operand::Number { number: real, .. }) => self.reals.push((*real, number)),
            TokenTest::Is(operand @ Operand::Text(glob)) => match glob.exact() {
                Some(text) => self.add_text(text, number),
                None => self.others.push((operand.clone(), number)),
            },
            TokenTest::Is(operand @ Operand::Regex(_)) => self.others.push((operand.clone(), number)),
        }
    }

    fn add_text(&mut self, text: &str, number: usize) {
        match text.parse::<i64>() {
            Ok(whole) if whole.to_string() == text => self.written.add(whole, number),
            _ => {}
        }
        if text.len() <= INLINE {
            self.short.add(make_view(text.as_bytes(), 0, 0), number);
        } else {
            self.long.add(text.to_owned(), number);
        }
    }

    /// Takes further bitmaps that it needs, from the next free one on.
    pub(super) fn finish(&mut self, maps: &mut usize) {
        self.thresholds.finish(maps);
    }

    /// The numbers of all bitmaps that tokens have bits in.
    pub(super) fn maps(&self) -> impl Iterator<Item = usize> {
        self.all.iter().copied().chain(self.thresholds.maps())
    }

    /// Finishes the bitmaps when all tokens were tried.
    pub(super) fn sum_up(&self, found: &mut Bits) {
        self.thresholds.sum_up(found);
    }

    /// Gives the number of each bitmap in which a text has its bit.
    #[inline]
    pub(super) fn try_text(&self, text: &str, hit: &mut impl FnMut(usize)) {
        if text.len() > INLINE {
            self.long.find(text, hit);
        } else if !self.short.is_empty() {
            self.short.find(&make_view(text.as_bytes(), 0, 0), hit);
        }
        self.try_slowly(text, hit);
    }

    /// The tests that are no look-up of a text.
    fn try_slowly(&self, text: &str, hit: &mut impl FnMut(usize)) {
        if self.asks_for_numbers() {
            match Number::parse(text) {
                Some(Number::Whole(whole)) => {
                    self.whole.find(&whole, hit);
                    self.try_range(whole, hit);
                }
                Some(real) => {
                    self.thresholds.try_each(real, hit);
                    self.reals.iter().filter(|(wanted, _)| *wanted == real).for_each(|(_, number)| hit(*number));
                }
                None => {}
            }
        }
        for (operand, number) in &self.others {
            if operand.is_text(text) {
                hit(*number);
            }
        }
    }

    fn asks_for_numbers(&self) -> bool {
        !self.whole.is_empty() || !self.reals.is_empty() || !self.thresholds.is_empty()
    }

    #[inline]
    fn try_range(&self, whole: i64, hit: &mut impl FnMut(usize)) {
        if !self.thresholds.is_empty() {
            hit(self.thresholds.range(whole));
        }
    }

    /// Sets the bits of the rows of a column whose texts pass; those of rows that are no records mean nothing.
    pub(super) fn try_column(&self, column: &ArrayRef, found: &mut Bits) {
        if let Some(texts) = column.as_string_view_opt() {
            self.try_text_column(texts, found);
        } else if let Some(numbers) = column.as_primitive_opt::<Int32Type>() {
            self.try_number_column(numbers, found);
        } else if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
            self.try_number_column(numbers, found);
        }
    }

    fn try_text_column(&self, texts: &StringViewArray, found: &mut Bits) {
        for (row, view) in texts.views().iter().enumerate() {
            #[allow(clippy::cast_possible_truncation, reason = "the lowest 32 bits of a view are its length")]
            let length = *view as u32 as usize;
            let hit = &mut |number| found.set(number, row);
            if length <= INLINE {
                self.short.find(view, hit);
            } else if !self.long.is_empty() {
                self.long.find(texts.value(row), hit);
            }
        }
        if self.asks_for_numbers() || !self.others.is_empty() {
            for row in 0..texts.len() {
                self.try_slowly(texts.value(row), &mut |number| found.set(number, row));
            }
        }
    }

    fn try_number_column<T>(&self, numbers: &PrimitiveArray<T>, found: &mut Bits)
    where
        T: ArrowPrimitiveType<Native: Into<i64>>,
    {
        match numbers.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => {
                for (row, number) in numbers.values().iter().enumerate() {
                    self.try_number((*number).into(), &mut |number| found.set(number, row));
                }
            }
            Some(nulls) => {
                for (row, number) in numbers.values().iter().enumerate() {
                    let hit = &mut |number| found.set(number, row);
                    if nulls.is_valid(row) {
                        self.try_number((*number).into(), hit);
                    } else {
                        self.try_text("-", hit);
                    }
                }
            }
        }
    }

    /// The same for a number in a column: what would pass as it is written.
    #[inline]
    fn try_number(&self, number: i64, hit: &mut impl FnMut(usize)) {
        self.written.find(&number, hit);
        self.try_range(number, hit);
        if !self.others.is_empty() {
            let written = number.to_string();
            let passed = self.others.iter().filter(|(operand, _)| operand.is_text(&written));
            passed.for_each(|(_, predicate)| hit(*predicate));
        }
    }
}
