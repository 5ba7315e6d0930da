//! The operation table.

mod check;

use std::{collections::BTreeMap, fmt};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    ApiError, Events, Payload, Refusal, ServiceName,
    access::{Principal, Source},
};

pub use check::Check;

/// Who calls, where, and when.
#[derive(Debug, Clone)]
pub struct Call {
    /// The account, 12 digits.
    pub account: String,
    /// The region of the signature.
    pub region: String,
    /// Who calls.
    pub principal: Principal,
    /// From where.
    pub source: Source,
    /// Unix milliseconds.
    pub now: i64,
    /// The id of the request, a UUID.
    pub request_id: String,
}

impl Call {
    /// A call of the account itself, from this program.
    pub fn of_root(account: &str, region: &str, now: i64) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            principal: Principal::root(account, ""),
            source: Source::default(),
            now,
            request_id: Uuid::new_v4().to_string(),
        }
    }

    /// `arn:aws:<service>:<region>:<account>:<resource>`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }
}

/// What an operation does: from the input as it came to the output as plain values.
pub type Handler<S> = fn(&S, &Call, &Payload) -> Result<Value, ApiError>;

/// What an operation does whose answer is a stream of events.
pub type StreamHandler<S> = fn(&S, &Call, &Payload) -> Result<Events, ApiError>;

/// Which resources an operation is about, as ARNs; `*` for none in particular.
pub type Resources = fn(&Call, &Payload) -> Vec<String>;

/// What conditions of policies may ask about an operation beside what they may ask about all: keys of the service, such as
/// `s3:prefix`, with the values that the input has.
pub type Conditions = fn(&Payload) -> Vec<(&'static str, String)>;

/// One operation of a service over a state `S`: a row of the table.
pub struct Operation<S> {
    /// As AWS names it.
    pub name: &'static str,
    /// The action that a policy must allow, without the service; the name of the operation if it is the same.
    pub action: &'static str,
    /// What it is about.
    pub resources: Resources,
    /// What conditions may ask about it.
    pub conditions: Conditions,
    /// What its input must satisfy before all else.
    pub checks: &'static [Check],
    /// Whether whoever signed may call it, or the operation itself finds out whether they may.
    pub unguarded: bool,
    /// Whether whoever holds a token may call it without a signature, such as `ConfirmSubscription`.
    pub open: bool,
    /// What it does; none of both: AWS has it, Weir does not.
    pub handler: Option<Handler<S>>,
    /// The same, when its answer is a stream of events.
    pub stream: Option<StreamHandler<S>>,
}

impl<S> Operation<S> {
    /// An operation about no resource in particular.
    pub const fn new(name: &'static str, handler: Handler<S>) -> Self {
        Self { handler: Some(handler), ..Self::unsupported(name) }
    }

    /// An operation that answers with a stream of events.
    pub const fn streaming(name: &'static str, stream: StreamHandler<S>) -> Self {
        Self { stream: Some(stream), ..Self::unsupported(name) }
    }

    /// An operation of AWS that Weir does not have.
    pub const fn unsupported(name: &'static str) -> Self {
        Self {
            name,
            action: name,
            resources: |_, _| vec!["*".to_owned()],
            conditions: |_| Vec::new(),
            checks: &[],
            unguarded: false,
            open: false,
            handler: None,
            stream: None,
        }
    }

    /// Operations of AWS that Weir does not have.
    pub const fn all_unsupported<const N: usize>(names: [&'static str; N]) -> [Self; N] {
        let mut all = [const { Self::unsupported("") }; N];
        let mut next = 0;
        while next < N {
            all[next].name = names[next];
            all[next].action = names[next];
            next += 1;
        }
        all
    }

    /// The same, about these resources.
    pub const fn on(self, resources: Resources) -> Self {
        Self { resources, ..self }
    }

    /// The same, with these values for conditions.
    pub const fn telling(self, conditions: Conditions) -> Self {
        Self { conditions, ..self }
    }

    /// The same, allowed by another action than its name.
    pub const fn allowed_by(self, action: &'static str) -> Self {
        Self { action, ..self }
    }

    /// The same, with checks of its input.
    pub const fn checked(self, checks: &'static [Check]) -> Self {
        Self { checks, ..self }
    }

    /// The same, for whoever signed, or with a handler that finds out itself whether they may.
    pub const fn unguarded(self) -> Self {
        Self { unguarded: true, ..self }
    }

    /// The same, for callers without a signature too.
    pub const fn open(self) -> Self {
        Self { open: true, ..self }
    }

    /// What is known of it before it is called.
    pub fn entry(&self) -> Entry {
        Entry {
            name: self.name,
            action: self.action,
            resources: self.resources,
            conditions: self.conditions,
            unguarded: self.unguarded,
            open: self.open,
            supported: self.handler.is_some() || self.stream.is_some(),
        }
    }
}

/// Makes the [`Handler`] of a function `fn(&State, &Call, &Input) -> Result<Output, impl Into<ApiError>>`.
#[macro_export]
macro_rules! handle {
    ($function:path) => {
        |state, call, payload| $crate::operation_of(state, call, payload, $function)
    };
}

/// What [`handle!`] expands to.
#[doc(hidden)]
pub fn operation_of<S, I: DeserializeOwned, O: Serialize, E: Into<ApiError>>(
    state: &S,
    call: &Call,
    payload: &Payload,
    function: impl Fn(&S, &Call, &I) -> Result<O, E>,
) -> Result<Value, ApiError> {
    let output = function(state, call, &payload.parse()?).map_err(Into::into)?;
    serde_json::to_value(output).map_err(ApiError::internal)
}

/// A table of operations over a state: a service, or a part of one.
pub struct Table<S: 'static> {
    service: ServiceName,
    state: S,
    operations: BTreeMap<&'static str, &'static Operation<S>>,
}

impl<S> Table<S> {
    /// A table of these operations of a service; `state` is what they work on.
    pub fn new(service: ServiceName, state: S, operations: &'static [Operation<S>]) -> Self {
        Self { service, state, operations: operations.iter().map(|operation| (operation.name, operation)).collect() }
    }
}

impl<S> fmt::Debug for Table<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({:?}, {} operations)", self.service, self.operations.len())
    }
}

/// What is known of an operation before it is called.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// As AWS names it.
    pub name: &'static str,
    /// The action that a policy must allow, without the service.
    pub action: &'static str,
    /// What it is about.
    pub resources: Resources,
    /// What conditions may ask about it.
    pub conditions: Conditions,
    /// Whether no policy needs to allow it.
    pub unguarded: bool,
    /// Whether it needs no signature.
    pub open: bool,
    /// Whether Weir has it.
    pub supported: bool,
}

/// A table, whatever its state.
pub trait Serve: Send + Sync {
    /// Whose operations.
    fn service(&self) -> ServiceName;

    /// All operations.
    fn entries(&self) -> Vec<Entry>;

    /// Does an operation.
    ///
    /// # Errors
    /// What the client reads.
    fn call(&self, name: &str, call: &Call, payload: &Payload) -> Result<Value, ApiError>;

    /// Does an operation that answers with a stream of events; none if it answers otherwise. Within a runtime of tokio.
    ///
    /// # Errors
    /// What the client reads instead of a stream.
    fn stream(&self, _name: &str, _call: &Call, _payload: &Payload) -> Option<Result<Events, ApiError>> {
        None
    }
}

impl<S: Send + Sync> Serve for Table<S> {
    fn service(&self) -> ServiceName {
        self.service
    }

    fn entries(&self) -> Vec<Entry> {
        self.operations.values().map(|operation| operation.entry()).collect()
    }

    fn call(&self, name: &str, call: &Call, payload: &Payload) -> Result<Value, ApiError> {
        let protocol = payload.protocol();
        let Some(operation) = self.operations.get(name) else {
            return Err(Refusal::UnknownOperation(name.to_owned()).to_error(protocol));
        };
        let Some(handler) = operation.handler else {
            let action = format!("{}:{name}", self.service.action_prefix());
            return Err(Refusal::NotSupported(action).to_error(protocol));
        };
        check::check(self.service, operation.checks, payload)?;
        handler(&self.state, call, payload)
    }

    fn stream(&self, name: &str, call: &Call, payload: &Payload) -> Option<Result<Events, ApiError>> {
        let operation = self.operations.get(name)?;
        let stream = operation.stream?;
        let checked = check::check(self.service, operation.checks, payload);
        Some(checked.and_then(|()| stream(&self.state, call, payload)))
    }
}
