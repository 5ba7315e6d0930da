//! Which tables there are without any definition.

use std::sync::Arc;

use weir_query::Finder;
use weir_store::{BucketName, Buckets};

/// The name of the table of the bucket that flow logs go to when nobody says otherwise.
const USUAL: &str = "vpc_flow_logs";

/// A table for each bucket of this machine: `vpc_flow_logs` for `usual`, otherwise the bucket's name with `_` for what
/// no name of a table may hold. Buckets without anything from a flow log give no table.
pub fn flow_log_tables(buckets: Buckets, usual: BucketName) -> Finder {
    Arc::new(move || {
        // A root that cannot be read has no tables; statements that name one say so.
        let names = buckets.names().unwrap_or_default();
        let table = |bucket: &BucketName| if *bucket == usual { USUAL.to_owned() } else { table_name(bucket.as_str()) };
        let has_records = |bucket: &BucketName| buckets.folder(bucket).is_some_and(|folder| has_flow_logs(&folder, 0));
        names
            .iter()
            .filter(|bucket| has_records(bucket))
            .map(|bucket| (table(bucket), format!("s3://{bucket}/")))
            .collect()
    })
}

fn table_name(bucket: &str) -> String {
    bucket.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

/// How deep below a bucket `AWSLogs` is looked for: a flow log's folder may have some parts.
const DEEPEST: usize = 4;

fn has_flow_logs(folder: &std::path::Path, depth: usize) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    let folders: Vec<_> = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).collect();
    folders.iter().any(|entry| entry.file_name() == "AWSLogs")
        || (depth < DEEPEST && folders.iter().any(|entry| has_flow_logs(&entry.path(), depth + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_with_flow_logs_is_a_table() {
        let root = tempfile::tempdir().expect("made");
        for folder in ["flow-logs/AWSLogs/1", "my.bucket/some/prefix/AWSLogs", "other/files"] {
            std::fs::create_dir_all(root.path().join(folder)).expect("made");
        }
        let buckets = Buckets::new().with_root(root.path());
        let tables = flow_log_tables(buckets, "flow-logs".parse().expect("a name"))();
        let expected = [("vpc_flow_logs", "s3://flow-logs/"), ("my_bucket", "s3://my.bucket/")];
        assert_eq!(tables, expected.map(|(name, folder)| (name.to_owned(), folder.to_owned())));
    }
}
