//! Notices: from the queue of deliveries to mails and POSTs.
//!
//! [`Courier`] says what is to be sent and when to try again; a [`Carrier`] sends. The program brings them together.

mod alarm;
mod carrier;
mod courier;
mod error;
mod http;
mod json;
mod letter;
mod letter_box;
mod links;
mod mail;
mod pace;
mod parcel;
mod policy;
mod queue;
mod region;
mod retry;
mod signature;
mod smtp;
mod template;
#[cfg(test)]
mod tests;

pub use self::{
    alarm::{alarm_mail, alarm_message},
    carrier::{Carrier, Carriers, Failure},
    courier::{Counters, Courier, Outgoing},
    error::NoticeError,
    http::Http,
    mail::Mail,
    parcel::{Parcel, Post},
    queue::Trouble,
    region::long_name,
    retry::{Backoff, Retries},
    smtp::Smtp,
};
pub(crate) use self::{
    links::{CONFIRM_PAGE, Links, UNSUBSCRIBE_PAGE},
    policy::{DeliveryPolicy, TopicDeliveryPolicy},
    signature::SignatureVersion,
    template::Template,
};
