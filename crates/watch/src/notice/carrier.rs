//! Who brings a parcel to its address.

use super::{Http, Parcel, Smtp};

/// Why a parcel did not arrive. The problems hold no password and no address that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may arrive another time.
    #[error("{0}")]
    Transient(String),
    /// It never will.
    #[error("{0}")]
    Permanent(String),
}

impl Failure {
    /// What went wrong.
    pub fn problem(&self) -> &str {
        match self {
            Self::Transient(problem) | Self::Permanent(problem) => problem,
        }
    }
}

/// Sends. Blocks until it is done, but for no longer than the carrier's time limit.
pub trait Carrier: Send + Sync {
    /// Sends one parcel; what arrived is acknowledged by whoever got it.
    ///
    /// # Errors
    /// When it did not arrive.
    fn carry(&self, parcel: &Parcel) -> Result<(), Failure>;
}

/// Mails by a relay, POSTs by HTTP.
#[derive(Debug)]
pub struct Carriers {
    /// The relay; without one, mails wait until there is.
    pub smtp: Option<Smtp>,
    /// HTTP and HTTPS.
    pub http: Http,
}

impl Carrier for Carriers {
    fn carry(&self, parcel: &Parcel) -> Result<(), Failure> {
        match (parcel, &self.smtp) {
            (Parcel::Post(post), _) => self.http.post(post),
            (Parcel::Mail(mail), Some(smtp)) => smtp.send(mail),
            (Parcel::Mail(_), None) => {
                Err(Failure::Transient("there is no mail relay: give the URL of one in the configuration".into()))
            }
        }
    }
}
