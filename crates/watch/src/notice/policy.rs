//! `DeliveryPolicy`: what a subscription or a topic says about retries, speed and the request.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Backoff, Retries};

/// The longest that all waits of a policy may take together.
const TOTAL_LIMIT_SECONDS: f64 = 3600.0;

/// How HTTP and HTTPS endpoints are delivered to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct DeliveryPolicy {
    pub(crate) healthy_retry_policy: Option<RetryPolicy>,
    pub(crate) throttle_policy: Option<ThrottlePolicy>,
    pub(crate) request_policy: Option<RequestPolicy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct RetryPolicy {
    min_delay_target: u32,
    max_delay_target: u32,
    num_retries: u32,
    num_max_delay_retries: u32,
    num_no_delay_retries: u32,
    num_min_delay_retries: u32,
    backoff_function: Backoff,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ThrottlePolicy {
    pub(crate) max_receives_per_second: Option<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct RequestPolicy {
    pub(crate) header_content_type: Option<String>,
}

/// A topic's policy: the same, wrapped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TopicDeliveryPolicy {
    http: TopicHttpPolicy,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct TopicHttpPolicy {
    default_healthy_retry_policy: RetryPolicy,
    disable_subscription_overrides: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_throttle_policy: Option<ThrottlePolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_request_policy: Option<RequestPolicy>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            min_delay_target: Retries::HTTP.shortest,
            max_delay_target: Retries::HTTP.longest,
            num_retries: Retries::HTTP.backoff,
            num_max_delay_retries: 0,
            num_no_delay_retries: 0,
            num_min_delay_retries: 0,
            backoff_function: Backoff::Linear,
        }
    }
}

impl DeliveryPolicy {
    /// Reads a subscription's policy, or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let policy: Self = object(text)?;
        check(policy.healthy_retry_policy, policy.throttle_policy, policy.request_policy.as_ref())?;
        Ok(policy)
    }

    pub(crate) fn retries(&self) -> Retries {
        self.healthy_retry_policy.map_or(Retries::HTTP, RetryPolicy::retries)
    }

    pub(crate) fn receives_per_second(&self) -> Option<u32> {
        self.throttle_policy?.max_receives_per_second
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.request_policy.as_ref()?.header_content_type.as_deref()
    }
}

impl TopicDeliveryPolicy {
    /// Reads a topic's policy, or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let policy: Self = object(text)?;
        let http = &policy.http;
        check(
            Some(http.default_healthy_retry_policy),
            http.default_throttle_policy,
            http.default_request_policy.as_ref(),
        )?;
        Ok(policy)
    }

    /// What counts for a subscription with this policy of its own.
    pub(crate) fn effective(&self, own: Option<DeliveryPolicy>) -> DeliveryPolicy {
        let http = &self.http;
        let own = own.filter(|_| !http.disable_subscription_overrides).unwrap_or_default();
        DeliveryPolicy {
            healthy_retry_policy: Some(own.healthy_retry_policy.unwrap_or(http.default_healthy_retry_policy)),
            throttle_policy: own.throttle_policy.or(http.default_throttle_policy),
            request_policy: own.request_policy.or_else(|| http.default_request_policy.clone()),
        }
    }
}

impl RetryPolicy {
    fn retries(self) -> Retries {
        let other = self.num_no_delay_retries + self.num_min_delay_retries + self.num_max_delay_retries;
        Retries {
            immediate: self.num_no_delay_retries,
            before: self.num_min_delay_retries,
            backoff: self.num_retries.saturating_sub(other),
            after: self.num_max_delay_retries,
            shortest: self.min_delay_target,
            longest: self.max_delay_target,
            growth: self.backoff_function,
        }
    }

    fn check(self) -> Result<(), String> {
        if !(1..=3600).contains(&self.max_delay_target) || !(1..=self.max_delay_target).contains(&self.min_delay_target)
        {
            return Err("minDelayTarget must be 1 or more, maxDelayTarget from there to 3600".into());
        }
        if self.num_retries > 100 {
            return Err("numRetries must be from 0 to 100".into());
        }
        let phases = [self.num_no_delay_retries, self.num_min_delay_retries, self.num_max_delay_retries];
        if phases.into_iter().map(u64::from).sum::<u64>() > self.num_retries.into() {
            return Err("numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries are more than numRetries".into());
        }
        let total = self.retries().total_seconds();
        if total > TOTAL_LIMIT_SECONDS {
            return Err(format!("all waits take {total:.0} s together, more than {TOTAL_LIMIT_SECONDS}"));
        }
        Ok(())
    }
}

/// A list would be read as the fields in their order.
fn object<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    if !text.trim_start().starts_with('{') {
        return Err("it must be a JSON object".into());
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn check(
    retries: Option<RetryPolicy>,
    throttle: Option<ThrottlePolicy>,
    request: Option<&RequestPolicy>,
) -> Result<(), String> {
    retries.map_or(Ok(()), RetryPolicy::check)?;
    if throttle.is_some_and(|throttle| throttle.max_receives_per_second == Some(0)) {
        return Err("maxReceivesPerSecond must be 1 or more".into());
    }
    match request.and_then(|request| request.header_content_type.as_deref()) {
        Some(kind) if !is_content_type(kind) => Err(format!("headerContentType `{kind}` is not a content type")),
        _ => Ok(()),
    }
}

fn is_content_type(text: &str) -> bool {
    let token = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let (kind, parameters) = text.split_once(';').unwrap_or((text, ""));
    kind.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub.trim_end()))
        && parameters.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_the_phases() {
        let policy = DeliveryPolicy::parse(
            r#"{"healthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 60, "numRetries": 50,
                "numNoDelayRetries": 3, "numMinDelayRetries": 2, "numMaxDelayRetries": 35, "backoffFunction": "exponential"},
                "throttlePolicy": {"maxReceivesPerSecond": 10},
                "requestPolicy": {"headerContentType": "application/json; charset=UTF-8"}}"#,
        )
        .expect("good");
        let retries = policy.retries();
        assert_eq!((retries.immediate, retries.before, retries.backoff, retries.after), (3, 2, 10, 35));
        assert_eq!(
            (policy.receives_per_second(), policy.content_type()),
            (Some(10), Some("application/json; charset=UTF-8"))
        );
        assert_eq!(DeliveryPolicy::default().retries(), Retries::HTTP);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |text: &str| DeliveryPolicy::parse(text).expect_err("refused");
        assert!(refused(r#"{"healthyRetryPolicy": {"minDelayTarget": 30}}"#).contains("minDelayTarget"));
        assert!(refused(r#"{"healthyRetryPolicy": {"numRetries": 101}}"#).contains("0 to 100"));
        assert!(refused(r#"{"healthyRetryPolicy": {"numNoDelayRetries": 4}}"#).contains("more than numRetries"));
        assert!(
            refused(r#"{"healthyRetryPolicy": {"numRetries": 100, "maxDelayTarget": 3600}}"#)
                .contains("more than 3600")
        );
        assert!(refused(r#"{"healthyRetryPolicy": {"retries": 1}}"#).contains("unknown field `retries`"));
        assert!(refused(r#"{"throttlePolicy": {"maxReceivesPerSecond": 0}}"#).contains("1 or more"));
        assert!(refused(r#"{"requestPolicy": {"headerContentType": "a/b\r\nX: y"}}"#).contains("headerContentType"));
        assert!(refused("[]").contains("JSON object"));
        assert!(refused("{").contains("line 1"));
    }

    #[test]
    fn a_topic_gives_what_a_subscription_leaves_open() {
        let own = DeliveryPolicy::parse(r#"{"healthyRetryPolicy": {"numRetries": 7}}"#).expect("good");
        let topic = |disable: bool| {
            let text = format!(
                r#"{{"http": {{"defaultHealthyRetryPolicy": {{"numRetries": 5}}, "disableSubscriptionOverrides": {disable},
                    "defaultThrottlePolicy": {{"maxReceivesPerSecond": 2}}}}}}"#
            );
            TopicDeliveryPolicy::parse(&text).expect("good")
        };
        let retries = |policy: &DeliveryPolicy| policy.retries().backoff;
        assert_eq!(retries(&topic(false).effective(Some(own.clone()))), 7);
        assert_eq!(topic(false).effective(Some(own.clone())).receives_per_second(), Some(2));
        assert_eq!(retries(&topic(false).effective(None)), 5);
        assert_eq!(retries(&topic(true).effective(Some(own))), 5);
        assert_eq!(retries(&TopicDeliveryPolicy::default().effective(None)), 3);
    }
}
