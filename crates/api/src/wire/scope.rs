//! The scope of a signature: who says to have signed, when, for which region and service.

use axum::http::{HeaderMap, Uri};
use url::form_urlencoded;

/// `AKIA…/20261121/us-east-1/logs/aws4_request`. Read, not believed: the signature tells whether it is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The access key.
    pub access_key: String,
    /// `YYYYMMDD`.
    pub date: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// Such as `monitoring`.
    pub service: String,
}

impl Scope {
    /// Out of the header `Authorization`, or what stands behind the `?` of a presigned request.
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        let in_header = || {
            let header = headers.get("authorization")?.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256")?;
            let part = header.split(',').find_map(|part| part.trim().strip_prefix("Credential="))?;
            Self::parse(part)
        };
        let in_query = || {
            let mut pairs = form_urlencoded::parse(uri.query()?.as_bytes());
            Self::parse(&pairs.find(|(name, _)| name == "X-Amz-Credential")?.1)
        };
        in_header().or_else(in_query)
    }

    /// An access key may hold slashes in other systems; the four parts behind it do not.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().rsplitn(5, '/').map(str::to_owned);
        let end = parts.next()?;
        let (service, region, date, access_key) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        (end == "aws4_request").then_some(Self { access_key, date, region, service })
    }
}
