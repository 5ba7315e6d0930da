//! The types of resources: each is a row, whose functions call the operations of the other services.

mod athena;
mod cloudwatch;
mod ec2;
mod ec2_network;
mod ec2_security;
mod iam;
mod logs;
mod messages;
mod s3;
mod work;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ApiError;

pub(super) use work::Work;

/// How a resource that has no name of its own gets one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Naming {
    /// The property with the name.
    pub(super) property: &'static str,
    /// The most characters.
    pub(super) longest: usize,
    /// Whether it has small letters only.
    pub(super) is_small: bool,
    /// What it ends in if this property is set.
    pub(super) ending: Option<(&'static str, &'static str)>,
}

/// What there is of a resource once it is made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Made {
    /// The physical id: what `Ref` is.
    pub(super) physical: String,
    /// What `Fn::GetAtt` is, by name.
    pub(super) attributes: Map<String, Value>,
}

/// A resource as it is now, for an update or a deletion.
#[derive(Debug, Clone)]
pub(super) struct Was<'a> {
    pub(super) made: &'a Made,
    pub(super) properties: &'a Value,
}

type Create = fn(&Work<'_>) -> Result<Made, ApiError>;
type Update = fn(&Work<'_>, &Was<'_>) -> Result<Made, ApiError>;
type Delete = fn(&Work<'_>, &Was<'_>) -> Result<(), ApiError>;
type There = fn(&Work<'_>) -> Result<Vec<String>, ApiError>;

/// A type of resource.
pub(super) struct Kind {
    /// Such as `AWS::Logs::LogGroup`.
    pub(super) name: &'static str,
    /// Properties that must be there.
    pub(super) required: &'static [&'static str],
    /// What `Fn::GetAtt` knows.
    pub(super) attributes: &'static [&'static str],
    /// Properties that cannot change: another value means another resource.
    pub(super) fixed: &'static [&'static str],
    pub(super) naming: Option<Naming>,
    pub(super) create: Create,
    /// None: every change means another resource.
    pub(super) update: Option<Update>,
    pub(super) delete: Delete,
    /// The ids of what is there and could be taken for it: of its name, or all that the service has of it. None: it is
    /// part of something else, and its properties say which part.
    pub(super) there: Option<There>,
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Kind {
    const fn new(name: &'static str, create: Create, delete: Delete) -> Self {
        Self {
            name,
            required: &[],
            attributes: &[],
            fixed: &[],
            naming: None,
            create,
            update: None,
            delete,
            there: None,
        }
    }

    const fn requires(self, required: &'static [&'static str]) -> Self {
        Self { required, ..self }
    }

    const fn shows(self, attributes: &'static [&'static str]) -> Self {
        Self { attributes, ..self }
    }

    const fn named(self, property: &'static str, longest: usize) -> Self {
        Self { naming: Some(Naming { property, longest, is_small: false, ending: None }), ..self }
    }

    const fn named_small(self, property: &'static str, longest: usize) -> Self {
        Self { naming: Some(Naming { property, longest, is_small: true, ending: None }), ..self }
    }

    const fn named_with(self, property: &'static str, longest: usize, ending: (&'static str, &'static str)) -> Self {
        Self { naming: Some(Naming { property, longest, is_small: false, ending: Some(ending) }), ..self }
    }

    /// It can be found again.
    const fn found(self, there: There) -> Self {
        Self { there: Some(there), ..self }
    }

    /// It can change, but for these properties.
    const fn changes(self, update: Update, fixed: &'static [&'static str]) -> Self {
        Self { update: Some(update), fixed, ..self }
    }

    /// Whether a change of properties means another resource.
    pub(super) fn is_replaced(&self, was: &Value, will_be: &Value) -> bool {
        let naming = self.naming.map(|naming| naming.property);
        let differs = |name: &&str| was.get(*name) != will_be.get(*name);
        self.update.is_none() || self.fixed.iter().copied().chain(naming).any(|name| differs(&name))
    }
}

const TABLES: [&[Kind]; 8] = [
    ec2_network::KINDS,
    ec2_security::KINDS,
    ec2::KINDS,
    s3::KINDS,
    logs::KINDS,
    iam::KINDS,
    cloudwatch::KINDS,
    messages::KINDS,
];

/// The type of this name.
pub(super) fn find(name: &str) -> Option<&'static Kind> {
    TABLES.iter().copied().chain([athena::KINDS]).flatten().find(|kind| kind.name == name)
}
