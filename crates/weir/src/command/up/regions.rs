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
    queue::Queues,
    topic::{Answer, Elsewhere, Method},
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
    others: Arc<Others>,
}

/// The regions besides the first, by name.
#[derive(Default)]
struct Others {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    by_name: BTreeMap<String, (Arc<Watching>, Workers)>,
    /// All that clients made before are there, and none has been stopped: what is not there is nowhere.
    is_whole: bool,
}

impl Others {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queues(&self, region: &str) -> Result<Option<Queues>, String> {
        let open = self.lock();
        match open.by_name.get(region) {
            Some((watching, _)) => Ok(Some(watching.region.topics.queues().clone())),
            None if open.is_whole => Ok(None),
            None => Err(format!("the region {region} is not open")),
        }
    }
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
            others: Arc::default(),
        };
        regions.connect(&regions.home);
        for folder in fs::read_dir(&regions.root).into_iter().flatten().flatten() {
            if let Some(name) = folder.file_name().to_str().filter(|name| is_name(name) && *name != regions.name) {
                let further = regions.further(name)?;
                regions.others.lock().by_name.insert(name.to_owned(), further);
            }
        }
        regions.others.lock().is_whole = true;
        Ok(regions)
    }

    /// Lets the topics of a region deliver to queues of the others.
    fn connect(&self, watching: &Watching) {
        let (others, name) = (Arc::clone(&self.others), self.name.clone());
        let home = self.home.region.topics.queues().clone();
        let find = move |region: &str| if region == name { Ok(Some(home.clone())) } else { others.queues(region) };
        watching.region.topics.reach(Elsewhere::new(find));
    }

    /// Answers a link of a notice, whichever region it is of.
    pub(super) fn link(&self, method: Method, path: &str, query: &str) -> Option<Answer> {
        let is_of = |region: &str| query.contains(&format!("%3A{region}%3A")) || query.contains(&format!(":{region}:"));
        let named = self
            .others
            .lock()
            .by_name
            .iter()
            .find(|(name, _)| is_of(name))
            .map(|(_, (watching, _))| Arc::clone(watching));
        named.as_ref().unwrap_or(&self.home).link(method, path, query)
    }

    /// Ends the threads of the others. Blocks.
    pub(super) fn stop(&self) {
        // Not held while they end: they may ask for each other's queues.
        let open = std::mem::take(&mut *self.others.lock());
        for (_, workers) in open.by_name.into_values() {
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
        let mut others = self.others.lock();
        if let Some((watching, _)) = others.by_name.get(name) {
            return Ok(Arc::clone(watching));
        }
        if !is_name(name) {
            return Err(ApiError::new("InvalidParameterValue", format!("{name} is not the name of a region")));
        }
        if others.by_name.len() == MOST {
            let message = format!("there are {MOST} regions besides {}; there can be no more", self.name);
            return Err(ApiError::new("LimitExceededException", message));
        }
        let further = self.further(name).map_err(|error| ApiError::internal(crate::sentence(&error)))?;
        let watching = Arc::clone(&further.0);
        others.by_name.insert(name.to_owned(), further);
        Ok(watching)
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
        self.connect(&watching);
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
