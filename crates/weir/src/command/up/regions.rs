//! The regions of an installation: the one that it is in, and those that clients ask for.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, Result};
use tokio::runtime::Handle;
use weir_api::{ApiError, Region};
use weir_store::Catalogue;
use weir_watch::{
    notice::Carriers,
    topic::{Answer, Method},
};

use super::watching::{Place, QuestionLimits, Watching, Workers};

/// Regions besides the first; each has threads of its own.
const MOST: usize = 64;

/// All regions.
pub(super) struct Regions {
    pub(super) home: Arc<Watching>,
    name: String,
    account: String,
    public_url: String,
    runtime: Handle,
    limits: QuestionLimits,
    /// Where the others are, each in a folder of its name.
    root: PathBuf,
    carriers: Arc<Carriers>,
    others: Mutex<BTreeMap<String, (Arc<Watching>, Workers)>>,
}

impl Regions {
    /// Takes the region of this installation, and opens those that clients made before.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub(super) fn open(home: Arc<Watching>, place: &Place<'_>, carriers: Arc<Carriers>) -> Result<Self> {
        let regions = Self {
            home,
            name: place.region.to_owned(),
            account: place.account.to_owned(),
            public_url: place.public_url.clone(),
            runtime: place.runtime.clone(),
            limits: place.limits.clone(),
            root: place.path.join("regions"),
            carriers,
            others: Mutex::default(),
        };
        for folder in fs::read_dir(&regions.root).into_iter().flatten().flatten() {
            if let Some(name) = folder.file_name().to_str().filter(|name| is_name(name) && *name != regions.name) {
                let further = regions.further(name)?;
                regions.others().insert(name.to_owned(), further);
            }
        }
        Ok(regions)
    }

    /// Answers a link of a notice, whichever region it is of.
    pub(super) fn link(&self, method: Method, path: &str, query: &str) -> Option<Answer> {
        let is_of = |region: &str| query.contains(&format!("%3A{region}%3A")) || query.contains(&format!(":{region}:"));
        let named = self.others().iter().find(|(name, _)| is_of(name)).map(|(_, (watching, _))| Arc::clone(watching));
        named.as_ref().unwrap_or(&self.home).link(method, path, query)
    }

    /// Ends the threads of the others. Blocks.
    pub(super) fn stop(&self) {
        for (_, workers) in std::mem::take(&mut *self.others()).into_values() {
            workers.stop();
        }
    }

    /// What is watched in a region; it is made if need be.
    ///
    /// # Errors
    /// The name is none of a region, there are too many, or the disk refuses.
    pub(super) fn watching(&self, name: &str) -> Result<Arc<Watching>, ApiError> {
        if name == self.name {
            return Ok(Arc::clone(&self.home));
        }
        let mut others = self.others();
        if let Some((watching, _)) = others.get(name) {
            return Ok(Arc::clone(watching));
        }
        if !is_name(name) {
            return Err(ApiError::new("InvalidParameterValue", format!("{name} is not the name of a region")));
        }
        if others.len() == MOST {
            let message = format!("there are {MOST} regions besides {}; there can be no more", self.name);
            return Err(ApiError::new("LimitExceededException", message));
        }
        let further = self.further(name).map_err(|error| ApiError::internal(crate::sentence(&error)))?;
        let watching = Arc::clone(&further.0);
        others.insert(name.to_owned(), further);
        Ok(watching)
    }

    fn others(&self) -> MutexGuard<'_, BTreeMap<String, (Arc<Watching>, Workers)>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn further(&self, name: &str) -> Result<(Arc<Watching>, Workers)> {
        let path = self.root.join(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let catalogue = Catalogue::open(&path.join("catalogue.sqlite"))?;
        let place = Place {
            path: &path,
            catalogue,
            account: &self.account,
            region: name,
            public_url: self.public_url.clone(),
            runtime: self.runtime.clone(),
            limits: self.limits.clone(),
        };
        let watching = Arc::new(Watching::open(place)?);
        let workers = watching.start(&self.carriers);
        Ok((watching, workers))
    }
}

impl weir_api::Regions for Regions {
    fn region(&self, name: &str) -> Result<Arc<Region>, ApiError> {
        self.watching(name).map(|watching| Arc::clone(&watching.region))
    }
}

/// Small letters, digits and hyphens, as AWS has them: it becomes the name of a folder.
fn is_name(name: &str) -> bool {
    let is_good = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    !name.is_empty() && name.len() <= 32 && name.bytes().all(is_good)
}
