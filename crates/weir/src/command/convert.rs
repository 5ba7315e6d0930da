//! `weir convert`: packets and records of every kind into records of one.

mod packets;
mod records;
mod target;

use std::{
    fs::File,
    io::{self, Read},
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::{Arg, ArgMatches, Command, builder::PossibleValuesParser, value_parser};
use ipnet::IpNet;
use weir_capture::pcap;
use weir_record::compression;

use crate::{Outcome, Usage, interrupt, settings::Settings};
use target::Target;

pub fn command() -> Command {
    Command::new("convert")
        .about("Make records from packet captures, or write records in another format")
        .override_usage("weir convert [OPTIONS] IN... OUT")
        .after_help(
            "\
Examples:
  weir convert trace.pcap flows.log.gz
  weir convert a.pcapng.gz b.pcapng.gz flows.parquet --local-net 10.0.0.0/8
  weir convert trace.pcap flows.parquet --security-group network.toml --interface-id eni-web
  weir convert weir-data/buckets/flow-logs/**/*.log.gz all.parquet
  tcpdump -w - -c 1000 | weir convert - - --format '${srcaddr} ${dstaddr} ${bytes}'

IN is pcap, pcapng, text, Parquet or JSON, plain, gzip or zstd; what it is is seen from its first bytes. OUT's
name says what is written: .log or .txt text, .parquet, .json, .cef, .ocsf.json; .gz or .zst behind it compresses.
`-` is standard input or output. OUT appears whole or not at all.

Input that cannot be read is counted and reported with its place; the rest is converted, and the exit code is 3.",
        )
        .arg(
            Arg::new("paths")
                .value_name("PATH")
                .num_args(2..)
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("What is read (one or more), then what is written"),
        )
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("FORMAT")
                .value_parser(PossibleValuesParser::new(["plain-text", "parquet", "json", "cef", "ocsf"]))
                .help("Format of OUT [default: by the end of its name; text for standard output]"),
        )
        .arg(Arg::new("interface-id").long("interface-id").value_name("ID").help(
            "Interface id in records made from packets [default: made from the interface's name in the capture]",
        ))
        .arg(
            Arg::new("local-net")
                .long("local-net")
                .value_name("CIDR")
                .num_args(1)
                .action(clap::ArgAction::Append)
                .value_parser(value_parser!(IpNet))
                .help("Addresses on this side of the capture; packets to them are ingress. May be given several times [default: private addresses]"),
        )
        .arg(
            Arg::new("security-group")
                .long("security-group")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Judge packets by the security groups and network ACLs in this file (TOML or JSON)"),
        )
}

pub fn run(matches: &ArgMatches, settings: &Settings) -> Result<Outcome> {
    let paths: Vec<PathBuf> = matches.get_many("paths").into_iter().flatten().cloned().collect();
    let Some((out, inputs)) = paths.split_last() else { return Ok(Outcome::Done) };
    if inputs.iter().filter(|input| input.as_os_str() == "-").count() > 1 {
        return Err(Usage("standard input can be read once only".into()).into());
    }
    let target = Target::new(out, matches.get_one::<String>("to").map(String::as_str))?;
    interrupt::remove_unfinished()?;
    let mut captures = Vec::new();
    let mut records = Vec::new();
    for path in inputs {
        let input = Input::open(path)?;
        if input.capture { captures.push(input) } else { records.push(input) }
    }
    match (captures.is_empty(), records.is_empty()) {
        (true, _) => records::convert(records, &target, settings),
        (_, true) => packets::convert(captures, &target, settings, &packets::Options::new(matches, settings)?),
        _ => {
            Err(Usage("captures and records cannot go into one output; convert them one after the other".into()).into())
        }
    }
}

/// An input, with its first bytes looked at.
pub struct Input {
    /// As it was named.
    name: String,
    /// Where it is.
    path: PathBuf,
    /// It holds packets, otherwise records.
    capture: bool,
    /// What standard input was kept in: a file without a name, gone with the program however that ends.
    _kept: Option<File>,
}

impl Input {
    /// Looks at a file. Standard input and pipes are kept in a file without a name, because they can be read once
    /// only and Parquet is read from its end.
    fn open(path: &Path) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Self::keep("standard input", io::stdin().lock());
        }
        let name = path.display().to_string();
        let look = || -> io::Result<(File, bool)> {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(io::Error::other("it is a directory; name the files in it"));
            }
            Ok((file, metadata.is_file()))
        };
        let (file, regular) = look().with_context(|| format!("{name}: cannot open"))?;
        if !regular {
            return Self::keep(&name, file);
        }
        Ok(Self { name, path: path.to_owned(), capture: is_capture(&file), _kept: None })
    }

    fn keep(name: &str, mut source: impl Read) -> Result<Self> {
        let mut keep = || -> io::Result<(File, PathBuf, bool)> {
            let mut kept = tempfile::tempfile()?;
            io::copy(&mut source, &mut kept)?;
            let path = PathBuf::from(format!("/proc/self/fd/{}", kept.as_raw_fd()));
            let capture = is_capture(&File::open(&path)?);
            Ok((kept, path, capture))
        };
        let (kept, path, capture) = keep().with_context(|| format!("{name}: cannot be kept in a temporary file"))?;
        Ok(Self { name: name.to_owned(), path, capture, _kept: Some(kept) })
    }
}

/// Whether a file starts as captures do, once it is decompressed. One that cannot be decompressed is no capture:
/// the reader of records says what is wrong with it.
fn is_capture(file: &File) -> bool {
    let mut start = [0; 4];
    let read = compression::reader(file).and_then(|mut reader| reader.read_exact(&mut start));
    read.is_ok() && pcap::is_capture(&start)
}
