//! What is written, as the name of the output says it.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use arrow::datatypes::Schema;
use weir_record::{
    FileFormat,
    compression::Compression,
    write::{Options, Writer},
};

use crate::{Usage, destination::Destination};

/// Where to write, and in which format.
pub struct Target {
    path: PathBuf,
    options: Options,
}

impl Target {
    /// Reads format and compression from the end of the name; `to` names the format if it is given.
    pub(super) fn new(path: &Path, to: Option<&str>) -> Result<Self> {
        if path.is_dir() {
            bail!(Usage(format!("{}: it is a directory; name the file to write", path.display())));
        }
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let (stem, compression) = match name.rsplit_once('.') {
            Some((stem, "gz")) => (stem, Compression::Gzip),
            Some((stem, "zst")) => (stem, Compression::Zstd),
            _ => (name.as_str(), Compression::None),
        };
        let by_name = match stem.rsplit_once('.') {
            Some((_, "log" | "txt")) => Some(FileFormat::PlainText),
            Some((_, "parquet")) => Some(FileFormat::Parquet),
            Some((rest, "json" | "jsonl" | "ndjson")) if rest.ends_with(".ocsf") => Some(FileFormat::Ocsf),
            Some((_, "json" | "jsonl" | "ndjson")) => Some(FileFormat::Json),
            Some((_, "cef")) => Some(FileFormat::Cef),
            Some((_, "ocsf")) => Some(FileFormat::Ocsf),
            _ if name == "-" => Some(FileFormat::PlainText),
            _ => None,
        };
        let by_option = to.and_then(|to| FileFormat::ALL.into_iter().find(|format| format.name() == to));
        let Some(file_format) = by_option.or(by_name) else {
            bail!(Usage(format!(
                "{}: the name does not say what to write; end it in .log.gz, .parquet, .json, .cef or .ocsf.json, or give --to",
                path.display()
            )));
        };
        let compression = match (file_format, compression) {
            (FileFormat::Parquet, Compression::None) => Compression::Zstd,
            (_, compression) => compression,
        };
        Ok(Self { path: path.to_owned(), options: Options { compression, ..Options::of(file_format) } })
    }

    /// Starts the output.
    pub(super) fn create(&self, schema: &Schema) -> Result<Writer<Destination>> {
        Ok(Writer::new(Destination::new(&self.path)?, schema, &self.options)?)
    }
}
