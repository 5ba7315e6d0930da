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

use std::sync::Arc;

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
        Ok(Self { catalogue, home, links: Arc::new(Links::new(&options.public_url)), queues })
    }

    /// The queues of the same account and region, which subscriptions of protocol `sqs` deliver to.
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
