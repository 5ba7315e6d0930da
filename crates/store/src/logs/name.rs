//! Names of log groups and streams, and ARNs made of them.

use weir_network::TrafficType;

use super::LogsError;

/// Whose log groups they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The account's id: 12 digits.
    pub account: String,
    /// The region, such as `us-east-1`.
    pub region: String,
}

impl Owner {
    /// The ARN of a log group, without the `:*` that some operations write behind it.
    pub fn group_arn(&self, group: &str) -> String {
        format!("arn:aws:logs:{}:{}:log-group:{group}", self.region, self.account)
    }

    /// The ARN of a log stream.
    pub fn stream_arn(&self, group: &str, stream: &str) -> String {
        format!("{}:log-stream:{stream}", self.group_arn(group))
    }

    /// The name of a log group that is given by its name or its ARN.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for the ARN of another account or region, `InvalidParameterException` for an ARN of
    /// something else.
    pub fn group_of<'a>(&self, identifier: &'a str) -> Result<&'a str, LogsError> {
        if !identifier.starts_with("arn:") {
            return Ok(identifier);
        }
        let Some((_, name)) = identifier.split_once(":log-group:").filter(|_| identifier.starts_with("arn:aws:logs:"))
        else {
            return Err(LogsError::invalid(format!("Invalid log group ARN: {identifier}")));
        };
        let name = name.strip_suffix(":*").unwrap_or(name);
        let ours = identifier.strip_suffix(":*").unwrap_or(identifier) == self.group_arn(name);
        if ours { Ok(name) } else { Err(LogsError::NO_GROUP) }
    }
}

/// The stream of an interface's records: `<interface>-all`, or `-accept`, `-reject` when only these are recorded.
pub fn stream_of(interface: &str, traffic: TrafficType) -> String {
    let suffix = match traffic {
        TrafficType::All => "all",
        TrafficType::Accept => "accept",
        TrafficType::Reject => "reject",
    };
    format!("{interface}-{suffix}")
}

const LONGEST: usize = 512;

/// 1 to 512 of `.-_/#A-Za-z0-9`, not beginning with `aws/`.
pub(super) fn check_group(name: &str) -> Result<(), LogsError> {
    check_length("logGroupName", name)?;
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte)) {
        return Err(refused(
            "logGroupName",
            name,
            "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
        ));
    }
    if name.starts_with("aws/") {
        return Err(LogsError::invalid("Log groups starting with aws/ are reserved for AWS."));
    }
    Ok(())
}

/// 1 to 512 characters, no `:` and no `*`.
pub(super) fn check_stream(name: &str) -> Result<(), LogsError> {
    check_length("logStreamName", name)?;
    if name.contains([':', '*']) {
        return Err(refused("logStreamName", name, "Member must satisfy regular expression pattern: [^:*]*"));
    }
    Ok(())
}

fn check_length(member: &str, name: &str) -> Result<(), LogsError> {
    if name.is_empty() {
        return Err(refused(member, name, "Member must have length greater than or equal to 1"));
    }
    if name.chars().count() > LONGEST {
        let problem = "Invalid LogGroup or LogStream, both must have length less than or equal to 512.";
        return Err(LogsError::invalid(problem));
    }
    Ok(())
}

/// A constraint that is not met, as AWS says it.
pub(super) fn refused(member: &str, value: impl std::fmt::Display, constraint: &str) -> LogsError {
    LogsError::invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        let long = "a".repeat(512);
        for name in ["/weir/flow-logs", "a", "A.b-c_d/e#9", "/aws/lambda/x", &long] {
            check_group(name).expect(name);
        }
        let longer = "a".repeat(513);
        for name in ["", "aws/x", "a b", "ä", "a:b", "a*", &longer] {
            assert_eq!(check_group(name).expect_err(name).code(), "InvalidParameterException");
        }
        for name in ["eni-1-all", "ä b/[$LATEST]", &"ä".repeat(512)] {
            check_stream(name).expect(name);
        }
        for name in ["", "a:b", "a*", &longer] {
            assert_eq!(check_stream(name).expect_err(name).code(), "InvalidParameterException");
        }
    }

    #[test]
    fn groups_are_found_by_arn() {
        let owner = Owner { account: "123456789012".into(), region: "eu-west-1".into() };
        let arn = owner.group_arn("/a");
        assert_eq!(arn, "arn:aws:logs:eu-west-1:123456789012:log-group:/a");
        for identifier in ["/a", &arn, &format!("{arn}:*")] {
            assert_eq!(owner.group_of(identifier).expect(identifier), "/a");
        }
        let other = arn.replace("eu-west-1", "us-east-1");
        assert_eq!(owner.group_of(&other).expect_err("elsewhere").code(), "ResourceNotFoundException");
        let other = "arn:aws:s3:::bucket";
        assert_eq!(owner.group_of(other).expect_err("a bucket").code(), "InvalidParameterException");
        assert_eq!(stream_of("eni-1", TrafficType::Reject), "eni-1-reject");
    }
}
