//! Everything that is asked of one token, sorted by how it is best tried.

use arrow::{
    array::{Array as _, ArrayRef, AsArray as _, PrimitiveArray, StringViewArray, make_view},
    datatypes::{ArrowPrimitiveType, Int32Type, Int64Type},
};

use super::{bits::Bits, lookup::Lookup};
use crate::pattern::{
    delimited::TokenTest,
    value::{Number, Operand, Order},
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
    /// More or less than a number, or (`None`) exactly one that is not whole.
    compared: Vec<(Option<Order>, Number, usize)>,
    /// Everything else.
    others: Vec<(Operand, usize)>,
}

impl TokenTests {
    pub(super) fn add(&mut self, number: usize, test: &TokenTest) {
        self.all.push(number);
        match test {
            TokenTest::Order(order, wanted) => self.compared.push((Some(*order), *wanted, number)),
            TokenTest::Is(Operand::Number { number: Number::Whole(whole), .. }) => {
                self.whole.add(*whole, number);
                self.written.add(*whole, number);
            }
            TokenTest::Is(Operand::Number { number: wanted, .. }) => self.compared.push((None, *wanted, number)),
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

    /// The numbers of all predicates.
    pub(super) fn numbers(&self) -> impl Iterator<Item = &usize> {
        self.all.iter()
    }

    /// Gives the number of each test that a text passes.
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
        if self.asks_for_numbers()
            && let Some(found) = Number::parse(text)
        {
            self.try_number(found, hit);
        }
        for (operand, number) in &self.others {
            if operand.is_text(text) {
                hit(*number);
            }
        }
    }

    fn asks_for_numbers(&self) -> bool {
        !self.whole.is_empty() || !self.compared.is_empty()
    }

    fn try_number(&self, found: Number, hit: &mut impl FnMut(usize)) {
        match found {
            Number::Whole(whole) => self.whole.find(&whole, hit),
            Number::Real(_) => {
                let equal = |whole: i64| found.compare(Number::Whole(whole)).is_eq();
                self.whole.entries().iter().filter(|(whole, _)| equal(*whole)).for_each(|(_, number)| hit(*number));
            }
        }
        self.compare(found, hit);
    }

    #[inline]
    fn compare(&self, found: Number, hit: &mut impl FnMut(usize)) {
        for (order, wanted, number) in &self.compared {
            if order.map_or_else(|| found.compare(*wanted).is_eq(), |order| order.holds(found, *wanted)) {
                hit(*number);
            }
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
        for (row, number) in numbers.values().iter().enumerate() {
            let number: i64 = (*number).into();
            let hit = &mut |predicate| found.set(predicate, row);
            self.written.find(&number, hit);
            self.compare(Number::Whole(number), hit);
        }
        if !self.others.is_empty() {
            for (row, number) in numbers.iter().enumerate() {
                let written = number.map_or("-".to_owned(), |number| Into::<i64>::into(number).to_string());
                for (operand, predicate) in &self.others {
                    found.set_if(*predicate, row, operand.is_text(&written));
                }
            }
        }
        self.try_missing(numbers, found);
    }

    /// Corrects the rows without a number, which are written `-`.
    fn try_missing<T: ArrowPrimitiveType>(&self, numbers: &PrimitiveArray<T>, found: &mut Bits) {
        let Some(nulls) = numbers.nulls().filter(|nulls| nulls.null_count() > 0) else { return };
        for row in (0..numbers.len()).filter(|row| nulls.is_null(*row)) {
            self.all.iter().for_each(|number| found.clear(*number, row));
            self.try_text("-", &mut |number| found.set(number, row));
        }
    }
}
