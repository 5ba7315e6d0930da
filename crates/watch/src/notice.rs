//! Notices: from the queue of deliveries to mails and POSTs.

mod links;
mod policy;
mod region;
mod retry;
mod signature;
mod template;

pub(crate) use self::{
    links::{CONFIRM_PAGE, Links, UNSUBSCRIBE_PAGE},
    policy::{DeliveryPolicy, TopicDeliveryPolicy},
    signature::SignatureVersion,
    template::Template,
};
pub use self::{
    region::long_name,
    retry::{Backoff, Retries},
};
