//! One member of a JSON object, without a tree of the others.

use std::fmt;

use serde::{
    Deserializer as _,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};

/// The text of a member; reads no further than that. None if it is not there, or is something else.
pub(super) fn text(json: &[u8], member: &str) -> Option<String> {
    let mut found = None;
    // Ends in an error when it was found, so that the rest is not read.
    let _ = serde_json::Deserializer::from_slice(json).deserialize_map(Peek { member, found: &mut found });
    found
}

struct Peek<'a> {
    member: &'a str,
    found: &'a mut Option<String>,
}

impl<'de> Visitor<'de> for Peek<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<std::borrow::Cow<'de, str>>()? {
            if name == self.member {
                *self.found = Some(members.next_value()?);
                return Err(A::Error::custom("found"));
            }
            members.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_member_is_found_wherever_it_stands() {
        let json = br#"{"a":[{"b":"no"}],"b":"\u0041 b","c":1}"#;
        assert_eq!(text(json, "b").as_deref(), Some("A b"));
        for missing in ["a", "c", "d"] {
            assert_eq!(text(json, missing), None, "{missing}");
        }
        assert_eq!(text(br#"{"b":"yes", broken"#, "b").as_deref(), Some("yes"));
        for other in [&b"[]"[..], b"", b"{", b"\"b\""] {
            assert_eq!(text(other, "b"), None);
        }
    }
}
