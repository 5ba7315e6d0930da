//! `join`.

use std::collections::BTreeSet;

use datafusion::{common::Column as ColumnName, logical_expr::JoinType};

use super::{Planner, Stage, column, names::below, ours};
use crate::insights::{
    InsightsError,
    tree::Join,
    value::{Kind, Value},
};

impl Planner<'_> {
    /// The rows with those of a query that have the same keys. The fields of that are called `b.x` then.
    pub(super) fn join(&self, mut stage: Stage, join: &Join) -> Result<Stage, InsightsError> {
        let mut asked: BTreeSet<String> = stage.asked.iter().filter_map(|name| below(name, &join.right)).collect();
        asked.extend(join.on.iter().map(|(_, right)| right.text.clone()));
        let right = self.pipeline(&join.with, &asked, false)?;

        let (mut left_keys, mut right_keys, mut right_columns) = (Vec::new(), Vec::new(), Vec::new());
        for (left_name, right_name) in &join.on {
            let (left_key, right_key) = (self.hidden("left"), self.hidden("right"));
            let value = Value::new(stage.scope.resolve(&left_name.text).into_text(), Kind::Text);
            stage = self.define(stage, &left_key, value)?;
            right_columns.push(right.scope.resolve(&right_name.text).into_text().alias(&right_key));
            left_keys.push(ColumnName::new_unqualified(left_key));
            right_keys.push(ColumnName::new_unqualified(right_key));
        }
        let mut kinds = Vec::new();
        for (name, kind) in right.scope.kinds().filter(|(name, _)| !name.starts_with('\0')) {
            let joined = format!("{}.{name}", join.right);
            right_columns.push(column(name).alias(&joined));
            kinds.push((joined, kind));
        }
        let right_plan = right.plan.project(right_columns).and_then(|plan| plan.build()).map_err(ours)?;
        let how = if join.keep_left { JoinType::Left } else { JoinType::Inner };
        stage.plan = stage.plan.join(right_plan, how, (left_keys, right_keys), None).map_err(ours)?;
        for (name, kind) in kinds {
            stage.scope.define(&name, kind);
        }
        stage.scope.name_left(&join.left);
        let usual = right.output.names().iter().map(|name| format!("{}.{name}", join.right));
        stage.output.usual.extend(usual.filter(|name| stage.scope.has(name)).collect::<Vec<_>>());
        Ok(stage)
    }
}
