//! Where a command writes: standard output, or a file that appears whole or not at all.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::interrupt;

/// Somewhere to write to.
pub enum Destination {
    /// Standard output.
    Standard(BufWriter<io::Stdout>),
    /// A file, written under another name beside it until [`Destination::commit`].
    File(Unfinished),
}

/// A file that has its name only when it is whole; dropped or interrupted before that, it leaves nothing.
pub struct Unfinished {
    path: PathBuf,
    temporary: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Destination {
    /// Standard output when `path` is `-`, otherwise the file.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn new(path: &Path) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Standard(BufWriter::with_capacity(1 << 16, io::stdout())));
        }
        let name = path.file_name().with_context(|| format!("{}: not the name of a file", path.display()))?;
        let mut temporary = OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}.part", std::process::id()));
        let temporary = path.with_file_name(temporary);
        let file = interrupt::begin(&temporary, || File::create(&temporary))
            .with_context(|| format!("{}: cannot write there", path.display()))?;
        let file = Some(BufWriter::with_capacity(1 << 18, file));
        Ok(Self::File(Unfinished { path: path.to_owned(), temporary, file }))
    }

    /// All of it is written: the file gets its name.
    ///
    /// # Errors
    /// When the last bytes cannot be written, or the name cannot be given.
    pub fn commit(self) -> Result<()> {
        match self {
            Destination::Standard(mut out) => Ok(out.flush()?),
            Destination::File(mut unfinished) => {
                unfinished.finish().with_context(|| format!("{}: cannot write it", unfinished.path.display()))
            }
        }
    }
}

impl Unfinished {
    fn finish(&mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            let written = file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
            let named = written.and_then(|()| fs::rename(&self.temporary, &self.path));
            if named.is_err() {
                let _ = fs::remove_file(&self.temporary);
            }
            interrupt::finished(&self.temporary);
            return named;
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.temporary);
            interrupt::finished(&self.temporary);
        }
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Destination::Standard(out) => out.write(bytes),
            Destination::File(Unfinished { file: Some(file), .. }) => file.write(bytes),
            Destination::File(_) => Err(io::Error::other("written after the end")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Destination::Standard(out) => out.flush(),
            Destination::File(Unfinished { file: Some(file), .. }) => file.flush(),
            Destination::File(_) => Ok(()),
        }
    }
}
