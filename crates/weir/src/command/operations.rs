//! `weir operations`: every operation of AWS that is known here, and whether it is there.

use std::{
    fmt,
    io::{self, Write as _},
    sync::Arc,
};

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command};
use tokio::runtime::Builder;
use weir_api::{
    ApiError, Foundation, Region, Regions, Served, ServiceName,
    access::Access,
    services::{
        ec2::Ec2,
        s3::{self, S3},
        tables,
    },
};
use weir_query::{
    Engine, EngineOptions,
    athena::{Athena, Limits},
};
use weir_store::{Buckets, Catalogue};

use crate::Outcome;

const ACCOUNT: &str = "123456789012";

pub fn command() -> Command {
    Command::new("operations")
        .about("List every operation of AWS's services, and which of them are here")
        .after_help(
            "\
Examples:
  weir operations
  weir operations | awk '$3 == \"no\"'
  weir operations --markdown

An operation that is not here answers 501 with its name.",
        )
        .arg(Arg::new("markdown").long("markdown").action(ArgAction::SetTrue).help("Print a page of documentation"))
}

pub fn run(matches: &ArgMatches) -> Result<Outcome> {
    let all = operations()?;
    let mut out = io::stdout().lock();
    if matches.get_flag("markdown") {
        write!(out, "{}", Page(&all))?;
        return Ok(Outcome::Done);
    }
    for Row { service, operation, supported } in &all {
        writeln!(out, "{:16} {operation:48} {}", name(*service).replace(' ', "-"), yes(*supported))?;
    }
    Ok(Outcome::Done)
}

/// An operation of a service.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    service: ServiceName,
    operation: &'static str,
    supported: bool,
}

/// All of them, by service and name.
///
/// # Errors
/// When the services cannot be opened over nothing.
fn operations() -> Result<Vec<Row>> {
    let served = served()?;
    let services = ServiceName::ALL.into_iter().filter(|service| *service != ServiceName::S3);
    let of_tables = services.flat_map(|service| {
        let entries = served.entries(service);
        entries.map(move |entry| Row { service, operation: entry.name, supported: entry.supported })
    });
    let of_s3 = s3::OPERATIONS.iter().map(|operation| Row {
        service: ServiceName::S3,
        operation: operation.name,
        supported: operation.supported,
    });
    let mut all: Vec<Row> = of_tables.chain(of_s3).collect();
    all.sort();
    Ok(all)
}

/// The tables that `weir up` serves, over nothing.
fn served() -> Result<Served> {
    let (catalogue, buckets) = (Catalogue::in_memory()?, Buckets::new());
    let foundation = Foundation {
        account: ACCOUNT.to_owned(),
        region: "us-east-1".to_owned(),
        access: Arc::new(Access::off(ACCOUNT)),
        ec2: Ec2::open(ACCOUNT, &catalogue, &buckets)?,
        catalogue: catalogue.clone(),
        regions: Arc::new(Nowhere),
        buckets: buckets.clone(),
        clock: || 0,
    };
    let runtime = Builder::new_current_thread().build()?;
    let engine = Engine::new(EngineOptions { threads: 1, memory_limit: None, catalogue: None }, buckets)?;
    let athena = Arc::new(Athena::open(Arc::new(engine), catalogue, Limits::default(), 0)?);
    let mut queries = weir_lens::tables(&athena, runtime.handle());
    queries.push(weir_lens::insights_table(Arc::new(|_: &str| Err(nowhere()))));
    let s3 = S3::open(&foundation, Arc::new(|_| {}), || 0)?;
    Ok(tables(&foundation, &s3, queries)?)
}

/// No region: nothing is asked of the services.
struct Nowhere;

impl Regions for Nowhere {
    fn region(&self, _: &str) -> Result<Arc<Region>, ApiError> {
        Err(nowhere())
    }
}

fn nowhere() -> ApiError {
    ApiError::internal("there is no region to ask")
}

/// As people call it.
fn name(service: ServiceName) -> &'static str {
    match service {
        ServiceName::Athena => "Athena",
        ServiceName::CloudFormation => "CloudFormation",
        ServiceName::CloudWatch => "CloudWatch",
        ServiceName::Ec2 => "EC2",
        ServiceName::Glue => "Glue",
        ServiceName::Iam => "IAM",
        ServiceName::Logs => "CloudWatch Logs",
        ServiceName::S3 => "S3",
        ServiceName::Sns => "SNS",
        ServiceName::Sqs => "SQS",
        ServiceName::Sts => "STS",
    }
}

fn yes(is_there: bool) -> &'static str {
    if is_there { "yes" } else { "no" }
}

/// The page of documentation.
struct Page<'a>(&'a [Row]);

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Operations of AWS\n")?;
        writeln!(
            f,
            "What `weir operations --markdown` prints: every operation that the services publish, and whether Weir"
        )?;
        writeln!(f, "has it. One that it does not have answers `501` with its name.\n")?;
        writeln!(f, "| Service | Protocols | Operations | In Weir |\n|---|---|---:|---:|")?;
        let of = |service| self.0.iter().filter(move |row| row.service == service);
        for service in ServiceName::ALL {
            let there = of(service).filter(|row| row.supported).count();
            let protocols = service.protocols().join(", ");
            writeln!(f, "| {} | {protocols} | {} | {there} |", name(service), of(service).count())?;
        }
        f.write_str("\n| Service | Operation | In Weir |\n|---|---|---|\n")?;
        for Row { service, operation, supported } in self.0 {
            writeln!(f, "| {} | {operation} | {} |", name(*service), yes(*supported))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_the_tables_say() {
        let page = Page(&operations().expect("operations")).to_string();
        assert!(
            page == include_str!("../../../../docs/api-coverage.md"),
            "docs/api-coverage.md is of other tables: cargo run -p weir -- operations --markdown > docs/api-coverage.md"
        );
    }

    #[test]
    fn every_service_is_there_with_what_it_has_and_what_it_lacks() {
        let all = operations().expect("operations");
        for service in ServiceName::ALL {
            for supported in [true, false] {
                assert!(all.iter().any(|row| row.service == service && row.supported == supported), "{service:?}");
            }
        }
        let is_twice =
            all.windows(2).find(|two| (two[0].service, two[0].operation) == (two[1].service, two[1].operation));
        assert_eq!(is_twice, None);
    }
}
