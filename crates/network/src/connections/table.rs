//! A hash table of bounded size that forgets what was used longest ago.

use std::{collections::HashMap, hash::Hash};

/// Entries in the order of their use: a list through a vector, found through a hash table.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    places: HashMap<K, usize>,
    nodes: Vec<Node<K, V>>,
    /// Used last; meaningless while there is no node.
    newest: usize,
    /// Used longest ago; meaningless while there is no node.
    oldest: usize,
    capacity: usize,
}

#[derive(Debug)]
struct Node<K, V> {
    key: K,
    value: V,
    newer: usize,
    older: usize,
}

impl<K: Copy + Eq + Hash, V> Table<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { places: HashMap::new(), nodes: Vec::new(), newest: 0, oldest: 0, capacity: capacity.max(1) }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The value of a key; this is not a use.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.nodes.get(*self.places.get(key)?).map(|node| &node.value)
    }

    /// The value of a key, which is now the one used last.
    pub(super) fn touch(&mut self, key: &K) -> Option<&mut V> {
        let place = *self.places.get(key)?;
        self.unlink(place);
        self.link_as_newest(place);
        self.nodes.get_mut(place).map(|node| &mut node.value)
    }

    /// Sets a value, as the one used last. Returns the entry that had to go for it, if one of another key had to.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<(K, V)> {
        if let Some(there) = self.touch(&key) {
            *there = value;
            return None;
        }
        if self.nodes.len() < self.capacity {
            let place = self.nodes.len();
            self.nodes.push(Node { key, value, newer: place, older: place });
            self.places.insert(key, place);
            self.link_as_newest(place);
            return None;
        }
        let place = self.oldest;
        self.unlink(place);
        let node = &mut self.nodes[place];
        let forgotten = (std::mem::replace(&mut node.key, key), std::mem::replace(&mut node.value, value));
        self.places.remove(&forgotten.0);
        self.places.insert(key, place);
        self.link_as_newest(place);
        Some(forgotten)
    }

    /// Takes a node out of the list. The newest is its own newer, the oldest its own older.
    fn unlink(&mut self, place: usize) {
        let (newer, older) = (self.nodes[place].newer, self.nodes[place].older);
        let (is_newest, is_oldest) = (place == self.newest, place == self.oldest);
        if is_newest {
            self.newest = older;
        } else {
            self.nodes[newer].older = if is_oldest { newer } else { older };
        }
        if is_oldest {
            self.oldest = newer;
        } else {
            self.nodes[older].newer = if is_newest { older } else { newer };
        }
    }

    /// Puts a node that is not in the list in front.
    fn link_as_newest(&mut self, place: usize) {
        let alone = self.nodes.len() == 1;
        let before = if alone { place } else { self.newest };
        self.nodes[before].newer = place;
        self.nodes[place].older = before;
        self.nodes[place].newer = place;
        self.newest = place;
        if alone {
            self.oldest = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a vector in the order of use.
        #[test]
        fn it_forgets_what_was_used_longest_ago(
            capacity in 1_usize..6,
            uses in prop::collection::vec((any::<bool>(), 0_u8..10), 0..200),
        ) {
            let mut table = Table::new(capacity);
            let mut plain: Vec<(u8, usize)> = Vec::new();
            for (step, (insert, key)) in uses.into_iter().enumerate() {
                let known = plain.iter().position(|(there, _)| *there == key).map(|place| plain.remove(place));
                if insert {
                    let forgotten = (known.is_none() && plain.len() == capacity).then(|| plain.remove(0));
                    plain.push((key, step));
                    prop_assert_eq!(table.insert(key, step), forgotten);
                } else {
                    plain.extend(known);
                    prop_assert_eq!(table.touch(&key).copied(), known.map(|(_, value)| value));
                }
                prop_assert_eq!(table.len(), plain.len());
                for key in 0..10 {
                    let expected = plain.iter().find(|(there, _)| *there == key).map(|(_, value)| value);
                    prop_assert_eq!(table.get(&key), expected);
                }
            }
        }
    }
}
