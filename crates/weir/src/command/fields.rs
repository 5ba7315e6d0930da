//! `weir fields`: the field table.

use std::io::{self, Write as _};

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;
use weir_record::{Field, Scope};

use crate::Outcome;

pub fn command() -> Command {
    Command::new("fields")
        .about("List every field that a flow log record can have")
        .after_help(
            "\
Examples:
  weir fields
  weir fields --json | jq -r '.[] | select(.version <= 3).name'

The version is the record version that introduced the field; a record's own version is the highest among its
fields. Scope `vpc` is fields of VPC flow logs, `transit-gateway` those of transit gateways only, `extension`
fields that AWS does not have.",
        )
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print an array of JSON objects"))
}

pub fn run(matches: &ArgMatches) -> Result<Outcome> {
    let mut out = io::stdout().lock();
    if matches.get_flag("json") {
        let fields: Vec<_> = Field::ALL.iter().map(|field| to_json(*field)).collect();
        serde_json::to_writer_pretty(&mut out, &fields)?;
        writeln!(out)?;
        return Ok(Outcome::Done);
    }
    let width = Field::ALL.iter().map(|field| field.name().len()).max().unwrap_or(0);
    writeln!(out, "{:width$}  version  type    scope            meaning; when it is `-`", "field")?;
    for field in Field::ALL {
        let spec = field.spec();
        let version = if spec.version == 0 { "-".to_owned() } else { spec.version.to_string() };
        writeln!(
            out,
            "{:width$}  {version:>7}  {:6}  {:15}  {}; {}",
            spec.name,
            spec.kind.name(),
            scope(spec.scope),
            spec.meaning,
            spec.absent
        )?;
    }
    Ok(Outcome::Done)
}

fn to_json(field: Field) -> serde_json::Value {
    let spec = field.spec();
    json!({
        "name": spec.name,
        "column": spec.column,
        "version": (spec.version != 0).then_some(spec.version),
        "type": spec.kind.name(),
        "scope": scope(spec.scope),
        "meaning": spec.meaning,
        "absent": spec.absent,
    })
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Vpc => "vpc",
        Scope::TransitGateway => "transit-gateway",
        Scope::Extension => "extension",
    }
}
