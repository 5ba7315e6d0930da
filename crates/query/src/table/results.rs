//! The results of earlier queries, which are no data.
//!
//! A result location may lie inside the folder that a table reads. What Athena's own result files would do there is
//! known: rows of NULL and shifted text in every later answer. They are told by their names, `<query id>.csv` with its
//! `.metadata` beside it, `<query id>.txt`, and `<query id>-manifest.csv`, and left out. A CSV of that name alone
//! counts as data, so that a copy of results can still be queried.

use std::collections::BTreeSet;

use uuid::Uuid;
use weir_store::Object;

/// The objects without results.
pub(super) fn without(objects: Vec<Object>) -> Vec<Object> {
    let metadata: BTreeSet<String> = objects
        .iter()
        .filter_map(|object| object.meta.location.as_ref().strip_suffix(".metadata"))
        .map(str::to_owned)
        .collect();
    let is_result = |object: &Object| is_result(object.meta.location.as_ref(), &metadata);
    objects.into_iter().filter(|object| !is_result(object)).collect()
}

fn is_result(location: &str, metadata: &BTreeSet<String>) -> bool {
    let name = location.rsplit('/').next().unwrap_or(location);
    let has_id = |end: &str| name.strip_suffix(end).is_some_and(|id| Uuid::parse_str(id).is_ok());
    let own = [".csv.metadata", ".txt", ".txt.metadata", ".metadata", "-manifest.csv"];
    own.into_iter().any(has_id) || (metadata.contains(location) && (has_id(".csv") || has_id("")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_told_from_data_by_their_names() {
        let id = "0d7b3c5e-5f0a-4b7e-9d53-0c2f3e4a5b6c";
        let metadata = BTreeSet::from([format!("a/{id}.csv")]);
        for (name, expected) in [
            (format!("a/{id}.csv"), true),
            (format!("b/{id}.csv"), false),
            (format!("a/{id}.csv.metadata"), true),
            (format!("a/{id}.txt"), true),
            (format!("a/{id}-manifest.csv"), true),
            (format!("a/{id}"), false),
            ("a/1_vpcflowlogs_us-east-1_fl-1_20261121T0000Z_1.log.gz".to_owned(), false),
            ("a/notes.txt".to_owned(), false),
        ] {
            assert_eq!(is_result(&name, &metadata), expected, "{name}");
        }
    }
}
