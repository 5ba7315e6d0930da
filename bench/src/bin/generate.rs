//! Writes default-format flow log records as AWS delivers them: gzip text objects with a header line, in
//! AWS's key layout. The same arguments give the same bytes on every machine.

use std::{fmt::Write as _, fs, path::PathBuf};

use anyhow::{Context, ensure};
use clap::Parser;
use libdeflater::{CompressionLvl, Compressor};

/// 2026-01-15T00:00:00Z: the day that the records are from.
const DAY: u64 = 1_768_435_200;
const SECONDS_A_DAY: u64 = 86_400;
const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n";

/// Generate flow log records for benchmarks.
#[derive(Parser)]
struct Arguments {
    /// How many records to write
    #[arg(long, default_value_t = 10_000_000)]
    records: u64,
    /// Over how many objects; they divide the day evenly
    #[arg(long, default_value_t = 48)]
    objects: u64,
    /// Seed of the generator
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder that AWSLogs/ is made in
    out: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(
        arguments.objects > 0 && arguments.objects <= 288,
        "--objects: give 1 to 288, a day has 288 intervals of 5 minutes"
    );
    let folder = arguments.out.join("AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/01/15");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for object in 0..arguments.objects {
        let first = arguments.records * object / arguments.objects;
        let last = arguments.records * (object + 1) / arguments.objects;
        let span = SECONDS_A_DAY / arguments.objects;
        let start = DAY + object * span;
        let mut random = Random(arguments.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(object));
        let text = object_text(&mut random, last - first, start, span);
        let path = folder.join(object_name(start, random.next() as u32));
        fs::write(&path, gzip(text.as_bytes())?).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn object_name(start: u64, hash: u32) -> String {
    let minutes = (start - DAY) / 300 * 5;
    format!(
        "123456789012_vpcflowlogs_us-east-1_fl-0123456789abcdef0_20260115T{:02}{:02}Z_{hash:08x}.log.gz",
        minutes / 60,
        minutes % 60
    )
}

/// Records whose start times go up from `start` over `span` seconds, as a busy network has them: few
/// addresses do most of the talking, most traffic is TCP, one record in twelve is refused.
fn object_text(random: &mut Random, records: u64, start: u64, span: u64) -> String {
    let mut text = String::with_capacity(HEADER.len() + records as usize * 110);
    text.push_str(HEADER);
    for index in 0..records {
        push_record(&mut text, random, start + index * span / records.max(1));
    }
    text
}

fn push_record(text: &mut String, random: &mut Random, start: u64) {
    let interface = random.skewed(200);
    let end = start + random.below(60);
    if random.below(1000) < 2 {
        // a String takes any write
        let _ = writeln!(text, "2 123456789012 eni-0{interface:016x} - - - - - - - {start} {end} - NODATA");
        return;
    }
    let refused = random.below(12) == 0;
    let protocol = match random.below(100) {
        0..=2 => 1,
        3..=19 => 17,
        _ => 6,
    };
    let service = [443, 80, 22, 53, 3389, 5432, 8080, 123, 25, 6379][random.skewed(10) as usize];
    let ephemeral = 1024 + random.below(64_512);
    let own = format!("10.0.{}.{}", interface / 16, 10 + interface % 16);
    let far = match random.below(3) {
        0 => {
            let host = random.skewed(4_000);
            format!("10.{}.{}.{}", host % 7, host / 250, host % 250)
        }
        _ => {
            let host = random.skewed(200_000).wrapping_mul(2_654_435_761) % 0xdfff_ffff;
            format!("{}.{}.{}.{}", 1 + (host >> 24), host >> 16 & 255, host >> 8 & 255, host & 255)
        }
    };
    let ingress = refused || random.below(2) == 0;
    let (source, destination) = if ingress { (&far, &own) } else { (&own, &far) };
    let (source_port, destination_port) = match (protocol, ingress) {
        (1, _) => (0, 0),
        (_, true) => (ephemeral, service),
        (_, false) => (service, ephemeral),
    };
    let packets = if refused { 1 + random.below(3) } else { 1 + random.skewed(5_000) };
    let bytes = packets * (40 + random.below(if refused { 20 } else { 1_400 }));
    let action = if refused { "REJECT" } else { "ACCEPT" };
    let _ = writeln!(
        text,
        "2 123456789012 eni-0{interface:016x} {source} {destination} {source_port} {destination_port} {protocol} {packets} {bytes} {start} {end} {action} OK"
    );
}

fn gzip(text: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut out = vec![0; compressor.gzip_compress_bound(text.len())];
    let length = compressor.gzip_compress(text, &mut out)?;
    out.truncate(length);
    Ok(out)
}

/// SplitMix64: ours, so that the bytes stay the same whatever a crate's next version does.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from 0 to `bound - 1`.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// From 0 to `bound - 1`, low numbers far more often: the density falls as 1/x.
    fn skewed(&mut self, bound: u64) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (((bound + 1) as f64).powf(unit) as u64 - 1).min(bound - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_records() {
        let text = object_text(&mut Random(7), 1000, DAY, 1800);
        assert_eq!(text, object_text(&mut Random(7), 1000, DAY, 1800));
        assert_eq!(text.lines().count(), 1001);
        assert!(text.lines().all(|line| line.split(' ').count() == 14));
        assert!(text.contains(" REJECT OK\n") && text.contains(" - NODATA\n"));
    }

    #[test]
    fn skewed_numbers_stay_in_bounds_and_favour_low_ones() {
        let mut random = Random(3);
        let numbers: Vec<u64> = (0..10_000).map(|_| random.skewed(100)).collect();
        assert!(numbers.iter().all(|number| *number < 100));
        assert!(numbers.iter().filter(|number| **number < 10).count() > 4_000);
    }
}
