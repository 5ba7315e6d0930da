//! Attributes, as the operations `Modify…Attribute` have them.

use serde::Deserialize;

/// An attribute that is on or off.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Switch {
    pub(super) value: bool,
}

/// An attribute that is a text.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Words {
    pub(super) value: String,
}
