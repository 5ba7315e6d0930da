//! `lookup` and `cidrlookup`.

use std::{collections::HashMap, sync::Arc};

use datafusion::functions::expr_fn::coalesce;

use super::{Planner, Stage, command::check_name};
use crate::insights::{
    InsightsError,
    function::{Row, native, texts},
    lookup::{Block, LookupTable, row_of},
    tree::{Lookup, Name},
    value::{Kind, Value},
};

/// How the row of a table is found.
enum Finder {
    /// By what some columns hold.
    Keys(HashMap<Vec<String>, usize>),
    /// By the block that an address is in.
    Blocks(Vec<(Block, usize)>),
}

impl Finder {
    fn row(&self, of: &Row<'_>, keys: usize) -> Option<usize> {
        match self {
            Self::Blocks(blocks) => row_of(blocks, of.text(0)?),
            Self::Keys(index) => {
                let key: Option<Vec<String>> = (0..keys).map(|place| of.text(place).map(str::to_owned)).collect();
                index.get(&key?).copied()
            }
        }
    }
}

impl Planner<'_> {
    /// Columns of a lookup table beside the fields that name its row.
    pub(super) fn lookup(&self, mut stage: Stage, lookup: &Lookup) -> Result<Stage, InsightsError> {
        let table = Arc::new(self.lookup_table(&lookup.table)?);
        let column = |name: &Name| {
            let missing = || {
                let message = format!("the lookup table `{}` has no column `{}`", lookup.table.text, name.text);
                InsightsError::at(name.span, message)
            };
            table.column(&name.text).ok_or_else(missing)
        };
        let keys = lookup.keys.iter().map(|(key, _)| column(key)).collect::<Result<Vec<_>, _>>()?;
        let finder = Arc::new(match keys.first().filter(|_| lookup.by_block) {
            Some(key) => Finder::Blocks(table.blocks(*key)),
            None => Finder::Keys(table.index(&keys)),
        });
        let wanted: Vec<(usize, String)> = if lookup.output.is_empty() {
            let others = (0..table.fields.len()).filter(|place| !keys.contains(place));
            others.map(|place| (place, table.fields[place].clone())).collect()
        } else {
            let one = |(name, into): &(Name, Name)| {
                check_name(&into.text, into.span)?;
                Ok((column(name)?, into.text.clone()))
            };
            lookup.output.iter().map(one).collect::<Result<_, InsightsError>>()?
        };
        let arguments: Vec<_> =
            lookup.keys.iter().map(|(_, field)| stage.scope.resolve(&field.text).into_text()).collect();
        let mut new = Vec::new();
        for (place, name) in wanted {
            let (table, finder, count) = (Arc::clone(&table), Arc::clone(&finder), keys.len());
            let body = move |args: &[datafusion::arrow::array::ArrayRef]| {
                texts(args, |row| table.rows.get(finder.row(&row, count)?).map(|cells| cells[place].clone()))
            };
            let key = format!("{} {place} {}", lookup.table.text, self.number());
            let mut found = native("$lookup", key, Kind::Text, arguments.clone(), body);
            if lookup.only_new {
                found = coalesce(vec![stage.scope.resolve(&name).into_text(), found]);
            }
            new.push((name, Value::new(found, Kind::Text)));
        }
        new.iter().for_each(|(name, _)| stage.output.add(name));
        self.define_all(stage, new)
    }

    fn lookup_table(&self, name: &Name) -> Result<LookupTable, InsightsError> {
        let found = self.lookups.map_or(Ok(None), |lookups| lookups.find(&name.text))?;
        let missing = || {
            let message = format!("there is no lookup table `{}`; CreateLookupTable makes one of CSV", name.text);
            InsightsError::at(name.span, message)
        };
        found.ok_or_else(missing)
    }
}
