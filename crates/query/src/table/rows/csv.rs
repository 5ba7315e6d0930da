//! OpenCSVSerde: cells that may stand in quotes. A line is a row: line ends within quotes are not read.

use super::{Cells, Properties};

/// The characters that mean something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Csv {
    pub(crate) separator: char,
    quote: char,
    escape: char,
}

impl Csv {
    /// A cell in quotes. Line ends in it become blanks, since none are read.
    pub(crate) fn quoted(&self, cell: &str) -> String {
        let mut out = String::from(self.quote);
        for c in cell.chars() {
            if c == self.quote || c == self.escape {
                out.push(self.escape);
            }
            out.push(if c == '\n' || c == '\r' { ' ' } else { c });
        }
        out.push(self.quote);
        out
    }

    pub(super) fn new(properties: Properties<'_>) -> Result<Self, String> {
        Ok(Self {
            separator: properties.character("separatorChar")?.unwrap_or(','),
            quote: properties.character("quoteChar")?.unwrap_or('"'),
            escape: properties.character("escapeChar")?.unwrap_or('\\'),
        })
    }

    pub(super) fn split<'l>(&self, line: &'l str, cells: &mut Cells<'l>) {
        if line.contains([self.quote, self.escape]) {
            self.split_quoted(line, cells);
        } else {
            cells.extend(line.split(self.separator).map(|cell| Some(cell.into())));
        }
    }

    fn split_quoted(&self, line: &str, cells: &mut Cells<'_>) {
        let mut cell = String::new();
        let mut quoted = false;
        let mut starts = true;
        let mut characters = line.chars().peekable();
        while let Some(c) = characters.next() {
            let next = characters.peek().copied();
            let is_escaped = |next: char| next == self.quote || (c == self.escape && next == self.escape);
            let start = std::mem::replace(&mut starts, false);
            if quoted && (c == self.quote || c == self.escape) && next.is_some_and(is_escaped) {
                cell.extend(characters.next());
            } else if c == self.quote {
                // One that stands amid a cell is part of it.
                let amid = !start && next.is_some_and(|next| next != self.separator);
                cell.extend(amid.then_some(c));
                quoted = !quoted;
            } else if c == self.separator && !quoted {
                cells.push(Some(std::mem::take(&mut cell).into()));
                starts = true;
            } else if c != self.escape {
                cell.push(c);
            }
        }
        cells.push(Some(cell.into()));
    }
}
