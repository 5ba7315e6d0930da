//! Topics and subscriptions: who is told of what, and the queue of what is to be delivered.
//!
//! An operation writes what it does and what it sends in one transaction. What is in the queue is delivered by
//! [`notice::Courier`](crate::notice::Courier).

mod arn;
mod attributes;
mod confirm;
mod create;
mod error;
mod filter;
mod list;
mod message;
mod operation;
mod pages;
mod permission;
mod protocol;
mod publish;
mod random;
mod settings;
mod stored;
mod subscribe;
mod tables;
mod tag;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use weir_store::{Catalogue, CatalogueError};

pub(crate) use self::{
    arn::{Arn, Home},
    protocol::shown as shown_endpoint,
    random::{fraction, uuid},
    settings::{SubscriptionSettings, TopicSettings},
    stored::{Kind, State as SubscriptionState, Subscription, count, counted, decoded, forget_messages},
};
pub use self::{
    error::TopicError,
    filter::{FilterPolicy, FilterPolicyError, FilterPolicyScope},
    message::{Message, MessageAttributeValue, MessageAttributes, MessageId, SIZE_LIMIT, Structure},
    operation::*,
    pages::{Answer, Method, confirmation_page},
    protocol::Protocol,
    publish::publish_in,
};
use crate::{notice::Links, queue::Queues};

/// The topics of one account in one region. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Topics {
    catalogue: Catalogue,
    home: Arc<Home>,
    links: Arc<Links>,
    queues: Queues,
    elsewhere: Arc<OnceLock<Elsewhere>>,
}

/// Finds the queues of another region of the account: none, or why that cannot be told now.
pub struct Elsewhere(Box<FindQueues>);

type FindQueues = dyn Fn(&str) -> Result<Option<Queues>, String> + Send + Sync;

impl Elsewhere {
    /// Finds them by the name of the region.
    pub fn new(find: impl Fn(&str) -> Result<Option<Queues>, String> + Send + Sync + 'static) -> Self {
        Self(Box::new(find))
    }
}

impl fmt::Debug for Elsewhere {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Elsewhere")
    }
}

/// What topics have to be told.
#[derive(Debug, Clone)]
pub struct TopicOptions {
    /// Where subscribers reach this program, such as `https://weir.example.com`: what links begin with.
    pub public_url: String,
}

impl Topics {
    /// Opens the topics that the catalogue keeps, and the queues.
    ///
    /// # Errors
    /// When the catalogue refuses, or was written by a later program.
    pub fn open(
        catalogue: Catalogue,
        account: &str,
        region: &str,
        options: &TopicOptions,
    ) -> Result<Self, CatalogueError> {
        catalogue.provide(&tables::TABLES)?;
        let home = Arc::new(Home { account: account.to_owned(), region: region.to_owned() });
        let queues = Queues::open(catalogue.clone(), Arc::clone(&home))?;
        let links = Arc::new(Links::new(&options.public_url));
        Ok(Self { catalogue, home, links, queues, elsewhere: Arc::default() })
    }

    /// Says how queues of other regions are found. Until then what is for them waits. Said once: what comes later is not heard.
    pub fn reach(&self, elsewhere: Elsewhere) {
        let _ = self.elsewhere.set(elsewhere);
    }

    /// The queues of another region; none when the region has none.
    ///
    /// # Errors
    /// When they cannot be reached now.
    pub(crate) fn queues_in(&self, region: &str) -> Result<Option<Queues>, String> {
        match self.elsewhere.get() {
            Some(Elsewhere(find)) => find(region),
            None => Err(format!("the region {region} cannot be reached yet")),
        }
    }

    /// The queues of the same account and region.
    pub fn queues(&self) -> &Queues {
        &self.queues
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    pub(crate) fn links(&self) -> &Links {
        &self.links
    }
}
