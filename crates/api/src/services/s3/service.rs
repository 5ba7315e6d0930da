//! The operations of S3 by their names, each done by a function of its topic.

use std::sync::Arc;

use s3s::{S3, S3Request, S3Response, S3Result, dto};

use super::{
    acl, attributes, buckets, complete, copy, delete,
    disk::{Bucket, Disk, blocking},
    get, kept, list, multipart,
    notices::{self, Lost},
    put, settings, tags, unset, versions,
};
use crate::{Regions, access::Access};

/// S3 over the buckets of this machine.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) disk: Arc<Disk>,
    pub(super) access: Arc<Access>,
    /// Unix milliseconds.
    pub(super) clock: fn() -> i64,
    /// The canonical id of the account.
    pub(super) owner: Arc<str>,
    /// The queues and topics that are told of objects.
    pub(super) regions: Arc<dyn Regions>,
    /// What they were not told.
    pub(super) lost: Arc<Lost>,
}

impl Service {
    pub(super) fn now(&self) -> i64 {
        (self.clock)()
    }

    pub(super) fn owner(&self) -> dto::Owner {
        dto::Owner { display_name: None, id: Some(self.owner.to_string()) }
    }

    /// # Errors
    /// There is no such bucket.
    pub(super) fn bucket(&self, name: &str) -> S3Result<Bucket> {
        self.disk.bucket(name)
    }
}

/// Operations that wait for the disk are run where that holds up nobody; those that stream see to it themselves.
macro_rules! operations {
    (waiting { $($waiting:ident($waits:ident) -> $gives:ident = $work:path;)* }
     streaming { $($streaming:ident($takes:ident) -> $answers:ident = $stream:path;)* }) => {
        #[async_trait::async_trait]
        impl S3 for Service {
            $(async fn $waiting(&self, request: S3Request<dto::$waits>) -> S3Result<S3Response<dto::$gives>> {
                let service = self.clone();
                blocking(move || $work(&service, request)).await.map(S3Response::new)
            })*
            $(async fn $streaming(&self, request: S3Request<dto::$takes>) -> S3Result<S3Response<dto::$answers>> {
                $stream(self, request).await
            })*
        }
    };
}

operations! {
    waiting {
        abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput = multipart::abort;
        complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput = complete::complete;
        copy_object(CopyObjectInput) -> CopyObjectOutput = copy::copy_object;
        create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput = multipart::create;
        delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = buckets::delete;
        delete_bucket_cors(DeleteBucketCorsInput) -> DeleteBucketCorsOutput = settings::delete_cors;
        delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput = settings::delete_encryption;
        delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput = settings::delete_lifecycle;
        delete_bucket_ownership_controls(DeleteBucketOwnershipControlsInput) -> DeleteBucketOwnershipControlsOutput = settings::delete_ownership;
        delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput = settings::delete_policy;
        delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput = tags::delete_of_bucket;
        delete_bucket_replication(DeleteBucketReplicationInput) -> DeleteBucketReplicationOutput = unset::delete_replication;
        delete_bucket_website(DeleteBucketWebsiteInput) -> DeleteBucketWebsiteOutput = settings::delete_website;
        delete_object(DeleteObjectInput) -> DeleteObjectOutput = delete::delete_object;
        delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput = tags::delete_of_object;
        delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = delete::delete_objects;
        delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput = settings::delete_public_access;
        get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput = acl::get_of_bucket;
        get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput = settings::get_cors;
        get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput = settings::get_encryption;
        get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput = settings::get_lifecycle;
        get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = buckets::location;
        get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput = settings::get_ownership;
        get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = settings::get_policy;
        get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput = tags::get_of_bucket;
        get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput = settings::get_versioning;
        get_object_acl(GetObjectAclInput) -> GetObjectAclOutput = acl::get_of_object;
        get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput = attributes::get;
        get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput = tags::get_of_object;
        get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput = settings::get_public_access;
        head_bucket(HeadBucketInput) -> HeadBucketOutput = buckets::head;
        list_buckets(ListBucketsInput) -> ListBucketsOutput = buckets::list;
        list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput = multipart::list;
        list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput = versions::list;
        list_objects(ListObjectsInput) -> ListObjectsOutput = list::list_objects;
        list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = list::list_objects_v2;
        list_parts(ListPartsInput) -> ListPartsOutput = multipart::list_parts;
        put_bucket_accelerate_configuration(PutBucketAccelerateConfigurationInput) -> PutBucketAccelerateConfigurationOutput = kept::put_accelerate;
        put_bucket_acl(PutBucketAclInput) -> PutBucketAclOutput = acl::put_of_bucket;
        put_bucket_cors(PutBucketCorsInput) -> PutBucketCorsOutput = settings::put_cors;
        put_bucket_encryption(PutBucketEncryptionInput) -> PutBucketEncryptionOutput = settings::put_encryption;
        put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) -> PutBucketLifecycleConfigurationOutput = settings::put_lifecycle;
        put_bucket_logging(PutBucketLoggingInput) -> PutBucketLoggingOutput = kept::put_logging;
        put_bucket_notification_configuration(PutBucketNotificationConfigurationInput) -> PutBucketNotificationConfigurationOutput = notices::put;
        put_bucket_ownership_controls(PutBucketOwnershipControlsInput) -> PutBucketOwnershipControlsOutput = settings::put_ownership;
        put_bucket_policy(PutBucketPolicyInput) -> PutBucketPolicyOutput = settings::put_policy;
        put_bucket_request_payment(PutBucketRequestPaymentInput) -> PutBucketRequestPaymentOutput = kept::put_payment;
        put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput = tags::put_of_bucket;
        put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput = settings::put_versioning;
        put_bucket_website(PutBucketWebsiteInput) -> PutBucketWebsiteOutput = kept::put_website;
        put_object_acl(PutObjectAclInput) -> PutObjectAclOutput = acl::put_of_object;
        put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput = tags::put_of_object;
        put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput = settings::put_public_access;
        get_bucket_accelerate_configuration(GetBucketAccelerateConfigurationInput) -> GetBucketAccelerateConfigurationOutput = kept::get_accelerate;
        get_bucket_logging(GetBucketLoggingInput) -> GetBucketLoggingOutput = kept::get_logging;
        get_bucket_notification_configuration(GetBucketNotificationConfigurationInput) -> GetBucketNotificationConfigurationOutput = notices::get;
        get_bucket_policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput = unset::policy_status;
        get_bucket_replication(GetBucketReplicationInput) -> GetBucketReplicationOutput = unset::replication;
        get_bucket_request_payment(GetBucketRequestPaymentInput) -> GetBucketRequestPaymentOutput = kept::get_payment;
        get_bucket_website(GetBucketWebsiteInput) -> GetBucketWebsiteOutput = kept::get_website;
        get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput = unset::object_lock;
        upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = copy::upload_part_copy;
    }
    streaming {
        create_bucket(CreateBucketInput) -> CreateBucketOutput = buckets::create;
        get_object(GetObjectInput) -> GetObjectOutput = get::get_object;
        head_object(HeadObjectInput) -> HeadObjectOutput = get::head_object;
        put_object(PutObjectInput) -> PutObjectOutput = put::put_object;
        upload_part(UploadPartInput) -> UploadPartOutput = multipart::upload_part;
    }
}
