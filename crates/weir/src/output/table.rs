//! A table for people: columns side by side, fitted to the terminal.

use std::io::Write;

use anyhow::Result;
use arrow::{datatypes::Schema, record_batch::RecordBatch};

/// Rows that are looked at to choose the widths; what comes later has to fit.
const LOOK_AHEAD: usize = 1000;
/// No column is made narrower than this to fit the terminal.
const NARROWEST: usize = 8;
/// Between two columns.
const GAP: &str = "  ";

pub(super) struct Table<W> {
    out: W,
    names: Vec<String>,
    numeric: Vec<bool>,
    /// Characters of a line, if it has to fit.
    width: Option<usize>,
    /// The first rows, until the widths are chosen.
    held: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl<W: Write> Table<W> {
    pub(super) fn new(schema: &Schema, out: W, width: Option<usize>) -> Self {
        let names = schema.fields().iter().map(|field| printable(field.name())).collect();
        let numeric = schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
        Self { out, names, numeric, width, held: Vec::new(), widths: None }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = super::texts(batch.columns())?;
        for row in 0..batch.num_rows() {
            let mut cells = Vec::with_capacity(columns.len());
            for (texts, column) in columns.iter().zip(batch.columns()) {
                let mut text = String::new();
                if column.is_valid(row) {
                    texts.push(row, &mut text)?;
                }
                cells.push(if column.is_null(row) { "NULL".to_owned() } else { printable(&text) });
            }
            if let Some(widths) = &self.widths {
                write_row(&mut self.out, &cells, widths, &self.numeric)?;
                continue;
            }
            self.held.push(cells);
            if self.held.len() == LOOK_AHEAD {
                self.start()?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<W> {
        if self.widths.is_none() {
            self.start()?;
        }
        Ok(self.out)
    }

    /// Chooses the widths, and writes the heading and the rows held so far.
    fn start(&mut self) -> Result<()> {
        let natural = |column: usize| {
            let cells = self.held.iter().map(|row| &row[column]);
            cells.chain([&self.names[column]]).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.names.len()).map(natural).collect();
        if let Some(width) = self.width {
            fit(&mut widths, width);
        }
        write_row(&mut self.out, &self.names, &widths, &self.numeric)?;
        let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        write_row(&mut self.out, &rule, &widths, &self.numeric)?;
        for row in self.held.drain(..) {
            write_row(&mut self.out, &row, &widths, &self.numeric)?;
        }
        self.widths = Some(widths);
        Ok(())
    }
}

/// Takes from the widest columns until the line fits, or every column is at its narrowest.
fn fit(widths: &mut [usize], line: usize) {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > line {
        let Some(widest) = widths.iter_mut().max() else { return };
        if *widest <= NARROWEST {
            return;
        }
        *widest -= 1;
    }
}

fn write_row(out: &mut impl Write, cells: &[String], widths: &[usize], numeric: &[bool]) -> Result<()> {
    let mut line = String::new();
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            line.push_str(GAP);
        }
        let width = widths[index];
        let characters = cell.chars().count();
        let padding = " ".repeat(width.saturating_sub(characters));
        if characters > width {
            line.extend(cell.chars().take(width.saturating_sub(1)));
            line.push('…');
        } else if numeric[index] {
            line.push_str(&padding);
            line.push_str(cell);
        } else {
            line.push_str(cell);
            line.push_str(&padding);
        }
    }
    writeln!(out, "{}", line.trim_end())?;
    Ok(())
}

/// The text with control characters escaped: a record must not be able to steer the terminal.
fn printable(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}
