//! A table as DataFusion sees it, for one query.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::TableParquetOptions;
use datafusion::common::{Result, ScalarValue};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::filter_pushdown::FilterPushdown;
use datafusion::physical_optimizer::projection_pushdown::ProjectionPushdown;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;

use super::parquet::Readers;
use super::scan::{ScanContext, TextScan};
use super::tolerant::{OneObject, TolerantScan};
use super::{Table, Unit, UnitFormat, prune};
use crate::lazy::Lazily;
use crate::progress::Estimate;

/// A table, and what a query brings along.
#[derive(Debug)]
pub(crate) struct BoundTable {
    table: Arc<Table>,
    schema: SchemaRef,
    context: Arc<ScanContext>,
}

impl BoundTable {
    /// `with_hidden` adds the hidden columns.
    pub(crate) fn new(table: Arc<Table>, with_hidden: bool, context: Arc<ScanContext>) -> Self {
        let schema = table.schema(with_hidden);
        BoundTable { table, schema, context }
    }

    async fn units(&self, session: &dyn Session, filters: &[Expr]) -> Result<Vec<Unit>> {
        let table = self.table.injected(filters).map_err(crate::error::Error::into_datafusion)?;
        let values = table.partition_values();
        let keep = prune::keep(session, &table.partition_columns, &values, filters)?;
        let units = table.units(&self.context.buckets, &keep).await;
        let units = units.map_err(crate::error::Error::into_datafusion)?;
        self.context.progress.add_work(work(&units));
        for bad in &self.table.bad {
            self.context.progress.add_bad_object(bad.object.clone(), bad.reason.clone(), bad.partly);
        }
        Ok(units)
    }
}

impl BoundTable {
    /// DataFusion's own reader, and a filter and the columns above it, which the optimiser pushes into it.
    fn scan_parquet(
        &self,
        session: &dyn Session,
        units: Vec<Unit>,
        projection: &[usize],
        predicate: Option<&Arc<dyn PhysicalExpr>>,
    ) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
        let mut stores: BTreeMap<usize, Vec<Unit>> = BTreeMap::new();
        for unit in units {
            stores.entry(Arc::as_ptr(unit.place.store()).cast::<()>() as usize).or_default().push(unit);
        }
        let mut plans: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        for units in stores.into_values() {
            let Some(first) = units.first() else { continue };
            let url = self.context.store_url(first.place.store(), session.runtime_env())?;
            let context = &self.context;
            let readers = Readers::new(first.place.store(), &units, context);
            let source = self.parquet_source(session, readers);
            let groups = spread(units, session.config().target_partitions());
            let plan = |groups| self.parquet_plan(url.clone(), source.clone(), groups, projection, predicate);
            if !context.skip_bad_objects {
                plans.push(plan(groups)?);
                continue;
            }
            let one = |unit: Unit| {
                let name = Arc::clone(&unit.object.name);
                Ok(OneObject { name, plan: pushed_down(plan(vec![vec![unit]])?, session)? })
            };
            let objects = groups.into_iter().map(|units| units.into_iter().map(one).collect());
            let objects = objects.collect::<Result<Vec<Vec<OneObject>>>>()?;
            let schema = Arc::new(self.schema.project(projection)?);
            plans.push(Arc::new(TolerantScan::new(schema, objects, Arc::clone(context))));
        }
        Ok(plans)
    }

    fn parquet_source(&self, session: &dyn Session, readers: Readers) -> ParquetSource {
        let data_columns = Arc::clone(&self.table.columns);
        let further = self.schema.fields()[data_columns.fields().len()..].to_vec();
        let schema = TableSchema::builder(data_columns).with_table_partition_cols(further).build();
        let options = TableParquetOptions {
            global: session.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        ParquetSource::new(schema)
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(readers))
    }

    /// The plan that reads each group of objects in a partition of its own.
    fn parquet_plan(
        &self,
        url: ObjectStoreUrl,
        source: ParquetSource,
        groups: Vec<Vec<Unit>>,
        projection: &[usize],
        predicate: Option<&Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let groups = groups
            .into_iter()
            .map(|units| FileGroup::new(units.into_iter().map(|unit| self.partitioned_file(unit)).collect()));
        let config = FileScanConfigBuilder::new(url, Arc::new(source)).with_file_groups(groups.collect()).build();
        let scan: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(config);
        let scan: Arc<dyn ExecutionPlan> = match predicate {
            Some(predicate) => Arc::new(FilterExec::try_new(Arc::clone(predicate), scan)?),
            None => scan,
        };
        let columns = projection.iter().map(|&index| {
            let name = self.schema.field(index).name();
            (Arc::new(Column::new(name, index)) as Arc<dyn PhysicalExpr>, name.clone())
        });
        Ok(Arc::new(ProjectionExec::try_new(columns.collect::<Vec<_>>(), scan)?))
    }

    fn partitioned_file(&self, unit: Unit) -> PartitionedFile {
        let data_columns = self.table.columns.fields().len();
        let columns = self.schema.fields().iter().skip(data_columns + unit.values.len());
        let hidden = columns.filter_map(|column| unit.hidden(column.name(), &self.schema, data_columns));
        let values = unit.values.iter().cloned().chain(hidden).collect();
        PartitionedFile::new_from_meta(unit.object.meta).with_partition_values(values)
    }
}

#[async_trait]
impl TableProvider for BoundTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Exact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let projection = projection.unwrap_or(&all);
        let units = self.units(session, filters).await?;
        let (parquet, lines): (Vec<Unit>, Vec<Unit>) =
            units.into_iter().partition(|unit| matches!(unit.format, UnitFormat::Parquet));
        let predicate = super::predicate(session, &self.schema, filters)?;
        let mut plans: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        if !lines.is_empty() {
            let partitions = spread(lines, session.config().target_partitions());
            let scan = TextScan::try_new(
                Arc::clone(&self.schema),
                self.table.columns.fields().len(),
                projection,
                predicate.clone(),
                partitions,
                limit,
                Arc::clone(&self.context),
            )?;
            plans.push(Arc::new(scan));
        }
        if !parquet.is_empty() {
            plans.extend(self.scan_parquet(session, parquet, projection, predicate.as_ref())?);
        }
        match plans.len() {
            0 => Ok(Arc::new(EmptyExec::new(Arc::new(self.schema.project(projection)?)))),
            1 => Ok(plans.swap_remove(0)),
            _ => UnionExec::try_new(plans),
        }
    }
}

/// The plan with its filter and its columns pushed into the reader, where the optimiser does not come.
fn pushed_down(plan: Arc<dyn ExecutionPlan>, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
    let rules: [&dyn PhysicalOptimizerRule; 3] = [&Lazily, &FilterPushdown::new(), &ProjectionPushdown::new()];
    rules.into_iter().try_fold(plan, |plan, rule| rule.optimize(plan, session.config_options()))
}

/// What there is to read of these objects.
fn work(units: &[Unit]) -> Estimate {
    let partitions: HashSet<&[ScalarValue]> = units.iter().map(|unit| unit.values.as_ref()).collect();
    Estimate {
        objects: units.len() as u64,
        partitions: partitions.iter().filter(|values| !values.is_empty()).count() as u64,
        bytes: units.iter().map(|unit| unit.object.size()).sum(),
    }
}

/// Spreads objects over threads so that each has about the same number of bytes.
fn spread(mut units: Vec<Unit>, threads: usize) -> Vec<Vec<Unit>> {
    units.sort_by_key(|unit| std::cmp::Reverse(unit.object.size()));
    let mut partitions: Vec<(u64, Vec<Unit>)> = vec![(0, Vec::new()); threads.clamp(1, units.len().max(1))];
    for unit in units {
        if let Some((bytes, least)) = partitions.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            *bytes += unit.object.size();
            least.push(unit);
        }
    }
    let mut partitions: Vec<Vec<Unit>> = partitions.into_iter().map(|(_, units)| units).collect();
    for units in &mut partitions {
        units.sort_by(|a, b| a.object.name.cmp(&b.object.name));
    }
    partitions
}
