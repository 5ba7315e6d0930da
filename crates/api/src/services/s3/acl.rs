//! Access control lists: kept where the owner of the bucket lets them be, and answered; who may do what, policies say.

use s3s::{S3Error, S3Request, S3Result, dto};
use serde::{Deserialize, Serialize};

use super::{
    disk::Bucket,
    error::{invalid_argument, invalid_request, refuse},
    get::{find, told_version},
    service::Service,
};

const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// An access control list as it was given.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Acl {
    Canned(String),
    Grants(Vec<Given>),
}

/// A grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Given {
    kind: String,
    id: Option<String>,
    uri: Option<String>,
    email: Option<String>,
    permission: String,
}

impl From<dto::Grant> for Given {
    fn from(grant: dto::Grant) -> Self {
        let permission = grant.permission.map(|permission| permission.as_str().to_owned()).unwrap_or_default();
        let (id, uri, email, kind) = grant.grantee.map_or((None, None, None, None), |grantee| {
            (grantee.id, grantee.uri, grantee.email_address, Some(grantee.type_.as_str().to_owned()))
        });
        Self { kind: kind.unwrap_or_default(), id, uri, email, permission }
    }
}

impl From<Given> for dto::Grant {
    fn from(given: Given) -> Self {
        let grantee = dto::Grantee {
            display_name: None,
            email_address: given.email,
            id: given.id,
            type_: given.kind.into(),
            uri: given.uri,
        };
        Self { grantee: Some(grantee), permission: Some(given.permission.into()) }
    }
}

/// Whose objects are, and whether lists count.
pub(super) fn ownership(service: &Service, bucket: &str) -> S3Result<String> {
    let controls = super::settings::ownership(service, bucket)?;
    // Without controls, objects are those of who writes them, as before there were any.
    Ok(controls.unwrap_or_else(|| dto::ObjectOwnership::OBJECT_WRITER.to_owned()))
}

pub(super) fn not_supported() -> S3Error {
    refuse("AccessControlListNotSupported", 400, "The bucket does not allow ACLs")
}

/// # Errors
/// The bucket of an object takes no such list.
pub(super) fn check_object(service: &Service, bucket: &Bucket, canned: Option<&str>) -> S3Result<()> {
    let Some(canned) = canned else { return Ok(()) };
    let known = [
        "private",
        "public-read",
        "public-read-write",
        "authenticated-read",
        "aws-exec-read",
        "bucket-owner-read",
        "bucket-owner-full-control",
    ];
    if !known.contains(&canned) {
        return Err(invalid_argument("", "x-amz-acl", canned));
    }
    let enforced = ownership(service, &bucket.name)? == "BucketOwnerEnforced";
    if enforced && canned != "bucket-owner-full-control" { Err(not_supported()) } else { Ok(()) }
}

/// # Errors
/// A bucket cannot be made with this list.
pub(super) fn check_new_bucket(input: &dto::CreateBucketInput) -> S3Result<()> {
    let canned = input.acl.as_ref().map(dto::BucketCannedACL::as_str);
    let ownership = input.object_ownership.as_ref().map(dto::ObjectOwnership::as_str);
    if let Some(other) =
        ownership.filter(|kind| !matches!(*kind, "BucketOwnerEnforced" | "BucketOwnerPreferred" | "ObjectWriter"))
    {
        let text = "Invalid x-amz-object-ownership header: ";
        return Err(invalid_argument(format!("{text}{other}"), "x-amz-object-ownership", other));
    }
    if canned.is_some_and(|canned| canned != "private") && ownership.is_none_or(|kind| kind == "BucketOwnerEnforced") {
        let text = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return Err(refuse("InvalidBucketAclWithObjectOwnership", 400, text));
    }
    Ok(())
}

/// Keeps what a bucket was made with.
///
/// # Errors
/// Those of the disk.
pub(super) fn set_of_new_bucket(service: &Service, input: &dto::CreateBucketInput) -> S3Result<()> {
    let bucket = service.bucket(&input.bucket)?;
    if let Some(ownership) = &input.object_ownership {
        service.disk.set(&bucket, "ownership", Some(&Some(ownership.as_str())))?;
    }
    if let Some(canned) = &input.acl {
        service.disk.set(&bucket, "acl", Some(&Acl::Canned(canned.as_str().to_owned())))?;
    }
    Ok(())
}

fn grant(grantee: dto::Grantee, permission: &'static str) -> dto::Grant {
    dto::Grant { grantee: Some(grantee), permission: Some(dto::Permission::from_static(permission)) }
}

fn group(uri: &str) -> dto::Grantee {
    dto::Grantee {
        display_name: None,
        email_address: None,
        id: None,
        type_: dto::Type::from_static(dto::Type::GROUP),
        uri: Some(uri.to_owned()),
    }
}

fn grants(service: &Service, acl: &Acl) -> Vec<dto::Grant> {
    let canned = match acl {
        Acl::Grants(grants) => return grants.iter().cloned().map(Into::into).collect(),
        Acl::Canned(canned) => canned.as_str(),
    };
    let owner = dto::Grantee {
        display_name: None,
        email_address: None,
        id: Some(service.owner.to_string()),
        type_: dto::Type::from_static(dto::Type::CANONICAL_USER),
        uri: None,
    };
    let mut grants = vec![grant(owner, "FULL_CONTROL")];
    let more: &[(&str, &'static str)] = match canned {
        "public-read" => &[(ALL_USERS, "READ")],
        "public-read-write" => &[(ALL_USERS, "READ"), (ALL_USERS, "WRITE")],
        "authenticated-read" => &[(AUTHENTICATED, "READ")],
        "log-delivery-write" => &[(LOG_DELIVERY, "WRITE"), (LOG_DELIVERY, "READ_ACP")],
        _ => &[],
    };
    grants.extend(more.iter().map(|(uri, permission)| grant(group(uri), permission)));
    grants
}

/// The list that a request sets: a canned one, or one with grants.
fn given(canned: Option<&str>, policy: Option<dto::AccessControlPolicy>, has_headers: bool) -> S3Result<Acl> {
    match (canned, policy, has_headers) {
        (_, _, true) => Err(refuse(
            "NotImplemented",
            501,
            "Grants in headers are not supported: give a canned ACL or an AccessControlPolicy",
        )),
        (Some(canned), None, false) => Ok(Acl::Canned(canned.to_owned())),
        (None, Some(policy), false) => {
            Ok(Acl::Grants(policy.grants.unwrap_or_default().into_iter().map(Into::into).collect()))
        }
        (Some(_), Some(_), false) => Err(refuse("UnexpectedContent", 400, "This request does not support content")),
        (None, None, false) => Err(refuse("MissingSecurityHeader", 400, "Your request was missing a required header")),
    }
}

pub(super) fn put_of_bucket(
    service: &Service,
    request: S3Request<dto::PutBucketAclInput>,
) -> S3Result<dto::PutBucketAclOutput> {
    let input = request.input;
    let bucket = service.bucket(&input.bucket)?;
    let has_headers = input.grant_full_control.is_some()
        || input.grant_read.is_some()
        || input.grant_read_acp.is_some()
        || input.grant_write.is_some()
        || input.grant_write_acp.is_some();
    let canned = input.acl.as_ref().map(dto::BucketCannedACL::as_str);
    let acl = given(canned, input.access_control_policy, has_headers)?;
    let is_private = matches!(&acl, Acl::Canned(canned) if canned == "private");
    if ownership(service, &bucket.name)? == "BucketOwnerEnforced" && !is_private {
        return Err(not_supported());
    }
    refuse_public(service, &bucket, &grants(service, &acl))?;
    service.disk.set(&bucket, "acl", Some(&acl))?;
    Ok(dto::PutBucketAclOutput::default())
}

/// # Errors
/// The list is public, and the bucket's public access block takes none that is.
fn refuse_public(service: &Service, bucket: &Bucket, grants: &[dto::Grant]) -> S3Result<()> {
    let is_public = grants
        .iter()
        .filter_map(|grant| grant.grantee.as_ref()?.uri.as_deref())
        .any(|uri| uri == ALL_USERS || uri == AUTHENTICATED);
    let block = super::settings::public_access(service, &bucket.name)?;
    if is_public && block.is_some_and(|block| block.block_public_acls == Some(true)) {
        return Err(refuse("AccessDenied", 403, "Access Denied"));
    }
    Ok(())
}

pub(super) fn get_of_bucket(
    service: &Service,
    request: S3Request<dto::GetBucketAclInput>,
) -> S3Result<dto::GetBucketAclOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let set: Option<Acl> = service.disk.setting(&bucket.name, "acl")?;
    let acl = set.unwrap_or_else(|| Acl::Canned("private".to_owned()));
    Ok(dto::GetBucketAclOutput { grants: Some(grants(service, &acl)), owner: Some(service.owner()) })
}

pub(super) fn put_of_object(
    service: &Service,
    request: S3Request<dto::PutObjectAclInput>,
) -> S3Result<dto::PutObjectAclOutput> {
    let input = request.input;
    let bucket = service.bucket(&input.bucket)?;
    let found = find(service, &bucket.name, &input.key, input.version_id.as_deref())?;
    if ownership(service, &bucket.name)? == "BucketOwnerEnforced" {
        return Err(not_supported());
    }
    let Some(canned) = input.acl.as_ref().map(dto::ObjectCannedACL::as_str) else {
        return Err(invalid_request("Objects take canned ACLs only here"));
    };
    check_object(service, &bucket, Some(canned))?;
    refuse_public(service, &bucket, &grants(service, &Acl::Canned(canned.to_owned())))?;
    service.disk.describe(&bucket, &found.version, |facts| facts.acl = Some(canned.to_owned()))?;
    Ok(dto::PutObjectAclOutput::default())
}

pub(super) fn get_of_object(
    service: &Service,
    request: S3Request<dto::GetObjectAclInput>,
) -> S3Result<dto::GetObjectAclOutput> {
    let input = request.input;
    let found = find(service, &input.bucket, &input.key, input.version_id.as_deref())?;
    told_version(service, &input.bucket, &found.version)?;
    let canned = found.version.facts.acl.unwrap_or_else(|| "private".to_owned());
    Ok(dto::GetObjectAclOutput {
        grants: Some(grants(service, &Acl::Canned(canned))),
        owner: Some(service.owner()),
        ..dto::GetObjectAclOutput::default()
    })
}
