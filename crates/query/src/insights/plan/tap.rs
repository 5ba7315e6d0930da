//! Looks at the rows that pass a place in a plan: how many were matched, and which were found so far.

use std::{
    cmp::Ordering,
    collections::HashSet,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use async_trait::async_trait;
use datafusion::{
    arrow::record_batch::RecordBatch,
    catalog::Session,
    common::{DFSchemaRef, Result, internal_err, tree_node::TreeNodeRecursion},
    execution::{TaskContext, context::QueryPlanner},
    logical_expr::{
        Expr, Extension, LogicalPlan, LogicalPlanBuilder, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
        physical_planning_context::PhysicalPlanningContext,
    },
    physical_expr::PhysicalExpr,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
        stream::RecordBatchStreamAdapter,
    },
    physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner},
};
use futures::StreamExt;

use super::ours;
use crate::insights::{InsightsError, run::Statistics};

/// What is told of each batch that passes.
pub(super) type Tap = Arc<dyn Fn(&RecordBatch) + Send + Sync>;

/// The plan, with its rows told of.
pub(super) fn tapped(plan: LogicalPlanBuilder, tap: Tap) -> Result<LogicalPlanBuilder, InsightsError> {
    let input = plan.build().map_err(ours)?;
    let node: Arc<dyn UserDefinedLogicalNode> = Arc::new(Tapped { input: Arc::new(input), tap });
    Ok(LogicalPlanBuilder::from(LogicalPlan::Extension(Extension { node })))
}

/// Counts rows as matched.
pub(super) fn matched(statistics: &Arc<Statistics>) -> Tap {
    let statistics = Arc::clone(statistics);
    Arc::new(move |batch| statistics.add_matched(batch.num_rows() as u64))
}

/// Gives the rows that it is given.
#[derive(Clone)]
struct Tapped {
    input: Arc<LogicalPlan>,
    tap: Tap,
}

impl fmt::Debug for Tapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tapped")
    }
}

impl PartialEq for Tapped {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.tap, &other.tap) && self.input == other.input
    }
}

impl Eq for Tapped {}

impl Hash for Tapped {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
    }
}

impl PartialOrd for Tapped {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for Tapped {
    fn name(&self) -> &str {
        "Tapped"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    /// Every column: what is filtered behind it passes here.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.input.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Tapped")
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        match inputs.len() {
            1 => Ok(Self { input: Arc::new(inputs.swap_remove(0)), tap: Arc::clone(&self.tap) }),
            count => internal_err!("rows come from one input, not {count}"),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![output_columns.to_vec()])
    }
}

/// Plans queries of this language.
#[derive(Debug)]
pub(in crate::insights) struct TapPlanner;

#[async_trait]
impl QueryPlanner for TapPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(TapPlanner)]);
        planner.create_physical_plan(plan, session).await
    }
}

#[async_trait]
impl ExtensionPlanner for TapPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let (Some(tapped), [input]) = (node.as_any().downcast_ref::<Tapped>(), physical_inputs) else {
            return Ok(None);
        };
        Ok(Some(Arc::new(TappedExec { input: Arc::clone(input), tap: Arc::clone(&tapped.tap) })))
    }
}

struct TappedExec {
    input: Arc<dyn ExecutionPlan>,
    tap: Tap,
}

impl fmt::Debug for TappedExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TappedExec")
    }
}

impl DisplayAs for TappedExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("TappedExec")
    }
}

impl ExecutionPlan for TappedExec {
    fn name(&self) -> &'static str {
        "TappedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.len() {
            1 => Ok(Arc::new(Self { input: children.swap_remove(0), tap: Arc::clone(&self.tap) })),
            count => internal_err!("rows come from one input, not {count}"),
        }
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let tap = Arc::clone(&self.tap);
        let batches = self.input.execute(partition, context)?.inspect(move |batch| {
            if let Ok(batch) = batch {
                tap(batch);
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.input.schema(), batches)))
    }
}
