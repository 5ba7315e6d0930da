//! Access control lists: kept where the owner of the bucket lets them be, and answered; who may do what, policies say.

use axum::http::HeaderMap;
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Acl {
    Canned(String),
    Grants(Vec<Given>),
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Given {
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

/// The headers that grant a permission, and which.
const GRANTS: [(&str, &str); 5] = [
    ("x-amz-grant-full-control", "FULL_CONTROL"),
    ("x-amz-grant-read", "READ"),
    ("x-amz-grant-read-acp", "READ_ACP"),
    ("x-amz-grant-write", "WRITE"),
    ("x-amz-grant-write-acp", "WRITE_ACP"),
];

/// The list that the headers of a request give.
///
/// # Errors
/// They give two, or grant something to nobody.
pub(super) fn said(canned: Option<&str>, headers: &HeaderMap) -> S3Result<Option<Acl>> {
    let mut grants = Vec::new();
    for (header, permission) in GRANTS {
        for value in headers.get_all(header) {
            let grantees = value.to_str().unwrap_or_default().split(',');
            for grantee in grantees {
                grants.push(granted(header, permission, grantee)?);
            }
        }
    }
    match (canned, grants.is_empty()) {
        (Some(_), false) => Err(invalid_request("Specifying both Canned ACLs and Header Grants is not allowed")),
        (Some(canned), true) => Ok(Some(Acl::Canned(canned.to_owned()))),
        (None, false) => Ok(Some(Acl::Grants(grants))),
        (None, true) => Ok(None),
    }
}

/// One grantee: `id="…"`, `uri="…"`, or `emailAddress="…"`.
fn granted(header: &'static str, permission: &str, grantee: &str) -> S3Result<Given> {
    let (kind, value) = grantee.split_once('=').unwrap_or((grantee, ""));
    let value = Some(value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty());
    let given = |kind: &str| Given {
        kind: kind.to_owned(),
        id: None,
        uri: None,
        email: None,
        permission: permission.to_owned(),
    };
    match (kind.trim().to_ascii_lowercase().as_str(), value) {
        ("id", id @ Some(_)) => Ok(Given { id, ..given(dto::Type::CANONICAL_USER) }),
        ("emailaddress", email @ Some(_)) => Ok(Given { email, ..given(dto::Type::AMAZON_CUSTOMER_BY_EMAIL) }),
        ("uri", Some(uri)) if ![ALL_USERS, AUTHENTICATED, LOG_DELIVERY].contains(&uri.as_str()) => {
            Err(invalid_argument("Invalid group uri", header, grantee))
        }
        ("uri", uri @ Some(_)) => Ok(Given { uri, ..given(dto::Type::GROUP) }),
        _ => Err(invalid_argument("Argument format not recognized", header, grantee)),
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
pub(super) fn check_object(service: &Service, bucket: &Bucket, acl: Option<&Acl>) -> S3Result<()> {
    let Some(acl) = acl else { return Ok(()) };
    let known = [
        "private",
        "public-read",
        "public-read-write",
        "authenticated-read",
        "aws-exec-read",
        "bucket-owner-read",
        "bucket-owner-full-control",
    ];
    if let Acl::Canned(canned) = acl
        && !known.contains(&canned.as_str())
    {
        return Err(invalid_argument("", "x-amz-acl", canned));
    }
    let is_owned = matches!(acl, Acl::Canned(canned) if canned == "bucket-owner-full-control");
    if ownership(service, &bucket.name)? == "BucketOwnerEnforced" && !is_owned {
        return Err(not_supported());
    }
    refuse_public(service, bucket, &grants(service, acl))
}

/// # Errors
/// A bucket cannot be made with this list.
pub(super) fn check_new_bucket(input: &dto::CreateBucketInput, acl: Option<&Acl>) -> S3Result<()> {
    let ownership = input.object_ownership.as_ref().map(dto::ObjectOwnership::as_str);
    if let Some(other) =
        ownership.filter(|kind| !matches!(*kind, "BucketOwnerEnforced" | "BucketOwnerPreferred" | "ObjectWriter"))
    {
        let text = "Invalid x-amz-object-ownership header: ";
        return Err(invalid_argument(format!("{text}{other}"), "x-amz-object-ownership", other));
    }
    if acl.is_some_and(|acl| !is_private(acl)) && ownership.is_none_or(|kind| kind == "BucketOwnerEnforced") {
        let text = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return Err(refuse("InvalidBucketAclWithObjectOwnership", 400, text));
    }
    Ok(())
}

/// Keeps what a bucket was made with.
///
/// # Errors
/// Those of the disk.
pub(super) fn set_of_new_bucket(service: &Service, input: &dto::CreateBucketInput, acl: Option<&Acl>) -> S3Result<()> {
    let bucket = service.bucket(&input.bucket)?;
    if let Some(ownership) = &input.object_ownership {
        service.disk.set(&bucket, "ownership", Some(&Some(ownership.as_str())))?;
    }
    if acl.is_some() {
        service.disk.set(&bucket, "acl", acl)?;
    }
    Ok(())
}

fn is_private(acl: &Acl) -> bool {
    matches!(acl, Acl::Canned(canned) if canned == "private")
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

/// The list that a request sets, by its headers or its body.
fn given(said: Option<Acl>, policy: Option<dto::AccessControlPolicy>) -> S3Result<Acl> {
    match (said, policy) {
        (Some(said), None) => Ok(said),
        (None, Some(policy)) => of_policy(policy),
        (Some(_), Some(_)) => Err(refuse("UnexpectedContent", 400, "This request does not support content")),
        (None, None) => Err(refuse("MissingSecurityHeader", 400, "Your request was missing a required header")),
    }
}

fn of_policy(policy: dto::AccessControlPolicy) -> S3Result<Acl> {
    let grants: Vec<Given> = policy.grants.unwrap_or_default().into_iter().map(Into::into).collect();
    let is_known = |grant: &Given| GRANTS.iter().any(|(_, permission)| *permission == grant.permission);
    if grants.iter().all(is_known) {
        return Ok(Acl::Grants(grants));
    }
    let text = "The XML you provided was not well-formed or did not validate against our published schema";
    Err(refuse("MalformedACLError", 400, text))
}

pub(super) fn put_of_bucket(
    service: &Service,
    request: S3Request<dto::PutBucketAclInput>,
) -> S3Result<dto::PutBucketAclOutput> {
    let (input, headers) = (request.input, request.headers);
    let bucket = service.bucket(&input.bucket)?;
    let acl =
        given(said(input.acl.as_ref().map(dto::BucketCannedACL::as_str), &headers)?, input.access_control_policy)?;
    if ownership(service, &bucket.name)? == "BucketOwnerEnforced" && !is_private(&acl) {
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
    let (input, headers) = (request.input, request.headers);
    let bucket = service.bucket(&input.bucket)?;
    let found = find(service, &bucket.name, &input.key, input.version_id.as_deref())?;
    if ownership(service, &bucket.name)? == "BucketOwnerEnforced" {
        return Err(not_supported());
    }
    let acl =
        given(said(input.acl.as_ref().map(dto::ObjectCannedACL::as_str), &headers)?, input.access_control_policy)?;
    check_object(service, &bucket, Some(&acl))?;
    service.disk.describe(&bucket, &found.version, |facts| facts.acl = Some(acl))?;
    Ok(dto::PutObjectAclOutput::default())
}

pub(super) fn get_of_object(
    service: &Service,
    request: S3Request<dto::GetObjectAclInput>,
) -> S3Result<dto::GetObjectAclOutput> {
    let input = request.input;
    let found = find(service, &input.bucket, &input.key, input.version_id.as_deref())?;
    told_version(service, &input.bucket, &found.version)?;
    let acl = found.version.facts.acl.unwrap_or_else(|| Acl::Canned("private".to_owned()));
    Ok(dto::GetObjectAclOutput {
        grants: Some(grants(service, &acl)),
        owner: Some(service.owner()),
        ..dto::GetObjectAclOutput::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_grant_to_those_they_name() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-amz-grant-read", value.parse().expect("a value"));
            headers
        };
        let all = format!("uri=\"{ALL_USERS}\", id=abc,emailAddress=\"a@example.org\"");
        let Some(Acl::Grants(grants)) = said(None, &read(&all)).expect("fine") else { panic!("grants") };
        let kinds: Vec<&str> = grants.iter().map(|grant| grant.kind.as_str()).collect();
        assert_eq!(kinds, ["Group", "CanonicalUser", "AmazonCustomerByEmail"]);
        assert_eq!((grants[0].uri.as_deref(), grants[1].id.as_deref()), (Some(ALL_USERS), Some("abc")));
        assert!(grants.iter().all(|grant| grant.permission == "READ"));
        for wrong in ["uri=http://example.org", "abc", "id=", "name=abc"] {
            assert_eq!(said(None, &read(wrong)).expect_err("refused").code().as_str(), "InvalidArgument", "{wrong}");
        }
        assert_eq!(said(Some("private"), &read("id=a")).expect_err("refused").code().as_str(), "InvalidRequest");
        assert_eq!(said(None, &HeaderMap::new()).expect("fine"), None);
    }
}
