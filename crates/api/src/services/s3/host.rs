//! Buckets in the name of the host.

use s3s::{
    S3Result,
    host::{S3Host, VirtualHost},
};

/// Takes `<bucket>.s3.<domain>`, `<bucket>.s3-<region>.<domain>` and `<bucket>.localhost`; any other host has its buckets in
/// the path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match bucket_of(host) {
            Some((bucket, domain)) => VirtualHost::new(domain).with_bucket(bucket),
            None => VirtualHost::new(host),
        })
    }
}

/// The bucket in the name of a host, and the rest of it.
pub(super) fn bucket_of(host: &str) -> Option<(&str, &str)> {
    let name = host.split(':').next().unwrap_or_default();
    let at = [".s3.", ".s3-"].iter().filter_map(|sign| name.find(sign)).min();
    let at = at.or_else(|| name.strip_suffix(".localhost").map(str::len))?;
    let (bucket, domain) = (&host[..at], &host[at + 1..]);
    // `s3.localhost` is no bucket, but where buckets are.
    (!bucket.is_empty() && bucket != "s3").then_some((bucket, domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_may_be_in_the_name_of_the_host() {
        for (host, expected) in [
            ("logs.s3.amazonaws.com", Some("logs")),
            ("my.logs.s3.eu-west-1.amazonaws.com:443", Some("my.logs")),
            ("logs.s3-eu-west-1.amazonaws.com", Some("logs")),
            ("logs.localhost:4780", Some("logs")),
            ("logs.s3.localhost:4780", Some("logs")),
            ("s3.localhost:4780", None),
            ("localhost:4780", None),
            ("s3.amazonaws.com", None),
            ("weir.example.org", None),
        ] {
            assert_eq!(bucket_of(host).map(|(bucket, _)| bucket), expected, "{host}");
        }
    }
}
