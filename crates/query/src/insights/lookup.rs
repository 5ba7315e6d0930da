//! Lookup tables: small tables in CSV that queries look values up in (`lookup`, `cidrlookup`).

use std::collections::HashMap;
use std::net::IpAddr;

use weir_store::Catalogue;

use super::{InsightsError, function::block_of, life};

/// A table as its CSV has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LookupTable {
    /// The names in the first line.
    pub(super) fields: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl LookupTable {
    /// Reads CSV whose first line names the columns.
    ///
    /// # Errors
    /// Says what is wrong with a text that is no such table.
    pub(super) fn parse(body: &str) -> Result<Self, String> {
        let mut lines = records(body)?.into_iter();
        let fields = lines.next().ok_or("the table is empty: its first line names the columns")?;
        for (place, name) in fields.iter().enumerate() {
            if name.is_empty() || fields[..place].contains(name) {
                return Err(format!("column {} of the table has no name of its own", place + 1));
            }
        }
        let rows: Vec<Vec<String>> = lines.collect();
        match rows.iter().position(|row| row.len() != fields.len()) {
            None => Ok(Self { fields, rows }),
            Some(row) => Err(format!("row {} of the table has not {} cells", row + 1, fields.len())),
        }
    }

    /// The place of a column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field == name)
    }

    /// The rows by what they have in these columns. Of rows with the same the first stays.
    pub(super) fn index(&self, columns: &[usize]) -> HashMap<Vec<String>, usize> {
        let mut index = HashMap::with_capacity(self.rows.len());
        for (place, row) in self.rows.iter().enumerate() {
            index.entry(columns.iter().map(|column| row[*column].clone()).collect()).or_insert(place);
        }
        index
    }

    /// The blocks of addresses in a column, the smallest first, with their rows.
    pub(super) fn blocks(&self, column: usize) -> Vec<(Block, usize)> {
        let block = |(place, row): (usize, &Vec<String>)| Some((block_of(&row[column])?, place));
        let mut blocks: Vec<(Block, usize)> = self.rows.iter().enumerate().filter_map(block).collect();
        blocks.sort_by_key(|(block, place)| (std::cmp::Reverse(block.length()), *place));
        blocks
    }
}

pub(super) use super::function::Block;

/// The row of the smallest block that an address is in.
pub(super) fn row_of(blocks: &[(Block, usize)], address: &str) -> Option<usize> {
    let address: IpAddr = address.parse().ok()?;
    blocks.iter().find(|(block, _)| block.contains(address)).map(|(_, place)| *place)
}

/// The records of a CSV text: cells between commas, in double quotes if need be, a quote in them doubled.
fn records(text: &str) -> Result<Vec<Vec<String>>, String> {
    let (mut records, mut record, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut blank) = (false, true);
    let mut characters = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => cell.extend(characters.next()),
            '"' => {
                quoted = !quoted;
                blank = false;
            }
            ',' if !quoted => {
                record.push(std::mem::take(&mut cell));
                blank = false;
            }
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                if !blank {
                    record.push(std::mem::take(&mut cell));
                    records.push(std::mem::take(&mut record));
                }
                blank = true;
            }
            c => {
                cell.push(c);
                blank = false;
            }
        }
    }
    if quoted {
        return Err("a quote has no end".to_owned());
    }
    if !blank {
        record.push(cell);
        records.push(record);
    }
    Ok(records)
}

/// A cell of CSV.
pub(super) fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// The lookup tables that queries know.
#[derive(Debug, Clone)]
pub struct Lookups(Catalogue);

impl Lookups {
    /// Those of a catalogue.
    ///
    /// # Errors
    /// When the catalogue refuses.
    pub fn open(catalogue: Catalogue) -> Result<Self, InsightsError> {
        life::provide(&catalogue)?;
        Ok(Self(catalogue))
    }

    /// The table of this name.
    pub(super) fn find(&self, name: &str) -> Result<Option<LookupTable>, InsightsError> {
        let Some(body) = self.0.change(|transaction| life::lookup_body(transaction, name))? else { return Ok(None) };
        LookupTable::parse(&body).map(Some).map_err(InsightsError::InvalidParameter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_read() {
        let table = LookupTable::parse("\u{feff}ip,name\r\n10.0.0.1,\"a, \"\"b\"\"\nc\"\n\n10.0.0.2,\n").unwrap();
        assert_eq!(table.fields, ["ip", "name"]);
        assert_eq!(table.rows, [["10.0.0.1", "a, \"b\"\nc"], ["10.0.0.2", ""]]);
        assert_eq!(quoted(&table.rows[0][1]), "\"a, \"\"b\"\"\nc\"");
        for wrong in ["", "\n", "a,a\n", "a,\n1,2", "a,b\n1", "a\n\"x"] {
            assert!(LookupTable::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_smallest_block_is_found() {
        let table = LookupTable::parse("net\n10.0.0.0/8\n10.1.0.0/16\nnone\n2001:db8::/32").unwrap();
        let blocks = table.blocks(0);
        for (address, row) in [("10.1.2.3", Some(1)), ("10.2.0.1", Some(0)), ("2001:db8::1", Some(3)), ("x", None)] {
            assert_eq!(row_of(&blocks, address), row, "{address}");
        }
    }
}
