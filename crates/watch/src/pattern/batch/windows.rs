//! Many texts looked for at once.
//!
//! Of each text a few windows of four bytes are chosen that few of the others have. In an event one window in so many is
//! looked up in a table of those, and only where it is one of them is the text compared. The steps do not wait for
//! each other, as those of an automaton do.

use std::{collections::HashMap, sync::Arc};

use crate::pattern::terms::Search;

/// Bytes of a window.
const WIDTH: usize = 4;
/// Places in the table: it stays in the first cache.
const PLACES: usize = 1 << 13;
/// The most bytes from one window that is looked up to the next.
const LONGEST_STEP: usize = 4;
/// So many texts are looked for one by one.
const FEW: usize = 4;

type Window = [u8; WIDTH];

/// Texts, found by their windows.
#[derive(Debug, Default)]
pub(super) struct Windows {
    /// By the hash of a window: 0, or one more than the place in `chosen`. Empty: there are no texts.
    table: Vec<u16>,
    /// Texts whose windows have one hash.
    chosen: Vec<Vec<Text>>,
    /// Bytes from one window that is looked up to the next: as many windows of each text are in the table, side by side.
    step: usize,
}

#[derive(Debug)]
struct Text {
    number: usize,
    bytes: Arc<[u8]>,
    /// Bytes before the window.
    before: usize,
}

impl Windows {
    /// Takes the texts out of the searches, but for those that are shorter than a window; none if they are few.
    pub(super) fn take(searches: &mut Vec<(usize, Search)>) -> Self {
        let is_long = |search: &Search| search.text().is_some_and(|text| text.len() >= WIDTH);
        if searches.iter().filter(|(_, search)| is_long(search)).count() <= FEW {
            return Self::default();
        }
        let long = searches.extract_if(.., |(_, search)| is_long(search));
        let texts: Vec<(usize, Arc<[u8]>)> =
            long.filter_map(|(number, search)| Some((number, search.text()?.into()))).collect();
        let mut counts: HashMap<Window, usize> = HashMap::new();
        for window in texts.iter().flat_map(|(_, text)| windows(text)) {
            *counts.entry(window).or_default() += 1;
        }
        let shortest = texts.iter().map(|(_, text)| windows(text).count()).min();
        let step = shortest.unwrap_or(1).min(LONGEST_STEP);
        let mut all = Self { table: vec![0; PLACES], chosen: Vec::new(), step };
        for (number, bytes) in texts {
            let windows: Vec<Window> = windows(&bytes).collect();
            let how_many = |run: &[Window]| run.iter().filter_map(|window| counts.get(window)).sum::<usize>();
            let rarest = windows.windows(step).enumerate().min_by_key(|(_, run)| how_many(run));
            for (before, window) in rarest.into_iter().flat_map(|(start, run)| (start..).zip(run)) {
                all.insert(*window, Text { number, bytes: Arc::clone(&bytes), before });
            }
        }
        all
    }

    fn insert(&mut self, window: Window, text: Text) {
        let place = &mut self.table[hash(window)];
        if *place == 0 {
            self.chosen.push(Vec::new());
            // There are fewer of them than places in the table.
            *place = u16::try_from(self.chosen.len()).unwrap_or_default();
        }
        if let Some(texts) = self.chosen.get_mut(usize::from(*place).wrapping_sub(1)) {
            texts.push(text);
        }
    }

    /// Tells the numbers of the texts that an event has, perhaps several times.
    pub(super) fn find(&self, event: &str, mut found: impl FnMut(usize)) {
        let Ok(table) = <&[u16; PLACES]>::try_from(self.table.as_slice()) else { return };
        let event = event.as_bytes();
        let mut at = 0;
        while let Some(window) = event.get(at..).and_then(<[u8]>::first_chunk) {
            let place = usize::from(table[hash(*window)]);
            if place > 0 {
                let texts = self.chosen.get(place - 1).into_iter().flatten();
                texts.filter(|text| text.is_at(event, at)).for_each(|text| found(text.number));
            }
            at += self.step;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}

impl Text {
    /// Whether it stands in the event so that its window does there.
    fn is_at(&self, event: &[u8], window: usize) -> bool {
        let start = window.checked_sub(self.before);
        start.and_then(|start| event.get(start..)).is_some_and(|rest| rest.starts_with(&self.bytes))
    }
}

fn windows(text: &[u8]) -> impl Iterator<Item = Window> {
    text.array_windows().copied()
}

/// Multiplied, the upper bits depend on all bytes.
#[inline]
fn hash(window: Window) -> usize {
    (u32::from_le_bytes(window).wrapping_mul(0x9e37_79b1) >> (u32::BITS - PLACES.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::pattern::Pattern;

    fn searches(texts: &[String]) -> Vec<(usize, Search)> {
        texts.iter().enumerate().map(|(number, text)| (number, Search::of_text(text))).collect()
    }

    #[test]
    fn short_texts_stay_where_they_are_and_few_ones_too() {
        let texts = ["abc", "abcd", "abcde", "bcde", "xxxx", "é é"].map(String::from);
        let mut few = searches(&texts[..5]);
        assert!(Windows::take(&mut few).is_empty() && few.len() == 5);
        let mut many = searches(&texts);
        let windows = Windows::take(&mut many);
        assert_eq!(many.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0]);
        let found = |event: &str| {
            let mut found = BTreeSet::new();
            windows.find(event, |number| _ = found.insert(number));
            found.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(found("abcde"), [1, 2, 3]);
        assert_eq!(found("xxxxxé é"), [4, 5]);
        assert_eq!(found("abc"), [0_usize; 0]);
        assert_eq!(found(""), [0_usize; 0]);
    }

    fn text(least: usize) -> impl Strategy<Value = String> {
        vec(prop::sample::select(vec!['a', 'b', 'c']), least..11).prop_map(String::from_iter)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn what_is_found_is_what_is_there(texts in (4_usize..9).prop_flat_map(|least| vec(text(least), 5..60)), events in vec("[a-cé]{0,40}", 1..20)) {
            let windows = Windows::take(&mut searches(&texts));
            for event in events {
                let mut found = BTreeSet::new();
                windows.find(&event, |number| _ = found.insert(number));
                let there = texts.iter().enumerate().filter(|(_, text)| event.contains(text.as_str()));
                prop_assert_eq!(found, there.map(|(number, _)| number).collect::<BTreeSet<_>>(), "{}", event);
            }
        }

        #[test]
        fn many_patterns_of_terms_mean_what_each_means(
            patterns in vec(vec("[-?]?(\"[ab .]{1,6}\"|[ab]{1,6})", 1..4), 1..40),
            events in vec("[ab. ]{0,30}", 1..70),
        ) {
            let patterns: Vec<Pattern> = patterns.iter().map(|terms| terms.join(" ").parse().expect("terms")).collect();
            let batch = weir_store::logs::Committed {
                position: 0,
                group: "".into(),
                stream: "".into(),
                ingestion_time: 0,
                timestamps: vec![0; events.len()],
                messages: events.iter().map(Some).collect(),
                records: None,
            };
            let plan = super::super::Plan::new(&patterns);
            let mut scratch = super::super::Scratch::default();
            let matches = plan.run(&batch, &mut scratch);
            for (number, pattern) in patterns.iter().enumerate() {
                let each = |row: &usize| pattern.matches(&events[*row]);
                let expected: Vec<usize> = (0..events.len()).filter(each).collect();
                prop_assert_eq!(matches.rows(number).collect::<Vec<_>>(), expected, "{}", pattern);
            }
        }
    }
}
