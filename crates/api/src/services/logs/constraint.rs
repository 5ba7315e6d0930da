//! Constraints that several operations have. Source: the service model.

use crate::Check;

/// The name of a log group.
pub(super) const GROUP: [Check; 3] = [
    Check::Required("logGroupName"),
    Check::Length("logGroupName", 1, 512),
    Check::Letters(
        "logGroupName",
        |letter| letter.is_ascii_alphanumeric() || ".-_/#".contains(letter),
        r"[\.\-_/#A-Za-z0-9]+",
    ),
];
/// The name of a log group, or its ARN.
pub(super) const IDENTIFIER: Check = Check::UnshownLetters(
    "logGroupIdentifier",
    |letter| letter.is_ascii_alphanumeric() || "_#+=/:,.@-".contains(letter),
    r"[\w#+=/:,.@-]*",
);
/// The name of a filter.
pub(super) const FILTER: [Check; 3] = [
    Check::Required("filterName"),
    Check::Length("filterName", 1, 512),
    Check::Letters("filterName", |letter| !":*".contains(letter), "[^:*]*"),
];
/// Of lists of what is defined.
pub(super) const PAGE: Check = Check::Range("limit", 1, 50);
/// Of lists of events.
pub(super) const EVENT_PAGE: Check = Check::Range("limit", 1, 10_000);
/// A filter pattern.
pub(super) const PATTERN: Check = Check::Length("filterPattern", 0, 1024);
/// What has tags.
pub(super) const RESOURCE: Check = Check::Required("resourceArn");
