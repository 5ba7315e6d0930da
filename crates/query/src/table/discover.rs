//! A table without DDL: what lies at a place, and which columns it has.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::parquet::arrow::parquet_to_arrow_schema;
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::ParquetMetaDataReader;
use futures::{StreamExt, stream};
use weir_record::compression;
use weir_record::read::{ReadOptions, Reader};
use weir_store::{Object, Place};

use super::unit::reason;
use super::{Partitions, Table, Unit, UnitFormat, cannot_open, results};
use crate::engine::Engine;
use crate::error::{Code, Error};
use crate::progress::BadObject;

/// Objects that are looked into at a time.
const AT_A_TIME: usize = 32;

/// How much of an object is read to see what it is. A header of every field is below 1 kB.
const START: u64 = 16 * 1024;

/// Which objects of a folder are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Whatever lies there.
    All,
    /// What flow logs delivered, by its key: `…/AWSLogs/<account>/vpcflowlogs/…`, or the Hive-compatible layout.
    FlowLogs,
}

impl Wanted {
    fn takes(self, object: &Object) -> bool {
        let key = object.meta.location.as_ref();
        self == Wanted::All || key.contains("/vpcflowlogs/") || key.contains("/aws-service=vpcflowlogs/")
    }
}

/// Most objects whose head is remembered. More are looked into again.
const REMEMBERED: usize = 200_000;

/// What objects turned out to be, by name and ETag: an object is looked into once.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    known: Mutex<HashMap<(Arc<str>, String), Head>>,
}

/// The format of an object and its columns.
type Head = (UnitFormat, SchemaRef);

impl Heads {
    fn get(&self, object: &Object) -> Option<Head> {
        let key = (Arc::clone(&object.name), object.meta.e_tag.clone()?);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    fn put(&self, object: &Object, head: Head) {
        let Some(tag) = object.meta.e_tag.clone() else { return };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert((Arc::clone(&object.name), tag), head);
    }
}

impl Table {
    /// The table of everything at these locations.
    ///
    /// # Errors
    /// When there is nothing, or something that cannot be read and `skip_bad_objects` is not set.
    pub(crate) async fn discover(
        engine: &Engine,
        locations: &[String],
        wanted: Wanted,
        skip_bad_objects: bool,
    ) -> Result<Self, Error> {
        let mut found = Vec::new();
        for location in locations {
            let place = Arc::new(engine.buckets.place(location).map_err(|error| cannot_open(&error))?);
            let objects = results::without(place.list().await.map_err(|error| cannot_open(&error))?);
            let objects = objects.into_iter().filter(|object| object.size() > 0 && wanted.takes(object));
            found.extend(objects.map(|object| (Arc::clone(&place), object)));
        }
        let looked: Vec<_> = stream::iter(found).map(|found| look(engine, found)).buffered(AT_A_TIME).collect().await;
        let mut bad = Vec::new();
        let mut known = Vec::new();
        for (place, object, looked) in looked {
            match looked {
                Ok((format, columns)) => known.push((place, object, format, columns)),
                Err(reason) if skip_bad_objects => {
                    bad.push(BadObject { object: object.name.to_string(), reason, partly: false });
                }
                Err(reason) => {
                    return Err(Error::new(
                        Code::BadObject,
                        format!(
                            "object {} cannot be read: {reason}; take it away, or read the rest with `--skip-bad-objects`",
                            object.name
                        ),
                    ));
                }
            }
        }
        if known.is_empty() {
            let places = locations.join(", ");
            return Err(Error::new(
                Code::NothingToRead,
                format!("nothing to read at {places}: there are no flow log objects"),
            ));
        }
        Ok(Self::of_objects(known, bad))
    }

    fn of_objects(known: Vec<(Arc<Place>, Object, UnitFormat, SchemaRef)>, bad: Vec<BadObject>) -> Self {
        let columns = union(known.iter().map(|(_, _, _, columns)| columns));
        let keys: Vec<BTreeMap<String, String>> =
            known.iter().map(|(_, object, _, _)| key_values(&object.name)).collect();
        let partition_columns: Vec<Field> = KEY_COLUMNS
            .iter()
            .map(|name| (*name).to_owned())
            .chain(
                keys.iter()
                    .flat_map(BTreeMap::keys)
                    .filter(|name| !KEY_COLUMNS.contains(&name.as_str()))
                    .cloned()
                    .collect::<std::collections::BTreeSet<_>>(),
            )
            .filter(|name| columns.index_of(name).is_err() && keys.iter().any(|key| key.contains_key(name)))
            .map(|name| Field::new(name, DataType::Utf8View, true))
            .collect();
        let mut units = Vec::new();
        for ((place, object, format, _), key) in known.into_iter().zip(&keys) {
            let value = |column: &Field| ScalarValue::Utf8View(key.get(column.name()).cloned());
            units.push(Unit { place, object, format, values: partition_columns.iter().map(value).collect() });
        }
        Table { columns, partition_columns, partitions: Partitions::Objects(units), bad }
    }
}

/// What an object is and which columns it has.
async fn look(
    engine: &Engine,
    (place, object): (Arc<Place>, Object),
) -> (Arc<Place>, Object, Result<(UnitFormat, SchemaRef), String>) {
    if let Some(head) = engine.heads.get(&object) {
        return (place, object, Ok(head));
    }
    let looked = look_into(&place, &object).await;
    if let Ok(head) = &looked {
        engine.heads.put(&object, head.clone());
    }
    (place, object, looked)
}

async fn look_into(place: &Place, object: &Object) -> Result<(UnitFormat, SchemaRef), String> {
    let start = place.read_range(object, 0..START.min(object.size())).await.map_err(|error| error.to_string())?;
    if start.starts_with(b"PAR1") {
        return Ok((UnitFormat::Parquet, parquet_columns(place, object).await?));
    }
    let line = first_line(&start)?;
    let options = ReadOptions::default();
    if line.trim_start().starts_with('{') {
        // The columns are those of every line.
        let opened = match &object.file {
            Some(path) => Reader::from_path(path, &options),
            None => {
                let whole = place.read(object).await.map_err(|error| error.to_string())?;
                Reader::from_bytes(Arc::clone(&object.name), whole, &options)
            }
        };
        return opened.map(|reader| (UnitFormat::Json, reader.schema())).map_err(reason);
    }
    let columns = Reader::from_bytes(Arc::clone(&object.name), line, &options).map_err(reason)?.schema();
    Ok((UnitFormat::Text { columns: Arc::clone(&columns) }, columns))
}

/// The first line of an object that is not empty, inflated.
fn first_line(start: &Bytes) -> Result<String, String> {
    let mut reader = compression::reader(start.as_ref()).map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => text.extend_from_slice(&piece[..read]),
            // Only the beginning was fetched: what came out before it broke off is enough or nothing is.
            Err(_) if has_line(&text) => break,
            Err(error) => return Err(error.to_string()),
        }
        if has_line(&text) || text.len() as u64 > START {
            break;
        }
    }
    let first = text.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8(first.to_vec()).map_err(|_| "it is neither text of flow log records nor Parquet".to_owned())
}

fn has_line(text: &[u8]) -> bool {
    text.trim_ascii_start().contains(&b'\n')
}

/// The columns of a Parquet object, from its footer.
async fn parquet_columns(place: &Place, object: &Object) -> Result<SchemaRef, String> {
    let size = object.size();
    let mut wanted = 64 * 1024;
    loop {
        let tail = size.saturating_sub(wanted)..size;
        let bytes = place.read_range(object, tail).await.map_err(|error| error.to_string())?;
        let mut reader = ParquetMetaDataReader::new();
        match reader.try_parse_sized(&bytes, size) {
            Ok(()) => {
                let metadata = reader.finish().map_err(|error| error.to_string())?;
                let file = metadata.file_metadata();
                let schema = parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata());
                return schema.map(Arc::new).map_err(|error| error.to_string());
            }
            Err(ParquetError::NeedMoreData(more)) if (more as u64) > wanted && wanted < size => wanted = more as u64,
            Err(error) => return Err(format!("it is Parquet that is damaged or cut short ({error})")),
        }
    }
}

/// The columns of all schemas, in the order in which they are first seen. Where types differ, numbers
/// widen, and everything else is text.
fn union<'a>(schemas: impl Iterator<Item = &'a SchemaRef>) -> SchemaRef {
    let mut columns: Vec<Field> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for field in schemas.flat_map(|schema| schema.fields()) {
        let kind = match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 => &DataType::Utf8View,
            other => other,
        };
        match places.get(field.name()) {
            None => {
                places.insert(field.name().clone(), columns.len());
                columns.push(Field::new(field.name(), kind.clone(), true));
            }
            Some(&place) => {
                let common = common_type(columns[place].data_type(), kind);
                columns[place] = columns[place].clone().with_data_type(common);
            }
        }
    }
    Arc::new(Schema::new(columns))
}

fn common_type(a: &DataType, b: &DataType) -> DataType {
    match (a, b) {
        (a, b) if a == b => a.clone(),
        (a, b) if a.is_signed_integer() && b.is_signed_integer() => DataType::Int64,
        _ => DataType::Utf8View,
    }
}

/// The columns that keys in the layouts of AWS give, in this order.
const KEY_COLUMNS: [&str; 7] = ["aws_account_id", "aws_service", "aws_region", "year", "month", "day", "hour"];

/// What the folders of a name say: `key=value` folders, and AWS's
/// `AWSLogs/<account>/vpcflowlogs/<region>/<year>/<month>/<day>[/<hour>]`.
fn key_values(name: &str) -> BTreeMap<String, String> {
    let mut folders: Vec<&str> = name.split('/').collect();
    folders.pop();
    let mut values: BTreeMap<String, String> = folders
        .iter()
        .filter_map(|folder| folder.split_once('='))
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (key.replace('-', "_").to_ascii_lowercase(), value.to_owned()))
        .collect();
    if let Some(at) = folders.iter().position(|folder| *folder == "AWSLogs")
        && let [account, service, rest @ ..] = &folders[at + 1..]
        && !account.contains('=')
    {
        let digits = |width: usize, text: &&&str| text.len() == width && text.bytes().all(|b| b.is_ascii_digit());
        values.insert("aws_account_id".to_owned(), (*account).to_owned());
        values.insert("aws_service".to_owned(), (*service).to_owned());
        let mut rest = rest.iter();
        if let Some(region) = rest.next() {
            values.insert("aws_region".to_owned(), (*region).to_owned());
        }
        for (column, width) in [("year", 4), ("month", 2), ("day", 2), ("hour", 2)] {
            let Some(value) = rest.next().filter(|text| digits(width, text)) else { break };
            values.insert(column.to_owned(), (*value).to_owned());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(name: &str) -> String {
        let pairs = key_values(name).into_iter().map(|(key, value)| format!("{key}={value}"));
        pairs.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn keys_of_both_layouts_say_the_same() {
        let day = "aws_account_id=123456789012 aws_region=us-east-1 aws_service=vpcflowlogs day=07";
        assert_eq!(
            values("s3://b/p/AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/03/07/x.log.gz"),
            format!("{day} month=03 year=2026")
        );
        assert_eq!(
            values(
                "/d/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2026/month=03/day=07/hour=23/x.parquet"
            ),
            format!("{day} hour=23 month=03 year=2026")
        );
        assert_eq!(values("/tmp/x/y.log"), "");
    }

    #[test]
    fn columns_are_united_and_widened() {
        let schema = |fields: &[(&str, DataType)]| {
            Arc::new(Schema::new(fields.iter().map(|(n, t)| Field::new(*n, t.clone(), true)).collect::<Vec<_>>()))
        };
        let one = schema(&[("a", DataType::Int32), ("b", DataType::Utf8)]);
        let two = schema(&[("b", DataType::Int32), ("c", DataType::Int32), ("a", DataType::Int64)]);
        let expected = schema(&[("a", DataType::Int64), ("b", DataType::Utf8View), ("c", DataType::Int32)]);
        assert_eq!(union([&one, &two].into_iter()), expected);
    }
}
