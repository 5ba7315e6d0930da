//! Where topics are, and what that makes of their names.

/// One account in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) account: String,
    pub(crate) region: String,
}

/// The most characters of a topic's name.
const NAME_LIMIT: usize = 256;

impl Home {
    /// `arn:aws:sns:<region>:<account>:<name>`.
    pub(crate) fn topic_arn(&self, name: &str) -> String {
        format!("arn:aws:sns:{}:{}:{name}", self.region, self.account)
    }
}

/// Name of the topic, and UUID of the subscription, of an ARN of SNS.
pub(crate) struct Arn<'a> {
    pub(crate) topic: &'a str,
    pub(crate) subscription: Option<&'a str>,
}

impl<'a> Arn<'a> {
    /// None when the text is no ARN of a topic or a subscription.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(7, ':');
        let mut next = || parts.next().filter(|part| !part.is_empty());
        let (arn, _partition, sns, _region) = (next()?, next()?, next()?, next()?);
        let (_account, topic, subscription) = (next()?, next()?, next());
        let is_good = arn == "arn" && sns == "sns" && is_topic_name(topic) && !text.ends_with(':');
        is_good.then_some(Self { topic, subscription })
    }
}

/// That of a FIFO topic ends in `.fifo`.
pub(crate) fn is_topic_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let stem = name.strip_suffix(".fifo").unwrap_or(name);
    !stem.is_empty() && name.len() <= NAME_LIMIT && stem.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_come_apart() {
        let home = Home { account: "123456789012".into(), region: "eu-west-1".into() };
        let topic = home.topic_arn("alarms");
        assert_eq!(topic, "arn:aws:sns:eu-west-1:123456789012:alarms");
        let parsed = Arn::parse(&topic).expect("an ARN");
        assert_eq!((parsed.topic, parsed.subscription), ("alarms", None));
        let parsed = format!("{topic}:1-2");
        assert_eq!(Arn::parse(&parsed).expect("an ARN").subscription, Some("1-2"));
        for bad in ["", "alarms", "arn:aws:sqs:r:1:q", "arn:aws:sns:r::t", "arn:aws:sns:r:1:a b", "arn:aws:sns:r:1:t:"]
        {
            assert!(Arn::parse(bad).is_none(), "{bad}");
        }
    }
}
