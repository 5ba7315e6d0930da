//! What conditions of policies may ask about.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};

use crate::Call;

/// Values by condition key. Keys are alike whatever the case of their letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    values: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// What is known of every call: the time, the address, the program, the caller.
    pub fn of(call: &Call) -> Self {
        let time = DateTime::from_timestamp_millis(call.now).unwrap_or_default();
        let (source, arn) = (&call.source, &call.principal.arn);
        let mut context = Self::default()
            .with("aws:CurrentTime", time.to_rfc3339_opts(SecondsFormat::Secs, true))
            .with("aws:EpochTime", time.timestamp().to_string())
            .with("aws:SecureTransport", source.is_secure.to_string())
            .with("aws:RequestedRegion", &call.region);
        if let Some(ip) = source.ip {
            context = context.with("aws:SourceIp", ip.to_canonical().to_string());
        }
        if !source.user_agent.is_empty() {
            context = context.with("aws:UserAgent", &source.user_agent);
        }
        if arn.is_empty() {
            return context;
        }
        context
            .with("aws:PrincipalArn", arn)
            .with("aws:PrincipalAccount", &call.account)
            .with("aws:userid", &call.principal.user_id)
    }

    /// The same with one more key.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<String>) -> Self {
        self.with_all(key, [value.into()])
    }

    /// The same with a key of several values, such as `aws:TagKeys`.
    #[must_use]
    pub fn with_all(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.values.insert(key.to_ascii_lowercase(), values.into_iter().collect());
        self
    }

    /// The values of a key; none if nothing is known of it.
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.values.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }
}
