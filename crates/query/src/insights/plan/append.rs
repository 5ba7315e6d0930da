//! `appendcols`: the columns of another query, row by row.

use std::collections::BTreeSet;

use datafusion::{common::Column as ColumnName, logical_expr::JoinType};

use super::{Planner, Stage, column, command::check_name, ours, running::Window};
use crate::insights::{
    InsightsError,
    tree::{Columns, Span},
    value::{Kind, Value},
};

impl Planner<'_> {
    /// The first row gets the first row of the query, and so on. Rows without an order are taken in that of their columns.
    pub(super) fn append_columns(&self, stage: Stage, columns: &Columns) -> Result<Stage, InsightsError> {
        let right = self.ordered(self.pipeline(&columns.of, &BTreeSet::new(), false)?)?;
        let right = self.sorted(right, Some(columns.most))?;
        let order = right.order();
        let (right, right_number) = self.windowed(right, Window::number(order))?;
        let stage = self.ordered(stage)?;
        let order = stage.order();
        let (mut stage, number) = self.windowed(stage, Window::number(order))?;
        let is_wanted = |name: &String| {
            // What tells events apart stays theirs.
            let own = stage.events && check_name(name, Span { start: 0, end: 0 }).is_err();
            !own && (columns.replace || !stage.output.names().contains(name))
        };
        let names = right.output.names().iter().filter(|name| is_wanted(name));
        let wanted: Vec<(String, Kind)> = names.map(|name| (name.clone(), right.scope.resolve(name).kind)).collect();
        let (left_key, right_key) = (self.hidden("left"), self.hidden("right"));
        stage = self.define(stage, &left_key, Value::new(number, Kind::Whole))?;
        let mut projected = vec![right_number.alias(&right_key)];
        let mut new = Vec::new();
        for (name, kind) in wanted {
            let hidden = self.hidden("appended");
            // A row that there is not is no record without traffic.
            let kind = if kind == Kind::Dashed { Kind::Text } else { kind };
            projected.push(right.scope.resolve(&name).into_kind(kind).alias(&hidden));
            new.push((name, Value::new(column(&hidden), kind)));
        }
        let right = right.plan.project(projected).and_then(|plan| plan.build()).map_err(ours)?;
        let keys = (vec![ColumnName::new_unqualified(left_key)], vec![ColumnName::new_unqualified(right_key)]);
        stage.plan = stage.plan.join(right, JoinType::Left, keys, None).map_err(ours)?;
        new.iter().for_each(|(name, _)| stage.output.add(name));
        self.define_all(stage, new)
    }

    /// Rows without an order, ordered by all of their columns.
    fn ordered(&self, stage: Stage) -> Result<Stage, InsightsError> {
        if !stage.order().is_empty() {
            return Ok(stage);
        }
        let names = stage.output.names().to_vec();
        let (stage, order) = self.ascending(stage, &names)?;
        Ok(Stage { order, ..stage })
    }
}
