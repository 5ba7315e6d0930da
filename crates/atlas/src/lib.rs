//! Where an address is: country, city and network, from files in the MaxMind DB format.
//!
//! Databases for countries, cities and autonomous systems have the same layout of names (MaxMind's GeoLite2 and GeoIP2,
//! and those of others who follow it, such as DB-IP). Several files complete each other: what the first one does not
//! know, the next may.

#[cfg(test)]
mod fixture;
mod layout;

use std::{
    fmt, fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
};

use maxminddb::{MaxMindDbError, Reader};
use serde::Serialize;

use layout::Entry;

/// Why a database file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AtlasError {
    /// The file cannot be read.
    #[error("{path}: cannot read the database file: {error}; name one in the MaxMind DB format (.mmdb)", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is damaged, or is something else.
    #[error("{path}: no database in the MaxMind DB format: {error}; fetch the file again, and unpack it (.mmdb)", path = path.display())]
    NoDatabase {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: MaxMindDbError,
    },
    /// An entry of the file does not fit together.
    #[error("{path}: the entry of {address} cannot be read: {error}", path = path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// What was looked up.
        address: IpAddr,
        /// What is wrong.
        error: MaxMindDbError,
    },
}

/// What is known of an address. All of it may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Two letters of ISO 3166-1, such as `CH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// The country in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The city in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Number of the autonomous system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<u32>,
    /// Who runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The smallest network that a database says all this of, such as `203.0.113.0/24`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
}

/// Database files, held in memory.
#[derive(Default)]
pub struct Atlas {
    books: Vec<Book>,
}

struct Book {
    path: PathBuf,
    reader: Reader<Vec<u8>>,
}

impl fmt::Debug for Atlas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.books.iter().map(|book| &book.path)).finish()
    }
}

impl Atlas {
    /// Reads files whole.
    ///
    /// # Errors
    /// A file that cannot be read, or is no database.
    pub fn open<P: AsRef<Path>>(paths: &[P]) -> Result<Self, AtlasError> {
        Ok(Self { books: paths.iter().map(|path| Book::open(path.as_ref())).collect::<Result<_, _>>()? })
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.books.is_empty()
    }

    /// What the files know of an address; none if it is in none of them, or private.
    ///
    /// # Errors
    /// A file that is damaged where the address is.
    pub fn look_up(&self, address: IpAddr) -> Result<Option<Place>, AtlasError> {
        let address = address.to_canonical();
        if is_private(address) {
            return Ok(None);
        }
        let mut found: Option<(Place, u8)> = None;
        for book in &self.books {
            let Some((place, prefix)) = book.look_up(address)? else { continue };
            found = Some(match found {
                None => (place, prefix),
                Some((known, length)) => (known.completed(place, prefix > length), length.max(prefix)),
            });
        }
        Ok(found.map(|(place, _)| place))
    }
}

impl Book {
    fn open(path: &Path) -> Result<Self, AtlasError> {
        let path = path.to_owned();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => return Err(AtlasError::Read { path, error }),
        };
        match Reader::from_source(bytes) {
            Ok(reader) => Ok(Self { path, reader }),
            Err(error) => Err(AtlasError::NoDatabase { path, error }),
        }
    }

    /// The entry of an address, and how long the prefix of its network is.
    fn look_up(&self, address: IpAddr) -> Result<Option<(Place, u8)>, AtlasError> {
        // A database of IPv4 has no place for others.
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Ok(None);
        }
        let whole = || {
            let result = self.reader.lookup(address)?;
            let Some(entry) = result.decode::<Entry>()? else { return Ok(None) };
            let network = result.network()?;
            Ok(Some((entry.into_place(network.to_string()), network.prefix())))
        };
        whole().map_err(|error| AtlasError::Entry { path: self.path.clone(), address, error })
    }
}

/// Whether an address means another place on each network. Source: the IANA's registries of special-purpose addresses.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => {
            let is_carrier = matches!(it.octets(), [100, 64..128, ..]);
            let is_link = it.is_link_local() || it.is_loopback() || it.is_broadcast();
            it.is_private() || is_carrier || is_link || it.is_multicast() || it.is_unspecified()
        }
        IpAddr::V6(it) => {
            let is_link = it.is_unicast_link_local() || it.is_loopback();
            it.is_unique_local() || is_link || it.is_multicast() || it.is_unspecified()
        }
    }
}

impl Place {
    /// With what another database knows besides; its network if that is the smaller one.
    fn completed(self, other: Self, other_is_smaller: bool) -> Self {
        Self {
            country_code: self.country_code.or(other.country_code),
            country: self.country.or(other.country),
            city: self.city.or(other.city),
            system: self.system.or(other.system),
            organization: self.organization.or(other.organization),
            network: if other_is_smaller { other.network } else { self.network },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{fixture::database, *};

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(bytes).expect("written");
        file
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn several_files_complete_each_other() {
        let countries = file(&database(
            "Test-Country",
            &[("203.0.112.0/20", r#"{"country":{"iso_code":"CH","names":{"de":"Schweiz","en":"Switzerland"}}}"#)],
        ));
        let systems = file(&database(
            "Test-ASN",
            &[
                ("203.0.113.0/24", r#"{"autonomous_system_number":64500,"autonomous_system_organization":"Example"}"#),
                ("2001:db8::/32", r#"{"autonomous_system_number":64501,"autonomous_system_organization":"Six"}"#),
            ],
        ));
        let atlas = Atlas::open(&[countries.path(), systems.path()]).expect("opened");
        let found = atlas.look_up(address("203.0.113.9")).expect("read").expect("found");
        let text = |text: &str| Some(text.to_owned());
        let wanted = Place {
            country_code: text("CH"),
            country: text("Switzerland"),
            city: None,
            system: Some(64500),
            organization: text("Example"),
            network: text("203.0.113.0/24"),
        };
        assert_eq!(found, wanted);
        let mapped = atlas.look_up(address("::ffff:203.0.113.9")).expect("read");
        assert_eq!(mapped, Some(wanted), "an IPv4 address in its clothes of IPv6");
        let beside = atlas.look_up(address("203.0.114.1")).expect("read").expect("found");
        assert_eq!((beside.country_code, beside.system, beside.network), (text("CH"), None, text("203.0.112.0/20")));
        let six = atlas.look_up(address("2001:db8::1")).expect("read").expect("found");
        assert_eq!((six.system, six.network), (Some(64501), text("2001:db8::/32")));
        assert_eq!(atlas.look_up(address("192.0.2.1")).expect("read"), None, "in no file");
    }

    #[test]
    fn private_addresses_are_nowhere() {
        let everywhere = r#"{"country":{"iso_code":"CH"}}"#;
        let file = file(&database(
            "Test",
            &[("0.0.0.0/1", everywhere), ("128.0.0.0/1", everywhere), ("8000::/1", everywhere)],
        ));
        let atlas = Atlas::open(&[file.path()]).expect("opened");
        let is_known = |text| atlas.look_up(address(text)).expect("read").is_some();
        for public in ["1.1.1.1", "100.63.255.255", "100.128.0.0", "172.32.0.1", "203.0.113.9", "a001:db8::1"] {
            assert!(is_known(public), "{public}");
        }
        let private = [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.0.1",
            "224.0.0.251",
            "255.255.255.255",
            "0.0.0.0",
            "fd00::1",
            "fe80::1",
            "ff02::fb",
            "::ffff:10.0.0.1",
        ];
        for private in private {
            assert!(!is_known(private), "{private}");
        }
    }

    #[test]
    fn a_country_where_a_network_is_registered_stands_in_for_none() {
        let file = file(&database("Test", &[("198.51.100.0/24", r#"{"registered_country":{"iso_code":"NZ"}}"#)]));
        let atlas = Atlas::open(&[file.path()]).expect("opened");
        let found = atlas.look_up(address("198.51.100.1")).expect("read").expect("found");
        assert_eq!((found.country_code.as_deref(), found.country), (Some("NZ"), None));
    }

    #[test]
    fn what_is_no_database_is_told_by_its_name() {
        let other = file(b"id,country\n1,CH\n");
        let said = Atlas::open(&[other.path()]).expect_err("no database").to_string();
        assert!(said.contains(": no database in the MaxMind DB format: "), "{said}");
        assert!(said.contains(other.path().to_str().expect("UTF-8")), "{said}");
        let said = Atlas::open(&["/nowhere/at/all.mmdb"]).expect_err("no file").to_string();
        assert!(said.starts_with("/nowhere/at/all.mmdb: cannot read the database file: "), "{said}");
    }

    #[test]
    fn a_damaged_file_gives_an_error_and_no_panic() {
        let mut bytes = database("Test", &[("203.0.113.0/24", r#"{"country":{"iso_code":"CH"}}"#)]);
        for place in 0..bytes.len() {
            let kept = bytes[place];
            bytes[place] = 0xff;
            if let Ok(reader) = Reader::from_source(bytes.clone()) {
                let book = Book { path: PathBuf::from("damaged"), reader };
                let _ = book.look_up(address("203.0.113.9"));
            }
            bytes[place] = kept;
        }
    }
}
