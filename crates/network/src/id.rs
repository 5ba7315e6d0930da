//! Ids of things: text such as `sg-0a1b2c3d4e5f60718`.

use thiserror::Error;

/// The kinds of things that have ids, and how their ids begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// `vpc-…`
    Vpc,
    /// `subnet-…`
    Subnet,
    /// `eni-…`
    Interface,
    /// `i-…`
    Instance,
    /// `sg-…`
    SecurityGroup,
    /// `sgr-…`
    SecurityGroupRule,
    /// `acl-…`
    NetworkAcl,
    /// `pl-…`
    PrefixList,
    /// `fl-…`
    FlowLog,
}

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{id}` is no id of {}: {}", kind.name(), kind.shape())]
pub struct IdError {
    /// What it should have been the id of.
    pub kind: IdKind,
    /// The text.
    pub id: String,
}

impl IdKind {
    /// How ids of this kind begin.
    pub const fn prefix(self) -> &'static str {
        match self {
            IdKind::Vpc => "vpc-",
            IdKind::Subnet => "subnet-",
            IdKind::Interface => "eni-",
            IdKind::Instance => "i-",
            IdKind::SecurityGroup => "sg-",
            IdKind::SecurityGroupRule => "sgr-",
            IdKind::NetworkAcl => "acl-",
            IdKind::PrefixList => "pl-",
            IdKind::FlowLog => "fl-",
        }
    }

    /// What it is called in messages, with its article.
    pub const fn name(self) -> &'static str {
        match self {
            IdKind::Vpc => "a vpc",
            IdKind::Subnet => "a subnet",
            IdKind::Interface => "an interface",
            IdKind::Instance => "an instance",
            IdKind::SecurityGroup => "a security group",
            IdKind::SecurityGroupRule => "a security group rule",
            IdKind::NetworkAcl => "a network acl",
            IdKind::PrefixList => "a prefix list",
            IdKind::FlowLog => "a flow log",
        }
    }

    /// Checks an id.
    ///
    /// AWS writes 8 or 17 hexadecimal digits behind the prefix. Ids that people write may be speaking: 1 to 64
    /// lower-case letters, digits and hyphens. Ids of flow logs are made by Weir and appear in the names of
    /// objects, so they must be as AWS has them.
    ///
    /// # Errors
    /// When the text has another shape.
    pub fn check(self, id: &str) -> Result<(), IdError> {
        let good = id.strip_prefix(self.prefix()).is_some_and(|rest| match self {
            IdKind::FlowLog => matches!(rest.len(), 8 | 17) && rest.bytes().all(is_hex),
            _ => {
                (1..=64).contains(&rest.len())
                    && rest.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            }
        });
        if good { Ok(()) } else { Err(IdError { kind: self, id: id.to_owned() }) }
    }

    fn shape(self) -> String {
        match self {
            IdKind::FlowLog => "write `fl-` and 17 hexadecimal digits in lower case".to_owned(),
            _ => format!("write `{}` and 1 to 64 lower-case letters, digits or hyphens", self.prefix()),
        }
    }
}

/// FNV-1a, 128 bits: simple, and the same on every machine and in every version.
const OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// 17 hexadecimal digits.
const ID_BITS: u32 = 68;

impl IdKind {
    /// The id that always stands for these parts: of what has none of its own, such as the interfaces of a host.
    pub fn derive(self, parts: &[&str]) -> String {
        let mut hash = OFFSET_BASIS;
        let mut eat = |bytes: &[u8]| {
            for byte in bytes {
                hash = (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
            }
        };
        eat(self.prefix().trim_end_matches('-').as_bytes());
        for part in parts {
            // A byte that no part contains keeps `ab`, `c` apart from `a`, `bc`.
            eat(&[0xff]);
            eat(part.as_bytes());
        }
        let folded = (hash ^ (hash >> 64)) & ((1 << ID_BITS) - 1);
        format!("{}{folded:017x}", self.prefix())
    }
}

const fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn derived_ids_are_well_formed_and_apart() {
        let id = IdKind::Interface.derive(&["a", "bc"]);
        assert_eq!(IdKind::Interface.check(&id), Ok(()));
        assert_eq!(id.len(), "eni-".len() + 17);
        assert_ne!(id, IdKind::Interface.derive(&["ab", "c"]));
        assert_ne!(id[4..], IdKind::Subnet.derive(&["a", "bc"])[7..]);
    }

    #[test]
    fn small_differences_do_not_collide() {
        let ids: HashSet<_> =
            (0..100_000).map(|number| IdKind::Interface.derive(&["machine", &format!("veth{number}")])).collect();
        assert_eq!(ids.len(), 100_000);
    }

    #[test]
    fn ids_of_aws_and_speaking_ids_are_good() {
        for id in ["sg-0a1b2c3d4e5f60718", "sg-1a2b3c4d", "sg-web", "sg-web-2"] {
            assert_eq!(IdKind::SecurityGroup.check(id), Ok(()), "{id}");
        }
        assert_eq!(IdKind::FlowLog.check("fl-0123456789abcdef0"), Ok(()));
        assert_eq!(IdKind::FlowLog.check("fl-1234abcd"), Ok(()));
    }

    #[test]
    fn other_texts_are_refused_with_the_shape_to_write() {
        for id in
            ["", "sg-", "sg", "web", "SG-web", "sg-Web", "sg-a b", "sgr-1", "sg-ü", &format!("sg-{}", "a".repeat(65))]
        {
            let error = IdKind::SecurityGroup.check(id).unwrap_err();
            assert!(error.to_string().contains("write `sg-` and"), "{error}");
        }
        for id in ["fl-web", "fl-0123456789ABCDEF0", "fl-0123456789abcdef", "fl-0123456789abcdef01"] {
            let error = IdKind::FlowLog.check(id).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("`{id}` is no id of a flow log: write `fl-` and 17 hexadecimal digits in lower case")
            );
        }
    }
}
