//! JSON lines: an object a record, keys as column or field names, absent fields left out.
//!
//! The columns are those of every record of the object, so it is read twice: first for its keys,
//! then for its values.

use std::{borrow::Cow, collections::HashMap, fmt, sync::Arc};

use arrow::{
    array::{ArrayRef, Int32Builder, Int64Builder, StringViewBuilder},
    datatypes::{self, DataType, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use memchr::memmem;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{ReadError, ReadOptions};
use crate::{Field, Refusals, text::TextChunks};

/// The most columns that an object may have.
const MOST_COLUMNS: usize = 1000;

/// Finds the columns of an object. Lines that are no JSON are passed over: reading refuses them.
pub(super) fn columns(object: &Arc<str>, mut chunks: TextChunks<'static>) -> Result<SchemaRef, ReadError> {
    let refuse = |problem| ReadError::Columns { object: Arc::clone(object), problem };
    let mut found = Found::default();
    // refused and damaged here is refused and damaged again when the values are read
    while let Some(Ok(chunk)) = chunks.next_chunk(object, &mut Refusals::default()) {
        for line in chunk.text.split(|byte| *byte == b'\n') {
            let mut json = serde_json::Deserializer::from_slice(line);
            let _: Result<(), _> = KeysOf(&mut found).deserialize(&mut json);
            if found.columns.len() > MOST_COLUMNS {
                return Err(refuse(format!("more than {MOST_COLUMNS} different keys: this is no flow log")));
            }
        }
    }
    if found.columns.iter().all(|column| column.field.is_none()) {
        let problem = "no line of this JSON has a key that is a field of a flow log record; `weir fields` lists them";
        return Err(refuse(problem.into()));
    }
    Ok(Arc::new(Schema::new(found.columns.iter().map(FoundColumn::arrow).collect::<Vec<_>>())))
}

#[derive(Default)]
struct Found {
    columns: Vec<FoundColumn>,
}

struct FoundColumn {
    name: String,
    field: Option<Field>,
    /// Whether every value of a column that is no field was a whole number.
    integers: bool,
}

impl Found {
    /// The column of a key. A new one goes behind `after`, so that the order of the keys stays that
    /// of the records even where the first ones left some out.
    fn place(&mut self, key: &str, after: Option<usize>) -> usize {
        let field = Field::from_name(key);
        let name = field.map_or(key, |field| field.column());
        let next = after.map_or(0, |after| after + 1);
        if self.columns.get(next).is_some_and(|column| column.name == name) {
            return next;
        }
        if let Some(known) = self.columns.iter().position(|column| column.name == name) {
            return known;
        }
        self.columns.insert(next, FoundColumn { name: name.into(), field, integers: true });
        next
    }
}

impl FoundColumn {
    fn arrow(&self) -> datatypes::Field {
        let data_type = match self.field {
            Some(field) => field.kind().data_type(),
            None if self.integers => DataType::Int64,
            None => DataType::Utf8View,
        };
        datatypes::Field::new(&self.name, data_type, true)
    }
}

struct KeysOf<'a>(&'a mut Found);

impl<'de> DeserializeSeed<'de> for KeysOf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for KeysOf<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut after = None;
        while let Some(key) = map.next_key_seed(Text)? {
            let place = self.0.place(&key, after);
            let integer = matches!(map.next_value_seed(AnyCell)?, Cell::Absent | Cell::Number(_));
            if let Some(column) = self.0.columns.get_mut(place) {
                column.integers &= integer;
            }
            after = Some(place);
            if self.0.columns.len() > MOST_COLUMNS {
                break;
            }
        }
        Ok(())
    }
}

/// Decodes JSON lines into batches of fixed columns.
pub(super) struct Decoder {
    schema: SchemaRef,
    /// Column of each name, with hyphens and with underscores.
    places: HashMap<String, usize>,
    strict: bool,
    batch_rows: usize,
}

/// What a key holds.
#[derive(Debug, Clone, PartialEq)]
enum Cell<'a> {
    Absent,
    Number(i64),
    Float(f64),
    Bool(bool),
    Text(Cow<'a, str>),
    /// What it is instead of a value that a record can have.
    Bad(&'static str),
}

enum Column {
    Int32(Int32Builder),
    Int64(Int64Builder),
    Text(StringViewBuilder),
}

impl Decoder {
    pub(super) fn new(schema: &SchemaRef, options: &ReadOptions) -> Self {
        let mut places = HashMap::new();
        for (place, column) in schema.fields().iter().enumerate() {
            places.insert(column.name().clone(), place);
            if let Some(field) = Field::from_name(column.name()) {
                places.insert(field.name().into(), place);
            }
        }
        Self { schema: Arc::clone(schema), places, strict: options.strict, batch_rows: options.batch_rows }
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Decodes whole lines. Empty lines are passed over, lines that do not fit refused.
    pub(super) fn decode(
        &self,
        object: &Arc<str>,
        text: &[u8],
        first_line: u64,
        refusals: &mut Refusals,
    ) -> Vec<RecordBatch> {
        let mut batches = Vec::new();
        let mut columns = self.empty();
        let mut rows = 0;
        for (line, number) in text.split(|byte| *byte == b'\n').zip(first_line..) {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            refusals.lines += 1;
            match self.row(line, &mut columns, refusals) {
                Ok(()) => rows += 1,
                Err((column, reason)) => refusals.refuse(object, number, column, || reason),
            }
            if rows == self.batch_rows {
                batches.extend(self.batch(std::mem::replace(&mut columns, self.empty())));
                rows = 0;
            }
        }
        if rows > 0 {
            batches.extend(self.batch(columns));
        }
        batches
    }

    fn empty(&self) -> Vec<Column> {
        let column = |field: &Arc<datatypes::Field>| match field.data_type() {
            DataType::Int32 => Column::Int32(Int32Builder::new()),
            DataType::Int64 => Column::Int64(Int64Builder::new()),
            _ => Column::Text(StringViewBuilder::new()),
        };
        self.schema.fields().iter().map(column).collect()
    }

    fn batch(&self, columns: Vec<Column>) -> Option<RecordBatch> {
        let finish = |column| -> ArrayRef {
            match column {
                Column::Int32(mut builder) => Arc::new(builder.finish()),
                Column::Int64(mut builder) => Arc::new(builder.finish()),
                Column::Text(mut builder) => Arc::new(builder.finish()),
            }
        };
        // the columns were made from the schema and filled together, so this never fails
        RecordBatch::try_new(Arc::clone(&self.schema), columns.into_iter().map(finish).collect()).ok()
    }

    /// Adds a line as a row, or says in which byte it does not fit and why.
    fn row(&self, line: &[u8], columns: &mut [Column], refusals: &mut Refusals) -> Result<(), (u32, String)> {
        let mut cells = vec![Cell::Absent; columns.len()];
        let mut json = serde_json::Deserializer::from_slice(line);
        let parsed = CellsOf { decoder: self, cells: &mut cells }.deserialize(&mut json).and_then(|()| json.end());
        if let Err(error) = parsed {
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default();
            return Err((u32::try_from(error.column().max(1)).unwrap_or(u32::MAX), format!("no record: {reason}")));
        }
        let mut bad = 0;
        for (place, cell) in cells.iter_mut().enumerate() {
            let data_type = self.schema.field(place).data_type();
            let Err(reason) = fit(cell, data_type) else { continue };
            if self.strict {
                let name = self.schema.field(place).name();
                return Err((position(line, name), format!("`{name}` {reason}")));
            }
            *cell = Cell::Absent;
            bad += 1;
        }
        refusals.nulled += bad;
        for (cell, column) in cells.iter().zip(columns) {
            column.push(cell);
        }
        Ok(())
    }
}

impl Column {
    fn push(&mut self, cell: &Cell<'_>) {
        let number = if let Cell::Number(number) = cell { Some(*number) } else { None };
        match self {
            Column::Int32(builder) => builder.append_option(number.and_then(|number| i32::try_from(number).ok())),
            Column::Int64(builder) => builder.append_option(number),
            Column::Text(builder) => builder.append_value(match cell {
                Cell::Text(text) if !text.is_empty() => text.as_ref(),
                _ => "-",
            }),
        }
    }
}

/// Turns a cell into what its column takes: a number that fits, or a text.
fn fit(cell: &mut Cell<'_>, data_type: &DataType) -> Result<(), String> {
    const WHOLE_FLOATS: f64 = 9_007_199_254_740_992.0;
    if let Cell::Bad(what) = cell {
        return Err(format!("is {what}; a record has numbers and texts"));
    }
    if *data_type == DataType::Utf8View {
        match cell {
            Cell::Number(number) => *cell = Cell::Text(number.to_string().into()),
            Cell::Float(number) => *cell = Cell::Text(number.to_string().into()),
            Cell::Bool(truth) => *cell = Cell::Text(truth.to_string().into()),
            _ => {}
        }
        return Ok(());
    }
    let number = match cell {
        Cell::Number(number) => Some(*number),
        Cell::Text(text) if matches!(text.as_ref(), "" | "-") => {
            *cell = Cell::Absent;
            return Ok(());
        }
        Cell::Text(text) => text.parse().ok(),
        #[allow(clippy::cast_possible_truncation, reason = "a whole number that a float holds exactly")]
        Cell::Float(number) if number.fract() == 0.0 && number.abs() <= WHOLE_FLOATS => Some(*number as i64),
        _ => None,
    };
    let Some(number) = number.or_else(|| (*cell == Cell::Absent).then_some(0)) else {
        return Err("is no whole number".into());
    };
    if *data_type == DataType::Int32 && i32::try_from(number).is_err() {
        return Err(format!("is {number}, which is out of range"));
    }
    if *cell != Cell::Absent {
        *cell = Cell::Number(number);
    }
    Ok(())
}

/// The byte of a line, from 1, at which this column's key stands.
fn position(line: &[u8], name: &str) -> u32 {
    let find = |name: &str| memmem::find(line, format!("\"{name}\"").as_bytes());
    let at = find(name).or_else(|| find(Field::from_name(name)?.name()));
    u32::try_from(at.unwrap_or(0) + 1).unwrap_or(u32::MAX)
}

struct CellsOf<'a, 'de> {
    decoder: &'a Decoder,
    cells: &'a mut [Cell<'de>],
}

impl<'de> DeserializeSeed<'de> for CellsOf<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for CellsOf<'_, 'de> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut next = 0;
        while let Some(key) = map.next_key_seed(Text)? {
            let fields = self.decoder.schema.fields();
            let place = match fields.get(next) {
                Some(column) if *column.name() == *key => Some(next),
                _ => self.decoder.places.get(key.as_ref()).copied(),
            };
            let cell = map.next_value_seed(AnyCell)?;
            let Some((place, slot)) = place.and_then(|place| Some((place, self.cells.get_mut(place)?))) else {
                continue;
            };
            *slot = if *slot == Cell::Absent { cell } else { Cell::Bad("given twice") };
            next = place + 1;
        }
        Ok(())
    }
}

/// A string, borrowed where it has no escapes.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

struct AnyCell;

impl<'de> DeserializeSeed<'de> for AnyCell {
    type Value = Cell<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyCell {
    type Value = Cell<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Cell::Absent)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Cell::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Cell::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(number).map_or_else(|_| Cell::Text(number.to_string().into()), Cell::Number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Cell::Float(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell::Bad("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cell::Bad("an object"))
    }
}
