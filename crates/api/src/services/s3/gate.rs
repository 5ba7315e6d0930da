//! Who asks, and whether they may: S3's side of [`Access`].

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use axum::http::{HeaderMap, Uri};
use s3s::{
    S3Error, S3Result,
    access::{S3Access, S3AccessContext},
    auth::{S3Auth, SecretKey},
    path::S3Path,
};
use url::form_urlencoded;

use super::{
    coverage,
    error::{WithElement, refuse},
};
use crate::{
    Call, Refusal,
    access::{Access, Context, Principal},
};

/// The call that a request is, from the moment it is read. Who calls shows when its signature has been checked.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) call: Call,
    pub(super) context: Context,
    /// The region that the request was signed for.
    pub(super) region: Option<String>,
    pub(super) seen: Seen,
}

/// The operation and who asked for it, for the trail.
pub(super) type Seen = Arc<Mutex<Option<(String, Principal)>>>;

impl Caller {
    /// # Errors
    /// They may not.
    pub(super) fn may(&self, access: &Access, action: &str, resource: &str) -> S3Result<()> {
        let resources = [resource.to_owned()];
        let allowed = access.authorize_in(&self.call, action, &resources, self.context.clone());
        let is_nobody = !self.call.principal.is_somebody();
        allowed.map_err(|refusal| refused(if is_nobody { &Refusal::MissingToken } else { &refusal }))
    }
}

/// A refusal as S3 says it.
pub(super) fn refused(refusal: &Refusal) -> S3Error {
    match refusal {
        Refusal::Denied(text) => refuse("AccessDenied", 403, text.clone()),
        Refusal::ExpiredToken => refuse("ExpiredToken", 400, "The provided token has expired."),
        Refusal::UnknownKey => unknown_key(),
        Refusal::MissingToken => refuse("AccessDenied", 403, "Access Denied"),
        other => refuse("AccessDenied", 403, format!("Access Denied ({other:?})")),
    }
}

fn unknown_key() -> S3Error {
    refuse("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records.")
}

/// Checks signatures and asks policies.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) access: Arc<Access>,
    pub(super) clock: fn() -> i64,
}

#[async_trait]
impl S3Auth for Gate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let key = self.access.key(access_key, (self.clock)());
        let key = key.ok_or_else(|| unknown_key().with("AWSAccessKeyId", access_key))?;
        Ok(SecretKey::from(key.secret.expose()))
    }
}

#[async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let key = context.credentials().map(|credentials| credentials.access_key.clone());
        let Some(mut caller) = context.extensions_mut().get::<Caller>().cloned() else {
            return Err(refuse("AccessDenied", 403, "Access Denied"));
        };
        // Without signatures it is known from the start who is believed to ask.
        if let Some(key) = key {
            caller.call.principal = self.principal(&key, context.uri(), context.headers())?;
        }
        let seen = (context.s3_op().name().to_owned(), caller.call.principal.clone());
        caller.seen.lock().unwrap_or_else(PoisonError::into_inner).replace(seen);
        let of_request = Context::of(&caller.call);
        caller.context = conditions(of_request, context.uri(), context.headers());
        context.extensions_mut().insert(caller.clone());
        self.check_owner(context.headers())?;
        let (access, questions) = (Arc::clone(&self.access), questions(context)?);
        // Policies are in the catalogue, which is on disk.
        super::disk::blocking(move || {
            questions.iter().try_for_each(|(action, resource)| caller.may(&access, action, resource))
        })
        .await
    }
}

impl Gate {
    /// Who holds a key, if the session token is that of the key.
    pub(super) fn principal(&self, access_key: &str, uri: &Uri, headers: &HeaderMap) -> S3Result<Principal> {
        let key = self.access.key(access_key, (self.clock)()).ok_or_else(unknown_key)?;
        let token = headers.get("x-amz-security-token").and_then(|token| token.to_str().ok()).map(str::to_owned);
        let token = token.or_else(|| query(uri, "X-Amz-Security-Token"));
        let is_right = match (&key.session_token, &token) {
            (None, None) => true,
            (Some(secret), Some(token)) => secret.is(token),
            _ => false,
        };
        if !is_right {
            return Err(refuse("InvalidToken", 400, "The provided token is malformed or otherwise invalid."));
        }
        Ok(key.principal)
    }

    /// # Errors
    /// The client says that the bucket is somebody else's.
    pub(super) fn check_owner(&self, headers: &HeaderMap) -> S3Result<()> {
        let said = headers.get("x-amz-expected-bucket-owner").and_then(|owner| owner.to_str().ok());
        if said.is_none_or(|said| said == self.access.account()) {
            return Ok(());
        }
        Err(refuse("AccessDenied", 403, "Access Denied"))
    }
}

pub(super) fn query(uri: &Uri, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// What conditions of policies may ask about a request to S3.
fn conditions(mut context: Context, uri: &Uri, headers: &HeaderMap) -> Context {
    for (parameter, key) in [
        ("prefix", "s3:prefix"),
        ("delimiter", "s3:delimiter"),
        ("max-keys", "s3:max-keys"),
        ("versionId", "s3:VersionId"),
    ] {
        if let Some(value) = query(uri, parameter) {
            context = context.with(key, value);
        }
    }
    for header in [
        "x-amz-acl",
        "x-amz-copy-source",
        "x-amz-metadata-directive",
        "x-amz-server-side-encryption",
        "x-amz-storage-class",
        "x-amz-content-sha256",
        "if-match",
        "if-none-match",
    ] {
        if let Some(value) = headers.get(header).and_then(|value| value.to_str().ok()) {
            context = context.with(&format!("s3:{header}"), value);
        }
    }
    context
}

/// Which actions on which resources a request needs.
fn questions(context: &S3AccessContext<'_>) -> S3Result<Vec<(String, String)>> {
    let operation = context.s3_op().name();
    let has_version = query(context.uri(), "versionId").is_some();
    let resource = match context.s3_path() {
        S3Path::Root => "*".to_owned(),
        S3Path::Bucket { bucket } => format!("arn:aws:s3:::{bucket}"),
        S3Path::Object { bucket, key } => format!("arn:aws:s3:::{bucket}/{key}"),
    };
    // Each of its keys is asked for when it is deleted.
    if operation == "DeleteObjects" {
        return Ok(Vec::new());
    }
    let mut questions = vec![(format!("s3:{}", coverage::action(operation, has_version)), resource.clone())];
    let headers = context.headers();
    if headers.contains_key("x-amz-tagging")
        && matches!(operation, "PutObject" | "CopyObject" | "CreateMultipartUpload")
    {
        questions.push(("s3:PutObjectTagging".to_owned(), resource.clone()));
    }
    if headers.contains_key("x-amz-acl") && matches!(operation, "PutObject" | "CopyObject" | "CreateMultipartUpload") {
        questions.push(("s3:PutObjectAcl".to_owned(), resource));
    }
    if let Some(source) = headers.get("x-amz-copy-source").and_then(|source| source.to_str().ok()) {
        let text = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
        let parsed = s3s::dto::CopySource::parse(source)
            .map_err(|_| super::error::invalid_argument(text, "x-amz-copy-source", source))?;
        let source = super::copy::source(&parsed)?;
        let action = if source.version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
        questions.push((action.to_owned(), format!("arn:aws:s3:::{}/{}", source.bucket, source.key)));
    }
    Ok(questions)
}
