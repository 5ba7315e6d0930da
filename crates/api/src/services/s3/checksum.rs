//! Checksums: those that a client sends, those that are kept, those of parts put together.

use std::fmt::Write as _;

use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};
use s3s::{
    S3Result,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256},
    dto,
};
use serde::{Deserialize, Serialize};

use super::error::{WithElement, invalid_request, refuse};

/// How a checksum is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub(super) enum Algorithm {
    #[serde(rename = "CRC32")]
    Crc32,
    #[serde(rename = "CRC32C")]
    Crc32c,
    #[serde(rename = "CRC64NVME")]
    Crc64Nvme,
    #[serde(rename = "SHA1")]
    Sha1,
    #[serde(rename = "SHA256")]
    Sha256,
}

/// A checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sum {
    pub(super) algorithm: Algorithm,
    /// Base64; `-N` behind it if it is over the checksums of N parts.
    pub(super) value: String,
}

impl Algorithm {
    pub(super) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// As S3 names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header with its value.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// By its name, whatever the case of the letters.
    ///
    /// # Errors
    /// S3 has no such algorithm.
    pub(super) fn parse(name: &str) -> S3Result<Self> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            invalid_request("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
        })
    }

    pub(super) fn dto(self) -> dto::ChecksumAlgorithm {
        dto::ChecksumAlgorithm::from_static(self.name())
    }
}

/// Makes one checksum.
pub(super) struct Hasher {
    algorithm: Algorithm,
    inner: ChecksumHasher,
}

impl Hasher {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let mut inner = ChecksumHasher::default();
        match algorithm {
            Algorithm::Crc32 => inner.crc32 = Some(Crc32::new()),
            Algorithm::Crc32c => inner.crc32c = Some(Crc32c::new()),
            Algorithm::Crc64Nvme => inner.crc64nvme = Some(Crc64Nvme::new()),
            Algorithm::Sha1 => inner.sha1 = Some(Sha1::new()),
            Algorithm::Sha256 => inner.sha256 = Some(Sha256::new()),
        }
        Self { algorithm, inner }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.inner.update(bytes);
    }

    pub(super) fn finish(self) -> Sum {
        let all = self.inner.finalize();
        let made =
            [all.checksum_crc32, all.checksum_crc32c, all.checksum_crc64nvme, all.checksum_sha1, all.checksum_sha256];
        Sum { algorithm: self.algorithm, value: made.into_iter().flatten().next().unwrap_or_default() }
    }
}

impl Sum {
    /// Over the checksums of parts.
    pub(super) fn of_parts<'a>(algorithm: Algorithm, parts: impl ExactSizeIterator<Item = &'a Self>) -> Self {
        let (mut hasher, count) = (Hasher::new(algorithm), parts.len());
        for part in parts {
            hasher.update(&STANDARD.decode(&part.value).unwrap_or_default());
        }
        let whole = hasher.finish();
        Self { value: format!("{}-{count}", whole.value), ..whole }
    }

    /// Whether it is over the checksums of parts.
    pub(super) fn is_composite(&self) -> bool {
        self.value.contains('-')
    }

    pub(super) fn kind(&self) -> dto::ChecksumType {
        let kind = if self.is_composite() { dto::ChecksumType::COMPOSITE } else { dto::ChecksumType::FULL_OBJECT };
        dto::ChecksumType::from_static(kind)
    }
}

/// What a client says of the checksum of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) algorithm: Algorithm,
    /// Whether the value comes behind the body.
    in_trailer: bool,
}

/// The checksum that a client sends with a body; none if it sends none.
///
/// # Errors
/// It says more than one thing, or something that is none.
pub(super) fn wanted(headers: &HeaderMap) -> S3Result<Option<Wanted>> {
    let trailers = text(headers, "x-amz-trailer").unwrap_or_default().to_ascii_lowercase();
    let in_trailer = |algorithm: &Algorithm| trailers.split(',').any(|name| name.trim() == algorithm.header());
    let given: Vec<Wanted> = Algorithm::ALL
        .into_iter()
        .filter(|algorithm| headers.contains_key(algorithm.header()) || in_trailer(algorithm))
        .map(|algorithm| Wanted { algorithm, in_trailer: !headers.contains_key(algorithm.header()) })
        .collect();
    let declared = text(headers, "x-amz-sdk-checksum-algorithm").map(Algorithm::parse).transpose()?;
    match (given.as_slice(), declared) {
        ([], None) => Ok(None),
        ([], Some(_)) => Err(invalid_request(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
        )),
        ([one], _) => {
            if let Some(value) = text(headers, one.algorithm.header()) {
                check_form(one.algorithm, value)?;
            }
            Ok(Some(*one))
        }
        _ => {
            Err(invalid_request("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."))
        }
    }
}

/// Whether a value can be a checksum of this kind.
///
/// # Errors
/// It cannot.
pub(super) fn check_form(algorithm: Algorithm, value: &str) -> S3Result<()> {
    let is_one = STANDARD.decode(value).is_ok_and(|bytes| bytes.len() == algorithm.length());
    if is_one { Ok(()) } else { Err(invalid_request(format!("Value for {} header is invalid.", algorithm.header()))) }
}

impl Wanted {
    /// Whether the body is what the client says it is.
    ///
    /// # Errors
    /// It is not, or the checksum did not come.
    pub(super) fn check(self, made: &Sum, headers: &HeaderMap, trailers: Option<&HeaderMap>) -> S3Result<()> {
        let from = if self.in_trailer { trailers } else { Some(headers) };
        let value = from.and_then(|headers| text(headers, self.algorithm.header()));
        let Some(value) = value else {
            return Err(refuse(
                "MalformedTrailerError",
                400,
                "The request contained trailing data that was not well-formed or did not conform to our published schema.",
            ));
        };
        check_form(self.algorithm, value)?;
        if value == made.value { Ok(()) } else { Err(mismatch(self.algorithm)) }
    }
}

pub(super) fn mismatch(algorithm: Algorithm) -> s3s::S3Error {
    refuse("BadDigest", 400, format!("The {} you specified did not match the calculated checksum.", algorithm.name()))
}

/// Whether the MD5 of a body is what the client says it is.
///
/// # Errors
/// It is not, or is none.
pub(super) fn check_md5(given: Option<&str>, made: &[u8; 16]) -> S3Result<()> {
    let Some(given) = given else { return Ok(()) };
    match STANDARD.decode(given) {
        Ok(bytes) if bytes == made => Ok(()),
        Ok(bytes) if bytes.len() == made.len() => {
            let error = refuse("BadDigest", 400, "The Content-MD5 you specified did not match what we received.");
            Err(error.with("ExpectedDigest", given).with("CalculatedDigest", STANDARD.encode(made)))
        }
        _ => {
            let error = refuse("InvalidDigest", 400, "The Content-MD5 you specified was invalid.");
            Err(error.with("Content-MD5", given))
        }
    }
}

/// Hexadecimal, in small letters.
pub(super) fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Writes a checksum into an output that has a member for each.
macro_rules! put_sum {
    ($output:expr, $sum:expr) => {
        if let Some(sum) = $sum {
            use $crate::services::s3::checksum::Algorithm;
            let member = match sum.algorithm {
                Algorithm::Crc32 => &mut $output.checksum_crc32,
                Algorithm::Crc32c => &mut $output.checksum_crc32c,
                Algorithm::Crc64Nvme => &mut $output.checksum_crc64nvme,
                Algorithm::Sha1 => &mut $output.checksum_sha1,
                Algorithm::Sha256 => &mut $output.checksum_sha256,
            };
            *member = Some(sum.value.clone());
        }
    };
}
pub(super) use put_sum;

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(algorithm: Algorithm, bytes: &[u8]) -> Sum {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    #[test]
    fn each_algorithm_gives_its_published_check_value() {
        // The check values of the catalogue of CRC algorithms, and of FIPS 180, for these bytes.
        for (algorithm, expected) in [
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64Nvme, "ae8b14860a799888"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ] {
            let made = STANDARD.decode(sum(algorithm, b"123456789").value).expect("base64");
            assert_eq!(hex(made), expected, "{}", algorithm.name());
        }
    }

    #[test]
    fn a_client_may_say_one_checksum_in_a_header_or_a_trailer() {
        let headers = |pairs: &[(&'static str, &str)]| -> HeaderMap {
            pairs.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value"))).collect()
        };
        assert_eq!(wanted(&headers(&[])).expect("fine"), None);
        let right = sum(Algorithm::Crc32, b"123456789");
        let header = headers(&[("x-amz-checksum-crc32", &right.value)]);
        let one = wanted(&header).expect("fine").expect("one");
        assert!(one.check(&right, &header, None).is_ok());
        assert!(one.check(&sum(Algorithm::Crc32, b"other"), &header, None).is_err());
        let announced = headers(&[("x-amz-trailer", "x-amz-checksum-crc32")]);
        let one = wanted(&announced).expect("fine").expect("one");
        assert!(one.check(&right, &announced, Some(&header)).is_ok());
        assert!(one.check(&right, &announced, None).is_err());
        for wrong in [
            headers(&[("x-amz-checksum-crc32", "AA==")]),
            headers(&[("x-amz-checksum-crc32", &right.value), ("x-amz-checksum-sha1", "x")]),
            headers(&[("x-amz-sdk-checksum-algorithm", "CRC32")]),
            headers(&[("x-amz-sdk-checksum-algorithm", "CRC31")]),
        ] {
            assert!(wanted(&wrong).is_err(), "{wrong:?}");
        }
    }
}
