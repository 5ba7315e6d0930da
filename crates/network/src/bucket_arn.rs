//! Where in which bucket: `arn:aws:s3:::bucket/folder/`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{BucketName, BucketNameError};

/// A bucket and a folder in it, as `LogDestination` of CreateFlowLogs has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BucketArn {
    bucket: BucketName,
    folder: String,
}

/// Why a destination was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BucketArnError {
    /// The beginning is something else.
    #[error("`{0}` is no bucket arn: write arn:aws:s3:::bucket or arn:aws:s3:::bucket/folder/")]
    Prefix(String),
    /// The account or region is not empty, or missing, as in the `arn:aws:s3::bucket` that some guides print.
    #[error("`{given}` is no bucket arn: there are three colons between s3 and the bucket; write {meant}")]
    Colons {
        /// What was written.
        given: String,
        /// What was probably meant.
        meant: String,
    },
    /// The name breaks the rules for names of buckets.
    #[error(transparent)]
    BucketName(#[from] BucketNameError),
    /// The folder is reserved.
    #[error("folder `{0}` is not allowed: AWSLogs is the folder that delivery makes by itself; leave it out")]
    ReservedFolder(String),
    /// The folder cannot be part of a key.
    #[error(
        "folder `{0}` is not allowed: write names separated by single slashes, without `.` and `..`, up to 512 bytes"
    )]
    Folder(String),
}

impl BucketArn {
    /// A folder in a bucket; slashes at the ends of the folder do not matter, an empty folder is the whole bucket.
    ///
    /// # Errors
    /// When the name of the bucket or the folder is not allowed.
    pub fn new(bucket: &str, folder: &str) -> Result<Self, BucketArnError> {
        let bucket: BucketName = bucket.parse()?;
        if let Some(problem) = bucket.reserved() {
            return Err(BucketNameError { name: bucket.into(), problem }.into());
        }
        let trimmed = folder.strip_prefix('/').unwrap_or(folder);
        let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
        check_folder(trimmed)?;
        Ok(Self { bucket, folder: trimmed.to_owned() })
    }

    /// Name of the bucket.
    pub fn bucket(&self) -> &BucketName {
        &self.bucket
    }

    /// Folder without slashes at its ends; empty for none.
    pub fn folder(&self) -> &str {
        &self.folder
    }
}

impl FromStr for BucketArn {
    type Err = BucketArnError;

    fn from_str(arn: &str) -> Result<Self, Self::Err> {
        let rest = ["aws", "aws-cn", "aws-us-gov"]
            .iter()
            .find_map(|partition| arn.strip_prefix("arn:")?.strip_prefix(partition)?.strip_prefix(":s3:"))
            .ok_or_else(|| BucketArnError::Prefix(arn.to_owned()))?;
        let Some(path) = rest.strip_prefix("::") else {
            let path = rest.rsplit(':').next().unwrap_or_default();
            let meant = format!("arn:aws:s3:::{path}");
            return Err(BucketArnError::Colons { given: arn.to_owned(), meant });
        };
        let (bucket, folder) = path.split_once('/').unwrap_or((path, ""));
        Self::new(bucket, folder)
    }
}

impl fmt::Display for BucketArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:aws:s3:::{}", self.bucket)?;
        if self.folder.is_empty() { Ok(()) } else { write!(f, "/{}/", self.folder) }
    }
}

impl From<BucketArn> for String {
    fn from(arn: BucketArn) -> Self {
        arn.to_string()
    }
}

impl TryFrom<String> for BucketArn {
    type Error = BucketArnError;

    fn try_from(arn: String) -> Result<Self, Self::Error> {
        arn.parse()
    }
}

fn check_folder(folder: &str) -> Result<(), BucketArnError> {
    if folder.is_empty() {
        return Ok(());
    }
    let good = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.chars().any(char::is_control);
    if folder.len() > 512 || !folder.split('/').all(good) {
        return Err(BucketArnError::Folder(folder.to_owned()));
    }
    if folder.split('/').any(|part| part == "AWSLogs") {
        return Err(BucketArnError::ReservedFolder(folder.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_read_and_written() {
        for (arn, bucket, folder, written) in [
            ("arn:aws:s3:::flow-logs", "flow-logs", "", "arn:aws:s3:::flow-logs"),
            ("arn:aws:s3:::flow-logs/", "flow-logs", "", "arn:aws:s3:::flow-logs"),
            ("arn:aws:s3:::flow-logs/a/b/", "flow-logs", "a/b", "arn:aws:s3:::flow-logs/a/b/"),
            ("arn:aws-cn:s3:::logs.example.com/a", "logs.example.com", "a", "arn:aws:s3:::logs.example.com/a/"),
        ] {
            let read: BucketArn = arn.parse().unwrap();
            assert_eq!((read.bucket().as_str(), read.folder()), (bucket, folder));
            assert_eq!(read.to_string(), written);
        }
    }

    #[test]
    fn two_colons_are_refused_with_what_to_write() {
        let error = "arn:aws:s3::flow-logs".parse::<BucketArn>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`arn:aws:s3::flow-logs` is no bucket arn: there are three colons between s3 and the bucket; \
             write arn:aws:s3:::flow-logs"
        );
        let error = "arn:aws:s3:us-east-1:123456789012:flow-logs/a".parse::<BucketArn>().unwrap_err();
        assert!(error.to_string().ends_with("write arn:aws:s3:::flow-logs/a"), "{error}");
    }

    #[test]
    fn what_breaks_a_rule_is_refused() {
        for (arn, words) in [
            ("", "is no bucket arn"),
            ("flow-logs", "is no bucket arn"),
            ("arn:aws:logs:us-east-1:123456789012:log-group:x", "is no bucket arn"),
            ("arn:aws:s3:::", "3 to 63"),
            ("arn:aws:s3:::ab", "3 to 63"),
            ("arn:aws:s3:::Flow-Logs", "lower-case"),
            ("arn:aws:s3:::flow_logs", "lower-case"),
            ("arn:aws:s3:::-flow-logs", "begin and end it"),
            ("arn:aws:s3:::flow-logs.", "begin and end"),
            ("arn:aws:s3:::flow..logs", "two dots"),
            ("arn:aws:s3:::192.168.5.4", "an IPv4 address"),
            ("arn:aws:s3:::xn--logs", "AWS itself"),
            ("arn:aws:s3:::logs-s3alias", "AWS itself"),
            ("arn:aws:s3:::flow-logs/AWSLogs/", "AWSLogs is the folder that delivery makes"),
            ("arn:aws:s3:::flow-logs/a/AWSLogs", "AWSLogs is the folder that delivery makes"),
            ("arn:aws:s3:::flow-logs/a//b", "single slashes"),
            ("arn:aws:s3:::flow-logs/../b", "single slashes"),
            ("arn:aws:s3:::flow-logs/a\nb", "single slashes"),
        ] {
            let error = arn.parse::<BucketArn>().unwrap_err();
            assert!(error.to_string().contains(words), "{arn}: {error}");
        }
        assert!("arn:aws:s3:::flow-logs/AWSLogs2".parse::<BucketArn>().is_ok());
    }
}
