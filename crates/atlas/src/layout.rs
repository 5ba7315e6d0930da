//! How databases name what they know. Source: MaxMind's GeoIP2 and GeoLite2 databases.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Place;

/// What is read of an entry; everything else in it is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    country: Named,
    /// Where the network is registered: for those that are used nowhere, or everywhere.
    registered_country: Named,
    city: Named,
    autonomous_system_number: Option<u32>,
    autonomous_system_organization: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    iso_code: Option<String>,
    /// By language.
    names: BTreeMap<String, String>,
}

impl Named {
    fn is_known(&self) -> bool {
        self.iso_code.is_some() || !self.names.is_empty()
    }

    fn english(mut self) -> Option<String> {
        self.names.remove("en")
    }
}

impl Entry {
    pub(crate) fn into_place(self, network: String) -> Place {
        let mut country = if self.country.is_known() { self.country } else { self.registered_country };
        Place {
            country_code: country.iso_code.take(),
            country: country.english(),
            city: self.city.english(),
            system: self.autonomous_system_number,
            organization: self.autonomous_system_organization,
            network: Some(network),
        }
    }
}
