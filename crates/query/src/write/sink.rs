//! Rows on their way into objects: one object for each partition.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use datafusion::arrow::array::{ArrayRef, UInt32Array};
use datafusion::arrow::compute::take_record_batch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::AsyncArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use futures::future::poll_fn;
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::path::Path as Key;
use tokio::io::AsyncWrite as _;
use uuid::Uuid;
use weir_store::{BucketName, Buckets, StoreError};

use super::arrange;
use super::format::{Format, Lines};
use super::options::WriteOptions;
use crate::error::{Code, Error};
use crate::hive::NULL_PARTITION;
use crate::text;

/// Most partitions that one statement writes to, as in Athena.
const MOST_PARTITIONS: usize = 100;

/// A partition that was written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) values: Vec<String>,
    pub(super) location: String,
}

/// Where the rows go.
pub(super) struct Sink {
    store: Arc<dyn ObjectStore>,
    bucket: BucketName,
    folder: String,
    /// Of the table.
    schema: SchemaRef,
    /// Of the objects: without the columns of the partitions.
    object: SchemaRef,
    options: WriteOptions,
    order: Option<Vec<Option<usize>>>,
    open: BTreeMap<Vec<String>, Writer>,
    written: Arc<Mutex<Vec<String>>>,
    rows: u64,
}

enum Writer {
    Parquet(Box<AsyncArrowWriter<BufWriter>>),
    Lines(Box<(Lines, BufWriter)>),
}

impl Sink {
    /// A sink into a folder, which must be empty.
    pub(super) async fn create(
        buckets: &Buckets,
        location: &str,
        schema: &SchemaRef,
        options: WriteOptions,
    ) -> Result<Self, Error> {
        let sink = Self::append(buckets, location, schema, options)?;
        let found = match buckets.place(&format!("s3://{}/{}", sink.bucket, sink.folder)) {
            Ok(place) => place.list().await.map_err(|error| cannot_write(location, &error))?,
            Err(StoreError::NotFound { .. }) => Vec::new(),
            Err(error) => return Err(cannot_write(location, &error)),
        };
        if found.is_empty() {
            return Ok(sink);
        }
        let message = format!("Target directory already exists and is not empty: {location}");
        Err(Error::new(Code::PathAlreadyExists, message))
    }

    /// A sink into a folder that may hold objects.
    pub(super) fn append(
        buckets: &Buckets,
        location: &str,
        schema: &SchemaRef,
        options: WriteOptions,
    ) -> Result<Self, Error> {
        let wrong = || {
            Error::new(Code::CannotWrite, format!("'{location}' is no folder of a bucket; write 's3://bucket/folder/'"))
        };
        let rest = location.strip_prefix("s3://").ok_or_else(wrong)?;
        let (bucket, folder) = rest.split_once('/').unwrap_or((rest, ""));
        let bucket: BucketName = bucket.parse().map_err(|_| wrong())?;
        let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        let folder = parts.iter().map(|part| format!("{part}/")).collect::<String>();
        let data = schema.fields().len().saturating_sub(options.partitioned_by.len());
        let last: Vec<&str> = schema.fields()[data..].iter().map(|field| field.name().as_str()).collect();
        if last != options.partitioned_by {
            let message = format!(
                "Partition keys must be the last columns in the table and in the same order as the table properties: [{}]",
                options.partitioned_by.join(", ")
            );
            return Err(Error::new(Code::NoLocation, message));
        }
        let object = schema.project(&(0..data).collect::<Vec<_>>());
        let object = Arc::new(object.map_err(|error| Error::new(Code::Internal, error.to_string()))?);
        let store = buckets.writer(&bucket).map_err(|error| cannot_write(location, &error))?;
        let (schema, open) = (Arc::clone(schema), BTreeMap::new());
        Ok(Sink { store, bucket, folder, schema, object, options, order: None, open, written: Arc::default(), rows: 0 })
    }

    /// The same, taking each column from another place in the rows; none for NULL.
    pub(super) fn arranged(self, order: Vec<Option<usize>>) -> Self {
        Sink { order: Some(order), ..self }
    }

    /// The names of the objects.
    pub(super) fn written(&self) -> Arc<Mutex<Vec<String>>> {
        Arc::clone(&self.written)
    }

    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.rows += batch.num_rows() as u64;
        let arranged = self.order.as_ref().map(|order| arrange(batch, &self.schema, order)).transpose()?;
        let batch = arranged.as_ref().unwrap_or(batch);
        for (values, rows) in self.split(batch) {
            let failed = |error| Error::new(Code::Internal, format!("rows cannot be taken: {error}"));
            let rows = match rows {
                Some(rows) => take_record_batch(batch, &rows).map_err(failed)?,
                None => batch.clone(),
            };
            let rows = rows.project(&(0..self.object.fields().len()).collect::<Vec<_>>()).map_err(failed)?;
            self.write_to(values, &rows).await?;
        }
        Ok(())
    }

    /// The rows of each partition; none stands for all.
    fn split(&self, batch: &RecordBatch) -> BTreeMap<Vec<String>, Option<UInt32Array>> {
        let keys: &[ArrayRef] = &batch.columns()[self.object.fields().len()..];
        if keys.is_empty() {
            return BTreeMap::from([(Vec::new(), None)]);
        }
        let mut rows: BTreeMap<Vec<String>, Vec<u32>> = BTreeMap::new();
        for (index, row) in (0..batch.num_rows()).zip(0_u32..) {
            let value = |key: &ArrayRef| text::value(key.as_ref(), index).unwrap_or_else(|| NULL_PARTITION.to_owned());
            rows.entry(keys.iter().map(value).collect()).or_default().push(row);
        }
        rows.into_iter().map(|(values, rows)| (values, Some(rows.into()))).collect()
    }

    async fn write_to(&mut self, values: Vec<String>, rows: &RecordBatch) -> Result<(), Error> {
        if !self.open.contains_key(&values) {
            if self.open.len() >= MOST_PARTITIONS {
                let message = format!("Exceeded limit of {MOST_PARTITIONS} open writers for partitions/buckets");
                return Err(Error::new(Code::TooManyPartitions, message));
            }
            let writer = self.writer(&values)?;
            self.open.insert(values.clone(), writer);
        }
        let folder = self.folder.clone();
        let failed = |error: &dyn std::fmt::Display| cannot_write(&folder, error);
        match self.open.get_mut(&values) {
            Some(Writer::Parquet(writer)) => writer.write(rows).await.map_err(|error| failed(&error)),
            Some(Writer::Lines(lines)) => {
                let (lines, out) = lines.as_mut();
                let ready = lines.write(&self.options.format, rows)?;
                out.put(Bytes::from(ready)).await.map_err(|error| failed(&error))
            }
            None => Ok(()),
        }
    }

    fn writer(&self, values: &[String]) -> Result<Writer, Error> {
        let name = format!("{}{}{}", self.below(values), Uuid::new_v4().simple(), self.options.format.ending());
        let key = Key::parse(&name).map_err(|error| cannot_write(&name, &error))?;
        self.written.lock().unwrap_or_else(PoisonError::into_inner).push(format!("s3://{}/{key}", self.bucket));
        let out = BufWriter::new(Arc::clone(&self.store), key);
        Ok(match self.options.format {
            Format::Parquet(compression) => {
                let properties = WriterProperties::builder().set_compression(compression).build();
                let writer = AsyncArrowWriter::try_new(out, Arc::clone(&self.object), Some(properties));
                Writer::Parquet(Box::new(writer.map_err(|error| cannot_write(&name, &error))?))
            }
            Format::Text { gzip, .. } | Format::Csv { gzip, .. } | Format::Json { gzip } => {
                Writer::Lines(Box::new((Lines::new(gzip), out)))
            }
        })
    }

    /// The folder of a partition, with a slash at its end.
    fn below(&self, values: &[String]) -> String {
        let pairs = self.options.partitioned_by.iter().zip(values);
        let folders: String = pairs.map(|(column, value)| format!("{column}={}/", escaped(value))).collect();
        format!("{}{folders}", self.folder)
    }

    /// Closes all objects. A table of no rows gets one object all the same when data are wanted.
    pub(super) async fn finish(mut self, with_data: bool) -> Result<(u64, Vec<Folder>), Error> {
        if self.open.is_empty() && with_data && self.options.partitioned_by.is_empty() && self.order.is_none() {
            self.write_to(Vec::new(), &RecordBatch::new_empty(Arc::clone(&self.object))).await?;
        }
        let mut folders = Vec::new();
        for (values, writer) in std::mem::take(&mut self.open) {
            let location = format!("s3://{}/{}", self.bucket, self.below(&values));
            close(writer, &location).await?;
            if !values.is_empty() {
                folders.push(Folder { values, location });
            }
        }
        Ok((self.rows, folders))
    }
}

async fn close(writer: Writer, location: &str) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| cannot_write(location, error);
    match writer {
        Writer::Parquet(writer) => writer.close().await.map(|_| ()).map_err(|error| failed(&error)),
        Writer::Lines(lines) => {
            let (lines, mut out) = *lines;
            out.put(Bytes::from(lines.finish()?)).await.map_err(|error| failed(&error))?;
            shut(&mut out).await.map_err(|error| failed(&error))
        }
    }
}

/// Makes an object of what was put into it.
pub(crate) async fn shut(out: &mut BufWriter) -> std::io::Result<()> {
    poll_fn(|context| Pin::new(&mut *out).poll_shutdown(context)).await
}

/// A value as part of a key. Hive escapes what means something in a path.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if c.is_control() || "\"#%'*/:=?\\{[]^".contains(c) {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// The error of an object that could not be written.
pub(crate) fn cannot_write(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(Code::CannotWrite, format!("{what} cannot be written: {error}"))
}

/// Puts one whole object.
pub(crate) async fn put_object(
    buckets: &Buckets,
    bucket: &BucketName,
    key: &str,
    content: Vec<u8>,
) -> Result<(), Error> {
    let name = format!("s3://{bucket}/{key}");
    buckets.put(bucket, key, content.into()).await.map_err(|error| cannot_write(&name, &error))
}
