//! Text to Arrow: records a second on one core, and whole gzip objects beside inflating them alone.
//!
//! `cargo bench -p weir-record --bench decode`. The records come from a small generator of its own, so
//! that the figures stay comparable.

#![allow(clippy::expect_used, reason = "a benchmark that cannot run may say so loudly")]

use std::{fmt::Write, hint::black_box, sync::Arc};

use arrow::buffer::Buffer;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use libdeflater::{CompressionLvl, Compressor, Decompressor};
use weir_record::{
    Format, Refusals, compression,
    text::{Mode, TextDecoder, TextOptions},
};

const RECORDS: u64 = 200_000;
/// Columns of the default format: srcaddr, bytes, action.
const THREE: [usize; 3] = [3, 9, 12];

fn decode(criterion: &mut Criterion) {
    let text = records(RECORDS);
    let buffer = Buffer::from(text.as_bytes());
    let mut group = criterion.benchmark_group("text to arrow");
    group.throughput(Throughput::Elements(RECORDS));
    for (name, projection) in
        [("14 columns", None), ("3 columns", Some(THREE.to_vec())), ("no column", Some(Vec::new()))]
    {
        let decoder = decoder(projection);
        group.bench_function(name, |bencher| bencher.iter(|| rows(&decoder, buffer.clone())));
    }
    group.finish();
}

fn whole_objects(criterion: &mut Criterion) {
    let object = gzip(records(RECORDS).as_bytes());
    let mut group = criterion.benchmark_group("gzip object");
    group.throughput(Throughput::Elements(RECORDS));
    group.bench_function("libdeflate alone", |bencher| {
        let length = u32::from_le_bytes(*object.last_chunk().expect("gzip")) as usize;
        bencher.iter(|| {
            let mut text = vec![0; length];
            Decompressor::new().gzip_decompress(&object, &mut text).expect("sound");
            black_box(text)
        });
    });
    for (name, projection) in [("14 columns", None), ("3 columns", Some(THREE.to_vec()))] {
        let decoder = decoder(projection);
        group.bench_function(name, |bencher| {
            bencher.iter(|| rows(&decoder, Buffer::from_vec(compression::inflate(&object).expect("sound"))));
        });
    }
    group.finish();
}

fn decoder(projection: Option<Vec<usize>>) -> TextDecoder {
    let options = TextOptions { mode: Mode::Query, ..TextOptions::default() };
    TextDecoder::new(Format::default().schema(), projection, options).expect("valid")
}

fn rows(decoder: &TextDecoder, text: Buffer) -> usize {
    let mut refusals = Refusals::default();
    let object: Arc<str> = "bench".into();
    let rows = decoder.decode(&object, text, 1, &mut refusals).map(|batch| black_box(batch).num_rows()).sum();
    assert_eq!((rows, refusals.refused), (RECORDS as usize, 0));
    rows
}

/// Records as a busy network has them: few addresses do most of the talking, most traffic is TCP,
/// one record in twelve is refused, two in a thousand say that there was nothing.
fn records(count: u64) -> String {
    let mut random = Random(1);
    let mut text = Format::default().header() + "\n";
    for index in 0..count {
        let interface = random.skewed(200);
        let start = 1_768_435_200 + index / 100;
        let end = start + random.below(60);
        let eni = format!("eni-0{:016x}", (interface + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if random.below(1000) < 2 {
            writeln!(text, "2 123456789012 {eni} - - - - - - - {start} {end} - NODATA").expect("in memory");
            continue;
        }
        let own = format!("10.0.{}.{}", interface / 16, 10 + interface % 16);
        let host = random.skewed(200_000).wrapping_mul(2_654_435_761) % 0xdfff_ffff;
        let far = format!("{}.{}.{}.{}", 1 + (host >> 24), host >> 16 & 255, host >> 8 & 255, host & 255);
        let service = [443, 80, 22, 53, 3389, 5432, 8080, 123, 25, 6379][random.skewed(10) as usize];
        let ephemeral = 1024 + random.below(64_512);
        let refused = random.below(12) == 0;
        let action = if refused { "REJECT" } else { "ACCEPT" };
        let protocol = if random.below(6) == 0 { 17 } else { 6 };
        let packets = 1 + random.skewed(if refused { 3 } else { 5_000 });
        let bytes = packets * (40 + random.below(1_400));
        let flow = if refused || random.below(2) == 0 {
            format!("{far} {own} {ephemeral} {service}")
        } else {
            format!("{own} {far} {service} {ephemeral}")
        };
        writeln!(text, "2 123456789012 {eni} {flow} {protocol} {packets} {bytes} {start} {end} {action} OK")
            .expect("in memory");
    }
    text
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut object = vec![0; compressor.gzip_compress_bound(text.len())];
    let length = compressor.gzip_compress(text, &mut object).expect("large enough");
    object.truncate(length);
    object
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from 0 to `bound - 1`.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// From 0 to `bound - 1`, low numbers far more often.
    fn skewed(&mut self, bound: u64) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (((bound + 1) as f64).powf(unit) as u64 - 1).min(bound - 1)
    }
}

criterion_group!(benches, decode, whole_objects);
criterion_main!(benches);
