//! The definitions of flow logs that were recorded here: what waits of one can be delivered after it is gone.

use std::{fs, io, path::Path};

use anyhow::{Context as _, Result};
use weir_network::FlowLog;

/// The folder in the data directory.
const FOLDER: &str = "flow-logs";

/// Keeps a definition, durably.
///
/// # Errors
/// When it cannot be written.
pub fn keep(data: &Path, flow_log: &FlowLog) -> Result<()> {
    let folder = data.join(FOLDER);
    let file = folder.join(format!("{}.json", flow_log.id));
    let write = || -> io::Result<()> {
        fs::create_dir_all(&folder)?;
        let mut unfinished = tempfile::NamedTempFile::new_in(&folder)?;
        serde_json::to_writer(&mut unfinished, flow_log)?;
        unfinished.as_file().sync_all()?;
        unfinished.persist(&file)?;
        fs::File::open(&folder)?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

/// A definition that was kept, if it was. The id must be checked.
///
/// # Errors
/// When it cannot be read, or is damaged.
pub fn read(data: &Path, id: &str) -> Result<Option<FlowLog>> {
    let file = data.join(FOLDER).join(format!("{id}.json"));
    let text = match fs::read(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    serde_json::from_slice(&text).map(Some).with_context(|| format!("{} is damaged", file.display()))
}
