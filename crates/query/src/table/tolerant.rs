//! Parquet objects one after the other, so that a damaged one is listed and the next one is read.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, SchedulingType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};

use super::parquet::damage;
use super::scan::ScanContext;

/// The plan of a scan that goes on behind damage. Its objects' own plans are whole already, predicate and
/// projection included, so it shows no children to the optimiser.
#[derive(Debug)]
pub(super) struct TolerantScan {
    schema: SchemaRef,
    partitions: Vec<Vec<OneObject>>,
    context: Arc<ScanContext>,
    properties: Arc<PlanProperties>,
}

/// An object, and a plan of one partition that reads nothing else.
#[derive(Debug, Clone)]
pub(super) struct OneObject {
    pub(super) name: Arc<str>,
    pub(super) plan: Arc<dyn ExecutionPlan>,
}

impl TolerantScan {
    /// All plans give batches of `schema`.
    pub(super) fn new(schema: SchemaRef, partitions: Vec<Vec<OneObject>>, context: Arc<ScanContext>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(partitions.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::NonCooperative);
        TolerantScan { schema, partitions, context, properties: Arc::new(properties) }
    }
}

impl DisplayAs for TolerantScan {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let objects: usize = self.partitions.iter().map(Vec::len).sum();
        write!(f, "TolerantScan: objects={objects}, threads={}", self.partitions.len())
    }
}

impl ExecutionPlan for TolerantScan {
    fn name(&self) -> &'static str {
        "TolerantScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("a tolerant scan has no inputs") }
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(objects) = self.partitions.get(partition) else {
            return internal_err!("a tolerant scan has no partition {partition}");
        };
        let context = Arc::clone(&self.context);
        let batches =
            stream::iter(objects.clone()).flat_map(move |object| read(object, Arc::clone(&task), Arc::clone(&context)));
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches)))
    }
}

/// The rows of one object, up to where it is damaged.
fn read(
    object: OneObject,
    task: Arc<TaskContext>,
    context: Arc<ScanContext>,
) -> BoxStream<'static, Result<RecordBatch>> {
    let batches = match object.plan.execute(0, task) {
        Ok(batches) => batches,
        Err(error) => return stream::once(async { Err(error) }).boxed(),
    };
    let start = (batches, false);
    let rows = stream::unfold(start, move |(mut batches, partly)| {
        let (name, context) = (Arc::clone(&object.name), Arc::clone(&context));
        async move {
            let next = batches.next().await?;
            if let Some(reason) = next.as_ref().err().and_then(damage) {
                context.progress.add_bad_object(name.to_string(), reason, partly);
                return None;
            }
            let partly = partly || next.as_ref().is_ok_and(|batch| batch.num_rows() > 0);
            Some((next, (batches, partly)))
        }
        .boxed()
    });
    rows.boxed()
}
