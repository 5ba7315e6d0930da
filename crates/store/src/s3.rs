//! A real S3, reached with the settings that every AWS program takes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use object_store::{
    ClientConfigKey, ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
};

use crate::{BucketName, StoreError};

/// Settings for S3 by the names of the AWS environment variables: `AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` or `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL` or
/// `AWS_ENDPOINT_URL_S3`, `AWS_ALLOW_HTTP`, and the rest that the crate `object_store` knows.
///
/// Names it does not know are kept and unused, since people have many `AWS_*` variables set.
#[derive(Clone, Default)]
pub struct S3Settings {
    values: BTreeMap<String, String>,
}

/// What an unreachable or absent S3 may cost before the error is shown.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const RETRY_FOR: Duration = Duration::from_secs(30);
const RETRIES: usize = 4;

/// The region when none is set, as in the design.
const DEFAULT_REGION: &str = "us-east-1";

impl S3Settings {
    /// Settings from names and values; empty values count as not set. Names are taken in any case.
    pub fn new<K: AsRef<str>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let values = pairs
            .into_iter()
            .map(|(name, value)| (name.as_ref().to_ascii_lowercase(), value.into()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { values }
    }

    /// Whether nothing is set at all.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A client for one bucket. Nothing is sent yet.
    pub(crate) fn client(&self, bucket: &BucketName) -> Result<Arc<dyn ObjectStore>, StoreError> {
        let refuse = |problem: String| StoreError::Settings { bucket: bucket.to_string(), problem };
        self.check_credentials().map_err(refuse)?;
        let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_FOR, ..RetryConfig::default() };
        let client = ClientOptions::new().with_connect_timeout(CONNECT_TIMEOUT);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket.as_str())
            .with_retry(retry)
            .with_client_options(client)
            .with_region(DEFAULT_REGION);
        for (name, value) in &self.values {
            let Ok(key) = name.parse::<AmazonS3ConfigKey>() else { continue };
            if matches!(key, AmazonS3ConfigKey::Bucket | AmazonS3ConfigKey::DefaultRegion) {
                continue;
            }
            builder = builder.with_config(key, value);
        }
        if let (None, Some(region)) = (self.get("aws_region"), self.get("aws_default_region")) {
            builder = builder.with_region(region);
        }
        if self.plain_http().map_err(refuse)? {
            builder = builder.with_config(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp), "true");
        }
        let store = builder.build().map_err(|error| refuse(error.to_string()))?;
        Ok(Arc::new(store))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A profile names keys in files that this program does not read.
    fn check_credentials(&self) -> Result<(), String> {
        let (key, secret) = (self.get("aws_access_key_id"), self.get("aws_secret_access_key"));
        match (key, secret, self.get("aws_profile")) {
            (Some(_), None, _) => Err("AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not".into()),
            (None, Some(_), _) => Err("AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not".into()),
            (None, None, Some(profile)) => Err(format!(
                "AWS_PROFILE is not read: run `eval \"$(aws configure export-credentials --profile {profile} --format env)\"` first"
            )),
            _ => Ok(()),
        }
    }

    /// Whether to speak HTTP without TLS: to this machine always, to another only when told to.
    fn plain_http(&self) -> Result<bool, String> {
        let endpoint = self.get("aws_endpoint_url_s3").or(self.get("aws_endpoint_url")).or(self.get("aws_endpoint"));
        let Some(host) = endpoint.and_then(|endpoint| endpoint.strip_prefix("http://")) else { return Ok(false) };
        let authority = host.split('/').next().unwrap_or_default();
        let name = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, _)) => address,
            None => authority.split(':').next().unwrap_or_default(),
        };
        let loopback = name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if loopback || self.get("aws_allow_http").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(true);
        }
        Err(format!("{name} is reached without TLS: use https, or set AWS_ALLOW_HTTP=true"))
    }
}

/// Names only, so that a secret never reaches a log.
impl std::fmt::Debug for S3Settings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(pairs: &[(&str, &str)]) -> Result<(), String> {
        let bucket = "flow-logs".parse().expect("valid");
        let settings = S3Settings::new(pairs.iter().copied());
        settings.client(&bucket).map(drop).map_err(|error| error.to_string())
    }

    const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")];

    #[test]
    fn plain_http_only_to_this_machine_or_when_told() {
        let with = |endpoint, more: &[(&str, &str)]| {
            let mut pairs = KEYS.to_vec();
            pairs.push(("AWS_ENDPOINT_URL", endpoint));
            pairs.extend(more);
            client(&pairs)
        };
        for endpoint in
            ["http://127.0.0.1:4780", "http://localhost:9000/", "http://[::1]:9000", "https://s3.example.com"]
        {
            with(endpoint, &[]).expect(endpoint);
        }
        let refused = with("http://s3.example.com:9000", &[]).expect_err("no TLS");
        assert!(refused.contains("AWS_ALLOW_HTTP"), "{refused}");
        with("http://s3.example.com:9000", &[("AWS_ALLOW_HTTP", "true")]).expect("told to");
    }

    #[test]
    fn half_a_key_and_a_profile_are_refused_with_the_way_out() {
        assert!(client(&KEYS[..1]).expect_err("half").contains("AWS_SECRET_ACCESS_KEY is not"));
        assert!(client(&KEYS[1..]).expect_err("half").contains("AWS_ACCESS_KEY_ID is not"));
        assert!(client(&[("AWS_PROFILE", "prod")]).expect_err("profile").contains("export-credentials --profile prod"));
        client(&[KEYS[0], KEYS[1], ("AWS_PROFILE", "prod"), ("AWS_PAGER", "")]).expect("keys win");
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", S3Settings::new(KEYS));
        assert!(shown.contains("aws_secret_access_key") && !shown.contains("\"secret\""), "{shown}");
    }
}
