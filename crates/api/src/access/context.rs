//! What conditions of policies may ask about.

mod tags;

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use chrono::{DateTime, SecondsFormat};

use crate::{Call, Payload};

pub(crate) use tags::TagSet;

/// The values of a condition key, in small letters, that are looked up when a condition asks.
type Lookup = Arc<dyn Fn(&str) -> Option<Vec<String>> + Send + Sync>;

/// Gives the tags of a resource by its ARN.
pub(crate) type TagsOf = Arc<dyn Fn(&str) -> Option<TagSet> + Send + Sync>;

/// Values by condition key. Keys are alike whatever the case of their letters.
#[derive(Clone, Default)]
pub struct Context {
    values: BTreeMap<String, Vec<String>>,
    request_tags: Option<Lookup>,
    tags_of: Option<TagsOf>,
    /// What it is about now.
    resource: String,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.values).finish()
    }
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
            .with("aws:RequestedRegion", &call.region)
            .with("aws:ResourceAccount", &call.account)
            .with("aws:PrincipalIsAWSService", "false")
            .with("aws:ViaAWSService", "false");
        if let Some(ip) = source.ip {
            context = context.with("aws:SourceIp", ip.to_canonical().to_string());
        }
        if !source.user_agent.is_empty() {
            context = context.with("aws:UserAgent", &source.user_agent);
        }
        if !source.referer.is_empty() {
            context = context.with("aws:Referer", &source.referer);
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

    /// The same with a key of several values.
    #[must_use]
    pub fn with_all(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.values.insert(key.to_ascii_lowercase(), values.into_iter().collect());
        self
    }

    /// The same with the tags that an input has: `aws:RequestTag/…` and `aws:TagKeys`.
    #[must_use]
    pub(crate) fn asked_with(self, input: &Payload) -> Self {
        let tags = input.later(TagSet::asked_for);
        Self { request_tags: Some(Arc::new(move |key| tags.requested(key))), ..self }
    }

    /// The same with what knows the tags of resources: `aws:ResourceTag/…`.
    #[must_use]
    pub(crate) fn with_tags_of(self, tags_of: TagsOf) -> Self {
        Self { tags_of: Some(tags_of), ..self }
    }

    /// Makes it about a resource, by its ARN.
    pub(super) fn turn_to(&mut self, resource: &str) {
        resource.clone_into(&mut self.resource);
    }

    /// The values of a key; none if nothing is known of it.
    pub fn get(&self, key: &str) -> Option<Cow<'_, [String]>> {
        let key = key.to_ascii_lowercase();
        if let Some(values) = self.values.get(&key) {
            return Some(Cow::Borrowed(values));
        }
        let requested = || self.request_tags.as_ref()?(&key);
        requested().or_else(|| self.resource_tag(&key)).map(Cow::Owned)
    }

    /// `aws:ResourceTag/…`, and the same with the service's own name.
    fn resource_tag(&self, key: &str) -> Option<Vec<String>> {
        let (prefix, tag) = key.split_once(":resourcetag/")?;
        let is_of_service = || self.resource.split(':').nth(2).is_some_and(|service| service == prefix);
        let is_meant = prefix == "aws" || is_of_service();
        let value = self.tags_of.as_ref().filter(|_| is_meant)?(&self.resource)?.value(tag)?;
        Some(vec![value])
    }
}

#[cfg(test)]
mod tests;
