//! Our table in the kernel: what it always has, what is in it, and how rules come into force and go.
//!
//! Two maps say where the packets of an interface go: one for packets that arrive at it, one for those that leave by it.
//! An interface that is in neither is left alone. Rules change in three transactions: the new ones are put beside the
//! old, then both elements of the interface are swapped in one step, then the old ones are taken away. (The kernel lets
//! some packets through a table of ranges that is not complete yet: in one transaction allowed packets would be lost.)

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};
use weir_network::Direction;

use crate::{
    Denial, EnforceError, Side,
    json::{FAMILY, TABLE, add_rule, add_verdict_map, elements, goto, meta, named, vmap},
    nft::Nft,
    plan::Plan,
    ruleset::{Name, Ruleset, counted_number},
};

/// After connection tracking (-200), before destinations are translated (-100): rules see what is on the wire.
const ARRIVING_PRIORITY: i32 = -175;
/// After sources are translated (100), before the connection is confirmed.
const LEAVING_PRIORITY: i32 = 150;

/// The maps, and which packets of an interface they are for.
const MAPS: [&str; 2] = ["arriving", "leaving"];

/// The rules of one interface, as they stand in the kernel.
#[derive(Debug, Clone)]
pub(crate) struct Generation {
    pub(crate) name: Name,
    /// Where arriving and leaving packets enter.
    entries: [String; 2],
    chains: Vec<String>,
    maps: Vec<String>,
}

/// What an earlier run left.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In force, by the name of the host's interface.
    pub(crate) in_force: BTreeMap<String, Generation>,
    /// Numbers of rules in force.
    pub(crate) denials: Vec<(u32, Denial)>,
    /// Of rules that are not in force: built but never swapped in, or not taken away yet.
    remains: Vec<Value>,
}

/// How many packets a rule refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The rule, and where.
    pub denial: Denial,
    /// Packets; a packet that came in fragments counts once.
    pub packets: u64,
    /// Their bytes, as the packet filter counts them.
    pub bytes: u64,
}

/// Our table.
#[derive(Debug)]
pub(crate) struct Table {
    nft: Nft,
}

impl Table {
    pub(crate) const fn new(nft: Nft) -> Self {
        Self { nft }
    }

    /// Gets ready for the next change, so that it is quick.
    pub(crate) fn prepare(&self) {
        self.nft.prepare();
    }

    /// Makes the table, without any interface in it.
    pub(crate) fn create(&self) -> Result<(), EnforceError> {
        let chain = |name: &str, priority: i32| {
            json!({"add": {"chain": {
                "family": FAMILY, "table": TABLE, "name": name,
                "type": "filter", "hook": name, "prio": priority, "policy": "accept",
            }}})
        };
        let [arriving, leaving] = MAPS;
        let map = |name| add_verdict_map(name, "ifname".into(), &["timeout"], Vec::new());
        self.nft.apply(
            "make the table `inet weir`",
            &[
                json!({"add": {"table": {"family": FAMILY, "name": TABLE}}}),
                map(arriving),
                map(leaving),
                chain("prerouting", ARRIVING_PRIORITY),
                chain("postrouting", LEAVING_PRIORITY),
                add_rule("prerouting", None, vec![vmap(meta("iifname"), arriving)]),
                add_rule("postrouting", None, vec![vmap(meta("oifname"), leaving)]),
            ],
        )
    }

    /// Reads what is there; `None` when there is no table.
    pub(crate) fn read(&self) -> Result<Option<Found>, EnforceError> {
        let list = ["-j", "-t", "list", "table", FAMILY, TABLE];
        let Some(objects) = self.nft.list("read the table `inet weir`", &list)? else { return Ok(None) };
        let chains: Vec<&str> = named_objects(&objects, "chain").collect();
        let maps: Vec<&str> = named_objects(&objects, "map").collect();
        if !MAPS.iter().all(|map| maps.contains(map)) {
            return Err(EnforceError::ForeignTable);
        }
        let mut found = Found { in_force: self.entries()?, ..Found::default() };
        let live: BTreeSet<Name> = found.in_force.values().map(|generation| generation.name).collect();
        let is_live = |thing: &str| Name::read(thing).is_some_and(|name| live.contains(&name));
        for generation in found.in_force.values_mut() {
            let of = |things: &[&str]| {
                let mine = things.iter().filter(|thing| Name::read(thing) == Some(generation.name));
                mine.map(|thing| (*thing).to_owned()).collect::<Vec<_>>()
            };
            (generation.chains, generation.maps) = (of(&chains), of(&maps));
        }
        found.denials = denials(&objects, is_live);
        let dead = |thing: &&str| Name::read(thing).is_some() && !is_live(thing);
        let dead = |things: &[&str]| things.iter().copied().filter(dead).map(str::to_owned).collect::<Vec<_>>();
        found.remains = removal(&dead(&chains), &dead(&maps));
        let counted: BTreeSet<u32> = found.denials.iter().map(|(number, _)| *number).collect();
        let idle = |counter: &&str| counted_number(counter).is_some_and(|number| !counted.contains(&number));
        let counters = named_objects(&objects, "counter");
        found.remains.extend(counters.filter(idle).map(|counter| named("delete", "counter", counter)));
        Ok(Some(found))
    }

    /// Takes away what is not in force.
    pub(crate) fn tidy(&self, found: &Found) -> Result<(), EnforceError> {
        if found.remains.is_empty() {
            return Ok(());
        }
        self.nft.apply("take away what an earlier run left", &found.remains)
    }

    /// The interfaces in the maps, with where their packets enter.
    fn entries(&self) -> Result<BTreeMap<String, Generation>, EnforceError> {
        let mut entries: BTreeMap<String, Generation> = BTreeMap::new();
        for (place, map) in MAPS.into_iter().enumerate() {
            let list = ["-j", "list", "map", FAMILY, TABLE, map];
            let objects = self.nft.list("read which interfaces have rules", &list)?.unwrap_or_default();
            for (host, chain) in objects.iter().flat_map(map_elements) {
                let Some(name) = Name::read(&chain) else { continue };
                let new = || Generation { name, entries: Default::default(), chains: Vec::new(), maps: Vec::new() };
                entries.entry(host).or_insert_with(new).entries[place] = chain;
            }
        }
        Ok(entries)
    }

    /// The names of the interfaces whose packets meet rules; `None` when the table is gone.
    pub(crate) fn hosts(&self) -> Result<Option<BTreeSet<String>>, EnforceError> {
        let mut hosts: Option<BTreeSet<String>> = None;
        for map in MAPS {
            let list = ["-j", "list", "map", FAMILY, TABLE, map];
            let Some(objects) = self.nft.list("see whether rules are in force", &list)? else { return Ok(None) };
            let here: BTreeSet<String> = objects.iter().flat_map(map_elements).map(|(host, _)| host).collect();
            hosts = Some(hosts.map_or_else(|| here.clone(), |both| both.intersection(&here).cloned().collect()));
        }
        Ok(hosts)
    }

    /// Puts rules beside those in force.
    pub(crate) fn build(
        &self,
        plan: &Plan,
        name: Name,
        number: impl FnMut(Direction, &weir_network::Rule) -> Result<u32, EnforceError>,
    ) -> Result<Generation, EnforceError> {
        let Ruleset { commands, chains, maps } = Ruleset::new(plan, name, number)?;
        let (ingress, egress) = (name.entry(Direction::Ingress), name.entry(Direction::Egress));
        let entries = match plan.side() {
            Side::Host => [ingress, egress],
            Side::Guest => [egress, ingress],
        };
        self.nft.apply("put the new rules beside the old", &commands)?;
        Ok(Generation { name, entries, chains, maps })
    }

    /// Lets the packets of an interface meet other rules, or none, from one packet to the next. After `expires` the
    /// kernel takes the new ones out of force by itself.
    pub(crate) fn swap(
        &self,
        host: &str,
        from: Option<&Generation>,
        to: Option<&Generation>,
        expires: Option<Duration>,
    ) -> Result<(), EnforceError> {
        let mut commands = Vec::new();
        for (place, map) in MAPS.into_iter().enumerate() {
            if let Some(from) = from {
                // It may have expired: deleting what is not there would fail, adding what is there does not.
                commands.push(elements("add", map, vec![json!([host, goto(&from.entries[place])])]));
                commands.push(elements("delete", map, vec![json!([host, goto(&from.entries[place])])]));
            }
            if let Some(to) = to {
                let key = match expires {
                    Some(expires) => json!({"elem": {"val": host, "timeout": expires.as_secs().max(1)}}),
                    None => json!(host),
                };
                commands.push(elements("add", map, vec![json!([key, goto(&to.entries[place])])]));
            }
        }
        self.nft.apply("put the new rules in force", &commands)
    }

    /// Takes rules away that are not in force any more.
    pub(crate) fn discard(&self, generation: &Generation) -> Result<(), EnforceError> {
        self.nft.apply("take the old rules away", &removal(&generation.chains, &generation.maps))
    }

    /// Takes everything away.
    pub(crate) fn delete(&self) -> Result<(), EnforceError> {
        self.nft
            .apply("delete the table `inet weir`", &[json!({"delete": {"table": {"family": FAMILY, "name": TABLE}}})])
    }

    /// What the counters say.
    pub(crate) fn refused(&self, denial: impl Fn(u32) -> Option<Denial>) -> Result<Vec<Refused>, EnforceError> {
        let list = ["-j", "list", "counters", "table", FAMILY, TABLE];
        let objects = self.nft.list("read the counters", &list)?.unwrap_or_default();
        let refused = objects.iter().filter_map(|object| {
            let counter = object.get("counter")?;
            Some(Refused {
                denial: denial(counted_number(counter["name"].as_str()?)?)?,
                packets: counter["packets"].as_u64()?,
                bytes: counter["bytes"].as_u64()?,
            })
        });
        Ok(refused.collect())
    }
}

/// The commands that delete chains and maps which refer to each other.
fn removal(chains: &[String], maps: &[String]) -> Vec<Value> {
    let flush = chains.iter().map(|chain| named("flush", "chain", chain));
    let maps = maps.iter().map(|map| named("delete", "map", map));
    flush.chain(maps).chain(chains.iter().map(|chain| named("delete", "chain", chain))).collect()
}

fn named_objects<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a str> {
    objects.iter().filter_map(move |object| object[kind]["name"].as_str())
}

/// Host and chain of each element.
fn map_elements(object: &Value) -> Vec<(String, String)> {
    let elements = object["map"]["elem"].as_array().map_or(&[][..], Vec::as_slice);
    let read = |element: &Value| {
        let host = element[0].as_str().or_else(|| element[0]["elem"]["val"].as_str())?;
        let chain = element[1]["goto"]["target"].as_str()?;
        Some((host.to_owned(), chain.to_owned()))
    };
    elements.iter().filter_map(read).collect()
}

/// The rules that refuse packets, from the marks that they set and the comments that they carry.
fn denials(objects: &[Value], is_live: impl Fn(&str) -> bool) -> Vec<(u32, Denial)> {
    let mut places: BTreeMap<&str, &str> = BTreeMap::new();
    let mut denials = Vec::new();
    for rule in objects.iter().filter_map(|object| object.get("rule")) {
        let (Some(chain), Some(comment)) = (rule["chain"].as_str(), rule["comment"].as_str()) else { continue };
        if !is_live(chain) {
            continue;
        }
        match rule["expr"][0]["mangle"]["value"].as_u64() {
            None => {
                places.insert(chain, comment);
            }
            Some(mark) => {
                let denial = places.get(chain).and_then(|place| Denial::read(place, comment));
                let number = u32::try_from(mark).ok().map(crate::denials::number_of);
                denials.extend(number.zip(denial));
            }
        }
    }
    denials
}
