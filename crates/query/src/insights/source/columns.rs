//! Columns of the table: events of a log group as the columns that a query needs.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array, StringViewArray, StringViewBuilder},
    compute::cast,
    datatypes::{DataType, Field as ArrowField, Int32Type, Int64Type},
    error::ArrowError,
};
use serde_json::Value as Json;
use weir_record::{Field, Kind as FieldKind};
use weir_store::logs::Events;

use super::{GROUP, INDEX, POSITION, TIMESTAMP, record_field, text_field};
use crate::insights::{
    function::{json_path, json_shown},
    value::Kind,
};

/// A column of the table.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::insights) enum Column {
    Timestamp,
    IngestionTime,
    Stream,
    Message,
    /// `<account>:<log group>`.
    Log,
    Pointer,
    Group,
    Position,
    Index,
    /// A number of records, when all events are records that have it.
    Number(Field),
    /// A field that is discovered: of a record, or of a JSON message.
    Found(String, Option<Field>),
}

/// Where events come from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// Which of the groups that are read.
    pub(super) group: i64,
    /// `<account>:<log group>`.
    pub(super) log: Arc<str>,
}

impl Column {
    pub(super) fn of(name: &str) -> Self {
        match name {
            TIMESTAMP => Column::Timestamp,
            "@ingestionTime" => Column::IngestionTime,
            "@logStream" => Column::Stream,
            "@message" => Column::Message,
            "@log" => Column::Log,
            "@ptr" => Column::Pointer,
            GROUP => Column::Group,
            POSITION => Column::Position,
            INDEX => Column::Index,
            other => Column::Found(other.to_owned(), record_field(other)),
        }
    }

    pub(in crate::insights) fn name(&self) -> &str {
        match self {
            Column::Timestamp => TIMESTAMP,
            Column::IngestionTime => "@ingestionTime",
            Column::Stream => "@logStream",
            Column::Message => "@message",
            Column::Log => "@log",
            Column::Pointer => "@ptr",
            Column::Group => GROUP,
            Column::Position => POSITION,
            Column::Index => INDEX,
            Column::Number(field) => super::discover::name_of(*field),
            Column::Found(name, _) => name,
        }
    }

    pub(in crate::insights) fn kind(&self) -> Kind {
        match self {
            Column::Timestamp | Column::IngestionTime => Kind::Time,
            Column::Group | Column::Position | Column::Index => Kind::Whole,
            Column::Number(_) => Kind::Dashed,
            Column::Stream | Column::Message | Column::Log | Column::Pointer | Column::Found(..) => Kind::Text,
        }
    }

    pub(super) fn field(&self) -> ArrowField {
        match self.kind() {
            Kind::Text => text_field(self.name()),
            kind => ArrowField::new(self.name(), kind.data_type(), matches!(self, Column::Number(_))),
        }
    }

    /// The fields of records that must be read for these columns; `None`: all of them, to write the message out.
    pub(super) fn needed<'a>(columns: impl Iterator<Item = &'a Column>) -> Option<BTreeSet<Field>> {
        let mut fields = BTreeSet::new();
        for column in columns {
            match column {
                Column::Message => return None,
                Column::Number(field) | Column::Found(_, Some(field)) => {
                    fields.insert(*field);
                }
                _ => {}
            }
        }
        Some(fields)
    }
}

/// These columns of some events.
pub(super) fn build<'a>(
    columns: impl Iterator<Item = &'a Column>,
    events: &Events,
    origin: &Origin,
) -> Result<Vec<ArrayRef>, ArrowError> {
    let columns: Vec<&Column> = columns.collect();
    let mut json = JsonColumns::new(&columns, events);
    columns.into_iter().map(|column| one(column, events, origin, &mut json)).collect()
}

fn one(column: &Column, events: &Events, origin: &Origin, json: &mut JsonColumns) -> Result<ArrayRef, ArrowError> {
    let rows = events.len();
    let keys = || (0..rows).map(|row| events.key(row));
    Ok(match column {
        Column::Timestamp => Arc::new(Int64Array::from(events.timestamps().to_vec())),
        Column::IngestionTime => Arc::new(Int64Array::from(events.ingestion_times().to_vec())),
        Column::Stream => cast(events.streams(), &DataType::Utf8View)?,
        Column::Message => cast(&events.messages()?, &DataType::Utf8View)?,
        Column::Log => constant(&origin.log, rows),
        Column::Pointer => {
            let pointers = keys().map(|key| Some(pointer(&origin.log, &key.to_id())));
            Arc::new(pointers.collect::<StringViewArray>())
        }
        Column::Group => Arc::new(Int64Array::from(vec![origin.group; rows])),
        Column::Position => Arc::new(Int64Array::from_iter_values(keys().map(|key| key.position.cast_signed()))),
        Column::Index => Arc::new(Int64Array::from_iter_values(keys().map(|key| i64::from(key.index)))),
        Column::Number(field) => match events.field(*field) {
            Some(numbers) => cast(numbers, &DataType::Int64)?,
            None => Arc::new(Int64Array::new_null(rows)),
        },
        Column::Found(name, field) => found(*field, events, json.take(name)),
    })
}

/// What [`Column::Pointer`] holds: the group, and the event's id in it.
pub(in crate::insights) fn pointer(log: &str, id: &str) -> String {
    format!("{id}:{log}")
}

fn constant(text: &str, rows: usize) -> ArrayRef {
    let mut column = StringViewBuilder::new();
    let block = column.append_block(text.as_bytes().to_vec().into());
    let length = u32::try_from(text.len()).unwrap_or(0);
    for _ in 0..rows {
        // A block of this text was just appended.
        if column.try_append_view(block, 0, length).is_err() {
            column.append_null();
        }
    }
    Arc::new(column.finish())
}

/// A discovered field: from the record where the event is one, otherwise from its JSON.
fn found(field: Option<Field>, events: &Events, json: Option<ArrayRef>) -> ArrayRef {
    let column = field.and_then(|field| Some((field, events.field(field)?)));
    let others = events.other_messages();
    let Some((field, column)) = column else {
        return json.unwrap_or_else(|| Arc::new(StringViewArray::new_null(events.len())));
    };
    if field.kind() == FieldKind::Text && others.null_count() == others.len() {
        return Arc::clone(column);
    }
    let json = json.as_ref().and_then(|json| json.as_string_view_opt());
    let mut texts = StringViewBuilder::with_capacity(events.len());
    for row in 0..events.len() {
        if others.is_null(row) {
            texts.append_option(cell(column, row));
        } else {
            texts.append_option(json.filter(|json| json.is_valid(row)).map(|json| json.value(row)));
        }
    }
    Arc::new(texts.finish())
}

/// A field of a record as its message has it.
fn cell(column: &ArrayRef, row: usize) -> Option<Cow<'_, str>> {
    if column.is_null(row) {
        return Some(Cow::Borrowed("-"));
    }
    match column.data_type() {
        DataType::Utf8View => Some(Cow::Borrowed(column.as_string_view().value(row))),
        DataType::Int32 => Some(Cow::Owned(column.as_primitive::<Int32Type>().value(row).to_string())),
        DataType::Int64 => Some(Cow::Owned(column.as_primitive::<Int64Type>().value(row).to_string())),
        _ => None,
    }
}

/// The fields of JSON messages, read in one pass over them.
struct JsonColumns {
    columns: Vec<(String, Option<ArrayRef>)>,
}

impl JsonColumns {
    fn new(columns: &[&Column], events: &Events) -> Self {
        let names: Vec<String> = columns
            .iter()
            .filter_map(|column| if let Column::Found(name, _) = column { Some(name.clone()) } else { None })
            .collect();
        let messages = events.other_messages();
        if names.is_empty() || messages.null_count() == messages.len() {
            return Self { columns: Vec::new() };
        }
        let mut builders: Vec<StringViewBuilder> = names.iter().map(|_| StringViewBuilder::new()).collect();
        for message in messages {
            let json: Option<Json> = message
                .filter(|text| text.trim_ascii_start().starts_with('{'))
                .and_then(|text| serde_json::from_str(text).ok());
            for (name, builder) in names.iter().zip(&mut builders) {
                let value = json.as_ref().and_then(|json| json_path(json, name));
                builder.append_option(value.and_then(json_shown));
            }
        }
        let arrays = builders.into_iter().map(|mut builder| Some(Arc::new(builder.finish()) as ArrayRef));
        Self { columns: names.into_iter().zip(arrays).collect() }
    }

    fn take(&mut self, name: &str) -> Option<ArrayRef> {
        self.columns.iter_mut().find(|(known, _)| known == name)?.1.take()
    }
}
