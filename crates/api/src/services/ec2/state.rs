//! What one region holds, and how the catalogue keeps it.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use weir_store::{Catalogue, CatalogueError, Tables};

use super::{
    acl::NetworkAcl, address::Address, egress_gateway::EgressGateway, flow_log::FlowLog, gateway::InternetGateway,
    group::SecurityGroup, group::rule::SecurityGroupRule, instance::Instance, interface::NetworkInterface,
    key::KeyPair, kind::Kind, nat::NatGateway, options::DhcpOptions, prefix_list::PrefixList, prefix_list::managed,
    query::Described, route::RouteTable, subnet::Subnet, subnet::reservation::Reservation, tags::Tags, vpc::Vpc,
};
use crate::ApiError;

/// A row a thing. `number` is the order in which the things of a kind were made.
const TABLES: Tables = Tables {
    owner: "ec2",
    steps: &["CREATE TABLE ec2_thing (
        region TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (region, kind, id)) WITHOUT ROWID"],
};

/// Things of one kind by id. Cheap to clone: a change clones, and only what it touches is made anew.
#[derive(Debug, Clone)]
pub(super) struct Shelf<T> {
    things: Arc<BTreeMap<String, Kept<T>>>,
    last: u64,
}

#[derive(Debug, Clone)]
struct Kept<T> {
    number: u64,
    thing: Arc<T>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { things: Arc::default(), last: 0 }
    }
}

impl<T: Clone> Shelf<T> {
    pub(super) fn get(&self, id: &str) -> Option<&T> {
        self.things.get(id).map(|kept| kept.thing.as_ref())
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        if !self.contains(id) {
            return None;
        }
        Arc::make_mut(&mut self.things).get_mut(id).map(|kept| Arc::make_mut(&mut kept.thing))
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.things.contains_key(id)
    }

    pub(super) fn insert(&mut self, id: &str, thing: T) {
        self.last += 1;
        let number = self.things.get(id).map_or(self.last, |kept| kept.number);
        Arc::make_mut(&mut self.things).insert(id.to_owned(), Kept { number, thing: Arc::new(thing) });
    }

    pub(super) fn remove(&mut self, id: &str) {
        if self.contains(id) {
            Arc::make_mut(&mut self.things).remove(id);
        }
    }

    /// With their ids, in the order of these.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &T)> {
        self.things.iter().map(|(id, kept)| (id.as_str(), kept.thing.as_ref()))
    }

    /// Those that are wanted, in the order in which they were made.
    pub(super) fn select(&self, is_wanted: impl Fn(&T) -> bool) -> Vec<&T> {
        let mut wanted: Vec<&Kept<T>> = self.things.values().filter(|kept| is_wanted(&kept.thing)).collect();
        wanted.sort_by_key(|kept| kept.number);
        wanted.into_iter().map(|kept| kept.thing.as_ref()).collect()
    }

    /// In the order in which they were made.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.select(|_| true).into_iter()
    }
}

impl<T: Described> Shelf<T> {
    /// # Errors
    /// There is none with this id.
    pub(super) fn find(&self, id: &str) -> Result<&T, ApiError> {
        self.get(id).ok_or_else(|| T::KIND.missing([id]))
    }

    /// # Errors
    /// There is none with this id.
    pub(super) fn find_mut(&mut self, id: &str) -> Result<&mut T, ApiError> {
        self.get_mut(id).ok_or_else(|| T::KIND.missing([id]))
    }

    /// The ids of those that are wanted.
    pub(super) fn ids(&self, is_wanted: impl Fn(&T) -> bool) -> Vec<String> {
        self.select(is_wanted).into_iter().map(|thing| thing.id().to_owned()).collect()
    }

    /// The first that is wanted, to be changed.
    pub(super) fn first_mut(&mut self, is_wanted: impl Fn(&T) -> bool) -> Option<&mut T> {
        let id = self.ids(is_wanted).into_iter().next()?;
        self.get_mut(&id)
    }
}

/// What the catalogue must do for a shelf to be as it is: nothing to put means the thing is gone.
struct RowChange {
    kind: &'static str,
    id: String,
    put: Option<(u64, String)>,
}

impl<T: Clone + Serialize + DeserializeOwned> Shelf<T> {
    fn load(&mut self, id: String, number: u64, body: &str) -> Result<(), serde_json::Error> {
        self.last = self.last.max(number);
        let thing = Arc::new(serde_json::from_str(body)?);
        Arc::make_mut(&mut self.things).insert(id, Kept { number, thing });
        Ok(())
    }

    fn changes(&self, before: &Self, kind: &'static str, into: &mut Vec<RowChange>) -> Result<(), serde_json::Error> {
        if Arc::ptr_eq(&self.things, &before.things) {
            return Ok(());
        }
        for (id, kept) in self.things.as_ref() {
            let is_as_before = before.things.get(id).is_some_and(|other| Arc::ptr_eq(&other.thing, &kept.thing));
            if !is_as_before {
                let put = Some((kept.number, serde_json::to_string(kept.thing.as_ref())?));
                into.push(RowChange { kind, id: id.clone(), put });
            }
        }
        let gone = before.things.keys().filter(|id| !self.things.contains_key(*id));
        into.extend(gone.map(|id| RowChange { kind, id: id.clone(), put: None }));
        Ok(())
    }
}

/// A kind that has a shelf of its own.
pub(super) trait Shelved: Sized {
    fn shelf(state: &State) -> &Shelf<Self>;
    fn shelf_mut(state: &mut State) -> &mut Shelf<Self>;
}

macro_rules! state {
    ($($shelf:ident: $type:ty,)*) => {
        /// Everything that is defined in one region.
        #[derive(Debug, Clone, Default)]
        pub(super) struct State {
            $(pub(super) $shelf: Shelf<$type>,)*
            /// By the id of what has them.
            pub(super) tags: Shelf<Tags>,
        }

        $(impl Shelved for $type {
            fn shelf(state: &State) -> &Shelf<Self> {
                &state.$shelf
            }

            fn shelf_mut(state: &mut State) -> &mut Shelf<Self> {
                &mut state.$shelf
            }
        })*

        impl State {
            /// Whether there is a thing of this kind with this id, that can have tags.
            pub(super) fn holds(&self, kind: &Kind, id: &str) -> bool {
                $((kind == <$type>::KIND && self.$shelf.contains(id)))||*
            }

            /// A kind that is not known was written by a later program, which the catalogue refuses before.
            fn load(&mut self, kind: &str, id: String, number: u64, body: &str) -> Result<(), serde_json::Error> {
                match kind {
                    $(stringify!($shelf) => self.$shelf.load(id, number, body),)*
                    "tags" => self.tags.load(id, number, body),
                    _ => Ok(()),
                }
            }

            fn changes(&self, before: &Self) -> Result<Vec<RowChange>, serde_json::Error> {
                let mut changes = Vec::new();
                $(self.$shelf.changes(&before.$shelf, stringify!($shelf), &mut changes)?;)*
                self.tags.changes(&before.tags, "tags", &mut changes)?;
                Ok(changes)
            }
        }
    };
}

state! {
    vpcs: Vpc,
    subnets: Subnet,
    groups: SecurityGroup,
    rules: SecurityGroupRule,
    acls: NetworkAcl,
    interfaces: NetworkInterface,
    instances: Instance,
    flow_logs: FlowLog,
    prefix_lists: PrefixList,
    internet_gateways: InternetGateway,
    egress_gateways: EgressGateway,
    route_tables: RouteTable,
    addresses: Address,
    nat_gateways: NatGateway,
    key_pairs: KeyPair,
    dhcp_options: DhcpOptions,
    subnet_reservations: Reservation,
}

/// The regions as the catalogue has them.
pub(super) fn open(catalogue: &Catalogue) -> Result<BTreeMap<String, Arc<State>>, ApiError> {
    catalogue.provide(&TABLES).map_err(ApiError::internal)?;
    let rows = catalogue.change(|transaction| {
        let mut select = transaction.prepare("SELECT region, kind, id, number, body FROM ec2_thing")?;
        let rows = select.query_map([], |row| {
            let number: i64 = row.get(3)?;
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, number.unsigned_abs(), row.get(4)?))
        })?;
        Ok::<Vec<(String, String, String, u64, String)>, CatalogueError>(rows.collect::<Result<_, _>>()?)
    });
    let mut regions: BTreeMap<String, State> = BTreeMap::new();
    for (region, kind, id, number, body) in rows.map_err(ApiError::internal)? {
        let state = regions.entry(region).or_default();
        state.load(&kind, id, number, &body).map_err(ApiError::internal)?;
    }
    let provided = |(region, mut state): (String, State)| {
        // Those of AWS change with the program.
        managed::provide(&mut state, &region);
        (region, Arc::new(state))
    };
    Ok(regions.into_iter().map(provided).collect())
}

/// Writes what is not as before, in one transaction. Says whether there was something to write.
pub(super) fn save(catalogue: &Catalogue, region: &str, before: &State, after: &State) -> Result<bool, ApiError> {
    let changes = after.changes(before).map_err(ApiError::internal)?;
    if changes.is_empty() {
        return Ok(false);
    }
    let saved = catalogue.change(|transaction| {
        for RowChange { kind, id, put } in &changes {
            match put {
                Some((number, body)) => {
                    let number = i64::try_from(*number).unwrap_or(i64::MAX);
                    let sql = "INSERT OR REPLACE INTO ec2_thing VALUES (?1, ?2, ?3, ?4, ?5)";
                    transaction.execute(sql, (region, kind, id, number, body))?
                }
                None => {
                    let sql = "DELETE FROM ec2_thing WHERE region = ?1 AND kind = ?2 AND id = ?3";
                    transaction.execute(sql, (region, kind, id))?
                }
            };
        }
        Ok::<_, CatalogueError>(())
    });
    saved.map_err(ApiError::internal)?;
    Ok(true)
}
