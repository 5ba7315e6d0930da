//! Finding the ends of cells: 64 bytes at a time, without a branch a byte.

/// Where cells end in a block of text.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The ends of cells in order, line ends among them, behind [`NOWHERE`] for the start of the block.
    /// Only the first `count` are set.
    cells: Vec<u32>,
    count: usize,
}

/// In front of the block's first cell, and behind a line's last cell where further cells are missing.
pub(super) const NOWHERE: u32 = u32::MAX;

const GROUP: usize = 64;

impl Marks {
    /// The marks.
    pub(super) fn cells(&self) -> &[u32] {
        &self.cells[..self.count]
    }

    /// Marks the ends of cells and lines in `block`, which is less than 4 GiB.
    pub(super) fn scan(&mut self, block: &[u8], delimiter: u8) {
        self.start(block.len());
        self.count += write_ends(block, delimiter, &mut self.cells[self.count..]);
    }

    /// Forgets all marks and makes room for those of `bytes` bytes.
    pub(super) fn start(&mut self, bytes: usize) {
        self.reserve(1 + bytes + GROUP);
        self.cells[0] = NOWHERE;
        self.count = 1;
    }

    /// Adds the end of a cell.
    pub(super) fn end_cell(&mut self, at: u32) {
        self.add_row(&[at]);
    }

    /// Forgets the marks behind `last`.
    pub(super) fn cut_behind(&mut self, last: u32) {
        while self.count > 1 && self.cells[self.count - 1] > last {
            self.count -= 1;
        }
    }

    /// Adds marks behind the others; says where they begin.
    pub(super) fn add_row(&mut self, row: &[u32]) -> u32 {
        let first = self.count;
        self.count += row.len();
        self.reserve(self.count);
        self.cells[first..self.count].copy_from_slice(row);
        first as u32
    }

    fn reserve(&mut self, cells: usize) {
        if self.cells.len() < cells {
            self.cells.resize(cells.next_power_of_two(), 0);
        }
    }
}

/// Writes where cells and lines end in `block`, which `into` has room for; says how many ends there are.
fn write_ends(block: &[u8], delimiter: u8, into: &mut [u32]) -> usize {
    let mut count = 0;
    let (groups, rest) = block.as_chunks::<GROUP>();
    let mut at = 0;
    for group in groups {
        count += write_bits(&mut into[count..count + GROUP], at, ends(group, delimiter));
        at += GROUP as u32;
    }
    if !rest.is_empty() {
        let mut group = [0; GROUP];
        group[..rest.len()].copy_from_slice(rest);
        let inside = (1 << rest.len()) - 1;
        count += write_bits(&mut into[count..count + GROUP], at, ends(&group, delimiter) & inside);
    }
    count
}

/// Writes the set bits as positions from `at` on; says how many they are.
#[inline]
fn write_bits(mut into: &mut [u32], at: u32, mut bits: u64) -> usize {
    let count = bits.count_ones() as usize;
    // Four at a time whether they are there or not: what is too much is overwritten by the next.
    while bits != 0 {
        let Some((four, further)) = into.split_first_chunk_mut::<4>() else { break };
        for cell in four {
            *cell = at.wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
        into = further;
    }
    count
}

/// A bit for each byte of the group that ends a cell or a line, the lowest for the first byte.
///
/// Written so that the compiler makes vector instructions of it: byte `j` of word `i` sets bit `i` of
/// byte `j`, and then rows and columns of that square change places.
#[inline]
fn ends(group: &[u8; GROUP], delimiter: u8) -> u64 {
    const BITS: [u8; GROUP] = {
        let mut bits = [0; GROUP];
        let mut place = 0;
        while place < GROUP {
            bits[place] = 1 << (place / 8);
            place += 1;
        }
        bits
    };
    // By index: an iterator that is not inlined here would make it a loop over bytes.
    let mut marked = [0; GROUP];
    let mut place = 0;
    while place < GROUP {
        let byte = group[place];
        marked[place] = if (byte == delimiter) | (byte == b'\n') { BITS[place] } else { 0 };
        place += 1;
    }
    let (words, _) = marked.as_chunks::<8>();
    transposed(words.iter().fold(0, |square, word| square | u64::from_le_bytes(*word)))
}

/// Bit `j` of byte `i` becomes bit `i` of byte `j`.
#[inline]
fn transposed(square: u64) -> u64 {
    let swap = |bits: u64, distance: u32, which: u64| {
        let different = (bits ^ (bits >> distance)) & which;
        bits ^ different ^ (different << distance)
    };
    let pairs = swap(square, 7, 0x00aa_00aa_00aa_00aa);
    let fours = swap(pairs, 14, 0x0000_cccc_0000_cccc);
    swap(fours, 28, 0x0000_0000_f0f0_f0f0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn marks_are_where_the_bytes_are(
            block in proptest::collection::vec(prop_oneof![Just(b' '), Just(b'\n'), Just(b'x'), Just(0xc3)], 0..400),
            delimiter in prop_oneof![Just(b' '), 0_u8..128],
        ) {
            let mut marks = Marks::default();
            for _ in 0..2 {
                marks.scan(&block, delimiter);
                let expected: Vec<u32> = (0..)
                    .zip(&block)
                    .filter(|(_, byte)| **byte == delimiter || **byte == b'\n')
                    .map(|(at, _)| at)
                    .collect();
                prop_assert_eq!(marks.cells()[0], NOWHERE);
                prop_assert_eq!(&marks.cells()[1..], &expected);
            }
        }
    }

    #[test]
    fn marks_are_cut_and_added_behind() {
        let mut marks = Marks::default();
        marks.scan(b"a b\nc d", b' ');
        marks.cut_behind(3);
        assert_eq!(marks.add_row(&[7, NOWHERE]), 3);
        assert_eq!(marks.cells(), [NOWHERE, 1, 3, 7, NOWHERE]);
    }
}
