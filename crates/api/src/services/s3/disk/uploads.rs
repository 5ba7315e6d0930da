//! Uploads in parts.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::PathBuf,
};

use rusqlite::{OptionalExtension, Row};
use s3s::S3Result;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weir_store::CatalogueError;

use super::{
    Bucket, Disk,
    commit::make_parent,
    place,
    stage::{Digests, Filled, Staged},
};
use crate::services::s3::{
    checksum::{Algorithm, Hasher, Sum},
    error::{broke, no_such_upload},
    facts::Facts,
};

/// An upload that is neither complete nor aborted.
#[derive(Debug, Clone)]
pub(in super::super) struct Upload {
    pub(in super::super) id: String,
    pub(in super::super) key: String,
    /// Unix milliseconds.
    pub(in super::super) started: i64,
    pub(in super::super) facts: UploadFacts,
}

/// What the client said of an upload at its start.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct UploadFacts {
    pub(in super::super) object: Facts,
    /// None if the client did not choose one.
    pub(in super::super) algorithm: Option<Algorithm>,
    /// Whether the checksum is over all bytes; otherwise over the checksums of the parts.
    pub(in super::super) is_full_object: bool,
}

/// A part that was uploaded.
#[derive(Debug, Clone)]
pub(in super::super) struct Part {
    pub(in super::super) number: i32,
    /// Bytes.
    pub(in super::super) size: u64,
    /// Unix milliseconds.
    pub(in super::super) modified: i64,
    pub(in super::super) facts: PartDigests,
    file: String,
}

/// The digests of a part.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct PartDigests {
    /// MD5.
    pub(in super::super) etag: String,
    pub(in super::super) sum: Sum,
}

fn document<T: for<'a> Deserialize<'a>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    let kind = rusqlite::types::Type::Text;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error)))
}

fn upload(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload { id: row.get(0)?, key: row.get(1)?, started: row.get(2)?, facts: document(row, 3)? })
}

fn part(row: &Row<'_>) -> rusqlite::Result<Part> {
    Ok(Part {
        number: row.get(0)?,
        file: row.get(1)?,
        size: row.get::<_, i64>(2)?.unsigned_abs(),
        modified: row.get(3)?,
        facts: document(row, 4)?,
    })
}

impl Disk {
    /// Begins an upload, and gives its id.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn begin_upload(
        &self,
        bucket: &Bucket,
        key: &str,
        facts: &UploadFacts,
        now: i64,
    ) -> S3Result<String> {
        let id = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let facts = serde_json::to_string(facts).map_err(broke)?;
        self.change(|on| {
            on.execute("INSERT INTO s3_upload VALUES (?1, ?2, ?3, ?4, ?5)", (&id, &bucket.name, key, now, facts))?;
            Ok(())
        })?;
        Ok(id)
    }

    /// An upload of this key.
    ///
    /// # Errors
    /// There is none.
    pub(in super::super) fn upload(&self, bucket: &Bucket, key: &str, id: &str) -> S3Result<Upload> {
        let found = self.change(|on| {
            let sql = "SELECT id, key, started, facts FROM s3_upload WHERE id = ?1 AND bucket = ?2 AND key = ?3";
            Ok(on.query_row(sql, (id, &bucket.name, key), upload).optional()?)
        })?;
        found.ok_or_else(|| no_such_upload(id))
    }

    /// The uploads of a bucket whose keys begin with a prefix, by key and age.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn uploads(&self, bucket: &Bucket, prefix: &str) -> S3Result<Vec<Upload>> {
        self.change(|on| {
            let mut select = on.prepare_cached(
                "SELECT id, key, started, facts FROM s3_upload WHERE bucket = ?1 AND substr(key, 1, length(?2)) = ?2
                 ORDER BY key, started, id",
            )?;
            let uploads = select.query_map((&bucket.name, prefix), upload)?.collect::<Result<_, _>>()?;
            Ok(uploads)
        })
    }

    /// The parts of an upload, by number.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn parts(&self, upload: &str) -> S3Result<Vec<Part>> {
        self.change(|on| {
            let mut select = on.prepare_cached(
                "SELECT number, file, size, modified, facts FROM s3_part WHERE upload = ?1 ORDER BY number",
            )?;
            let parts = select.query_map([upload], part)?.collect::<Result<_, _>>()?;
            Ok(parts)
        })
    }

    /// Takes a file as a part, in place of an earlier one of the number.
    ///
    /// # Errors
    /// The upload is gone, or the disk refuses.
    pub(in super::super) fn put_part(
        &self,
        bucket: &Bucket,
        upload: &Upload,
        number: i32,
        mut staged: Staged,
        digests: &PartDigests,
        now: i64,
    ) -> S3Result<()> {
        staged.file.sync_all().map_err(broke)?;
        let _locked = self.lock(&bucket.name, &upload.id);
        let upload = self.upload(bucket, &upload.key, &upload.id)?;
        let file = format!("{}-{number}-{}", upload.id, Uuid::new_v4().simple());
        let path = bucket.part(&file);
        let moved = make_parent(&path).and_then(|()| fs::rename(&staged.path, &path));
        moved.and_then(|()| place::sync_folders(&bucket.folder, &path)).map_err(broke)?;
        staged.kept = true;
        let facts = serde_json::to_string(digests).map_err(broke)?;
        let size = i64::try_from(staged.size).unwrap_or(i64::MAX);
        let replaced = self.change(|on| {
            let sql = "SELECT file FROM s3_part WHERE upload = ?1 AND number = ?2";
            let replaced: Option<String> = on.query_row(sql, (&upload.id, number), |row| row.get(0)).optional()?;
            let sql = "INSERT OR REPLACE INTO s3_part VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            on.execute(sql, (&upload.id, number, &file, size, now, facts))?;
            Ok(replaced)
        })?;
        if let Some(replaced) = replaced {
            let _ = fs::remove_file(bucket.part(&replaced));
        }
        Ok(())
    }

    /// Puts parts together, in this order; the hasher, if there is one, sees all bytes.
    ///
    /// # Errors
    /// The upload is gone by now, or those of the disk.
    pub(in super::super) fn assemble(
        &self,
        bucket: &Bucket,
        upload: &Upload,
        parts: &[Part],
        mut hasher: Option<Hasher>,
    ) -> S3Result<(Staged, Option<Sum>)> {
        let mut staged = self.stage(bucket)?;
        for part in parts {
            let file = match File::open(bucket.part(&part.file)) {
                Ok(file) => file,
                // Another request has completed or aborted it.
                Err(_) if self.upload(bucket, &upload.key, &upload.id).is_err() => {
                    return Err(no_such_upload(&upload.id));
                }
                Err(error) => return Err(broke(error)),
            };
            match &mut hasher {
                Some(hasher) => append(&mut staged, file, |bytes| hasher.update(bytes))?,
                None => staged.append(file)?,
            }
        }
        Ok((staged, hasher.map(Hasher::finish)))
    }

    /// Forgets an upload and its parts.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn end_upload(&self, bucket: &Bucket, id: &str) -> S3Result<()> {
        let _locked = self.lock(&bucket.name, id);
        let parts = self.parts(id)?;
        self.change(|on| {
            on.execute("DELETE FROM s3_upload WHERE id = ?1", [id])?;
            Ok::<_, CatalogueError>(())
        })?;
        for part in parts {
            let _ = fs::remove_file(bucket.part(&part.file));
        }
        Ok(())
    }
}

impl Bucket {
    pub(super) fn part(&self, file: &str) -> PathBuf {
        self.system("parts", file)
    }
}

/// Copies a file to the end of a staged one, and shows its bytes.
///
/// # Errors
/// Those of the disk.
fn append(staged: &mut Staged, mut file: impl Read, mut see: impl FnMut(&[u8])) -> S3Result<()> {
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                see(&chunk[..length]);
                staged.write(&chunk[..length])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broke(error)),
        }
    }
}

impl Disk {
    /// Copies `length` bytes of a file from `at` on into a new one.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn copy(
        &self,
        bucket: &Bucket,
        mut file: File,
        at: u64,
        length: u64,
        algorithm: Algorithm,
    ) -> S3Result<Filled> {
        use std::io::{Seek, SeekFrom};
        let mut staged = self.stage(bucket)?;
        let mut digests = Digests::new(algorithm);
        file.seek(SeekFrom::Start(at)).map_err(broke)?;
        append(&mut staged, file.take(length), |bytes| digests.update(bytes))?;
        Ok(staged.filled(digests))
    }
}
