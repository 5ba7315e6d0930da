//! Every operation of S3 by its published name: the action that allows it, and whether Weir has it.

/// An operation of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct S3Operation {
    /// As AWS names it.
    pub name: &'static str,
    /// The action that a policy must allow, without `s3:`.
    pub action: &'static str,
    /// Whether Weir has it.
    pub supported: bool,
}

const fn has(name: &'static str, action: &'static str) -> S3Operation {
    S3Operation { name, action, supported: true }
}

const fn lacks(name: &'static str, action: &'static str) -> S3Operation {
    S3Operation { name, action, supported: false }
}

/// The operations. Names: the service model of the AWS SDKs; actions: the service authorization reference.
pub const OPERATIONS: &[S3Operation] = &[
    has("AbortMultipartUpload", "AbortMultipartUpload"),
    has("CompleteMultipartUpload", "PutObject"),
    has("CopyObject", "PutObject"),
    has("CreateBucket", "CreateBucket"),
    lacks("CreateBucketMetadataConfiguration", "CreateBucketMetadataConfiguration"),
    lacks("CreateBucketMetadataTableConfiguration", "CreateBucketMetadataTableConfiguration"),
    has("CreateMultipartUpload", "PutObject"),
    lacks("CreateSession", "CreateSession"),
    has("DeleteBucket", "DeleteBucket"),
    lacks("DeleteBucketAnalyticsConfiguration", "PutAnalyticsConfiguration"),
    has("DeleteBucketCors", "PutBucketCORS"),
    has("DeleteBucketEncryption", "PutEncryptionConfiguration"),
    lacks("DeleteBucketIntelligentTieringConfiguration", "PutIntelligentTieringConfiguration"),
    lacks("DeleteBucketInventoryConfiguration", "PutInventoryConfiguration"),
    has("DeleteBucketLifecycle", "PutLifecycleConfiguration"),
    lacks("DeleteBucketMetadataConfiguration", "DeleteBucketMetadataConfiguration"),
    lacks("DeleteBucketMetadataTableConfiguration", "DeleteBucketMetadataTableConfiguration"),
    lacks("DeleteBucketMetricsConfiguration", "PutMetricsConfiguration"),
    has("DeleteBucketOwnershipControls", "PutBucketOwnershipControls"),
    has("DeleteBucketPolicy", "DeleteBucketPolicy"),
    has("DeleteBucketReplication", "PutReplicationConfiguration"),
    has("DeleteBucketTagging", "PutBucketTagging"),
    has("DeleteBucketWebsite", "DeleteBucketWebsite"),
    has("DeleteObject", "DeleteObject"),
    lacks("DeleteObjectAnnotation", "DeleteObjectAnnotation"),
    has("DeleteObjectTagging", "DeleteObjectTagging"),
    has("DeleteObjects", "DeleteObject"),
    has("DeletePublicAccessBlock", "PutBucketPublicAccessBlock"),
    lacks("GetBucketAbac", "GetBucketAbac"),
    has("GetBucketAccelerateConfiguration", "GetAccelerateConfiguration"),
    has("GetBucketAcl", "GetBucketAcl"),
    lacks("GetBucketAnalyticsConfiguration", "GetAnalyticsConfiguration"),
    has("GetBucketCors", "GetBucketCORS"),
    has("GetBucketEncryption", "GetEncryptionConfiguration"),
    lacks("GetBucketIntelligentTieringConfiguration", "GetIntelligentTieringConfiguration"),
    lacks("GetBucketInventoryConfiguration", "GetInventoryConfiguration"),
    has("GetBucketLifecycle", "GetLifecycleConfiguration"),
    has("GetBucketLifecycleConfiguration", "GetLifecycleConfiguration"),
    has("GetBucketLocation", "GetBucketLocation"),
    has("GetBucketLogging", "GetBucketLogging"),
    lacks("GetBucketMetadataConfiguration", "GetBucketMetadataConfiguration"),
    lacks("GetBucketMetadataTableConfiguration", "GetBucketMetadataTableConfiguration"),
    lacks("GetBucketMetricsConfiguration", "GetMetricsConfiguration"),
    has("GetBucketNotification", "GetBucketNotification"),
    has("GetBucketNotificationConfiguration", "GetBucketNotification"),
    has("GetBucketOwnershipControls", "GetBucketOwnershipControls"),
    has("GetBucketPolicy", "GetBucketPolicy"),
    has("GetBucketPolicyStatus", "GetBucketPolicyStatus"),
    has("GetBucketReplication", "GetReplicationConfiguration"),
    has("GetBucketRequestPayment", "GetBucketRequestPayment"),
    has("GetBucketTagging", "GetBucketTagging"),
    has("GetBucketVersioning", "GetBucketVersioning"),
    has("GetBucketWebsite", "GetBucketWebsite"),
    has("GetObject", "GetObject"),
    has("GetObjectAcl", "GetObjectAcl"),
    lacks("GetObjectAnnotation", "GetObjectAnnotation"),
    has("GetObjectAttributes", "GetObjectAttributes"),
    lacks("GetObjectLegalHold", "GetObjectLegalHold"),
    has("GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
    lacks("GetObjectRetention", "GetObjectRetention"),
    has("GetObjectTagging", "GetObjectTagging"),
    lacks("GetObjectTorrent", "GetObjectTorrent"),
    has("GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    has("HeadBucket", "ListBucket"),
    has("HeadObject", "GetObject"),
    lacks("ListBucketAnalyticsConfigurations", "GetAnalyticsConfiguration"),
    lacks("ListBucketIntelligentTieringConfigurations", "GetIntelligentTieringConfiguration"),
    lacks("ListBucketInventoryConfigurations", "GetInventoryConfiguration"),
    lacks("ListBucketMetricsConfigurations", "GetMetricsConfiguration"),
    has("ListBuckets", "ListAllMyBuckets"),
    lacks("ListDirectoryBuckets", "ListAllMyDirectoryBuckets"),
    has("ListMultipartUploads", "ListBucketMultipartUploads"),
    lacks("ListObjectAnnotations", "ListObjectAnnotations"),
    has("ListObjectVersions", "ListBucketVersions"),
    has("ListObjects", "ListBucket"),
    has("ListObjectsV2", "ListBucket"),
    has("ListParts", "ListMultipartUploadParts"),
    lacks("PutBucketAbac", "PutBucketAbac"),
    has("PutBucketAccelerateConfiguration", "PutAccelerateConfiguration"),
    has("PutBucketAcl", "PutBucketAcl"),
    lacks("PutBucketAnalyticsConfiguration", "PutAnalyticsConfiguration"),
    has("PutBucketCors", "PutBucketCORS"),
    has("PutBucketEncryption", "PutEncryptionConfiguration"),
    lacks("PutBucketIntelligentTieringConfiguration", "PutIntelligentTieringConfiguration"),
    lacks("PutBucketInventoryConfiguration", "PutInventoryConfiguration"),
    has("PutBucketLifecycle", "PutLifecycleConfiguration"),
    has("PutBucketLifecycleConfiguration", "PutLifecycleConfiguration"),
    has("PutBucketLogging", "PutBucketLogging"),
    lacks("PutBucketMetricsConfiguration", "PutMetricsConfiguration"),
    has("PutBucketNotification", "PutBucketNotification"),
    has("PutBucketNotificationConfiguration", "PutBucketNotification"),
    has("PutBucketOwnershipControls", "PutBucketOwnershipControls"),
    has("PutBucketPolicy", "PutBucketPolicy"),
    lacks("PutBucketReplication", "PutReplicationConfiguration"),
    has("PutBucketRequestPayment", "PutBucketRequestPayment"),
    has("PutBucketTagging", "PutBucketTagging"),
    has("PutBucketVersioning", "PutBucketVersioning"),
    has("PutBucketWebsite", "PutBucketWebsite"),
    has("PutObject", "PutObject"),
    has("PutObjectAcl", "PutObjectAcl"),
    lacks("PutObjectAnnotation", "PutObjectAnnotation"),
    lacks("PutObjectLegalHold", "PutObjectLegalHold"),
    lacks("PutObjectLockConfiguration", "PutBucketObjectLockConfiguration"),
    lacks("PutObjectRetention", "PutObjectRetention"),
    has("PutObjectTagging", "PutObjectTagging"),
    has("PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
    lacks("RenameObject", "RenameObject"),
    lacks("RestoreObject", "RestoreObject"),
    lacks("SelectObjectContent", "GetObject"),
    lacks("UpdateBucketMetadataAnnotationTableConfiguration", "UpdateBucketMetadataAnnotationTableConfiguration"),
    lacks("UpdateBucketMetadataInventoryTableConfiguration", "UpdateBucketMetadataInventoryTableConfiguration"),
    lacks("UpdateBucketMetadataJournalTableConfiguration", "UpdateBucketMetadataJournalTableConfiguration"),
    lacks("UpdateObjectEncryption", "UpdateObjectEncryption"),
    has("UploadPart", "PutObject"),
    has("UploadPartCopy", "PutObject"),
    lacks("WriteGetObjectResponse", "WriteGetObjectResponse"),
];

/// The action that an operation needs, without `s3:`; some differ where the request names a version.
pub(super) fn action(operation: &str, has_version: bool) -> &str {
    match operation {
        "GetObject" | "HeadObject" if has_version => "GetObjectVersion",
        "DeleteObject" if has_version => "DeleteObjectVersion",
        "GetObjectAcl" if has_version => "GetObjectVersionAcl",
        "PutObjectAcl" if has_version => "PutObjectVersionAcl",
        "GetObjectTagging" if has_version => "GetObjectVersionTagging",
        "PutObjectTagging" if has_version => "PutObjectVersionTagging",
        "DeleteObjectTagging" if has_version => "DeleteObjectVersionTagging",
        "GetObjectAttributes" if has_version => "GetObjectVersionAttributes",
        // A browser's form.
        "PostObject" => "PutObject",
        name => OPERATIONS.iter().find(|operation| operation.name == name).map_or(name, |operation| operation.action),
    }
}

/// Operations that are told by a query parameter which `s3s` does not know, and would take for another one.
const UNKNOWN: &[(&str, &str, bool, &str)] = &[
    ("PUT", "renameObject", true, "RenameObject"),
    ("GET", "annotation", true, "GetObjectAnnotation"),
    ("PUT", "annotation", true, "PutObjectAnnotation"),
    ("DELETE", "annotation", true, "DeleteObjectAnnotation"),
    ("PUT", "encryption", true, "UpdateObjectEncryption"),
    ("GET", "abac", false, "GetBucketAbac"),
    ("PUT", "abac", false, "PutBucketAbac"),
    ("GET", "metadataConfiguration", false, "GetBucketMetadataConfiguration"),
    ("POST", "metadataConfiguration", false, "CreateBucketMetadataConfiguration"),
    ("DELETE", "metadataConfiguration", false, "DeleteBucketMetadataConfiguration"),
    ("PUT", "metadataInventoryTable", false, "UpdateBucketMetadataInventoryTableConfiguration"),
    ("PUT", "metadataJournalTable", false, "UpdateBucketMetadataJournalTableConfiguration"),
    ("PUT", "metadataAnnotationTable", false, "UpdateBucketMetadataAnnotationTableConfiguration"),
];

/// The operation of a request that `s3s` would take for another one.
pub(super) fn unknown(method: &str, query: &str, is_object: bool) -> Option<&'static str> {
    let names: Vec<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    let is_meant = |row: &&(&str, &str, bool, &str)| row.0 == method && row.2 == is_object && names.contains(&row.1);
    UNKNOWN.iter().find(is_meant).map(|(.., name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_lab_and_its_relatives_call_is_supported() {
        let supported = OPERATIONS.iter().filter(|operation| operation.supported).count();
        assert_eq!(supported, 71);
        for name in ["ListObjectVersions", "UploadPartCopy", "GetObjectAttributes", "DeletePublicAccessBlock"] {
            assert!(OPERATIONS.iter().any(|operation| operation.name == name && operation.supported), "{name}");
        }
        assert!(OPERATIONS.is_sorted_by_key(|operation| operation.name));
        assert_eq!(action("HeadObject", false), "GetObject");
        assert_eq!(action("HeadObject", true), "GetObjectVersion");
        assert_eq!(unknown("PUT", "x-id=a&renameObject", true), Some("RenameObject"));
        assert_eq!(unknown("GET", "prefix=abac", false), None);
    }
}
