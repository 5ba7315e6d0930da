use std::io::Write;

use super::*;
use crate::packet::LinkType;

const FRAME: &[u8] = b"\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\x0a\0\0\x01\x0a\0\0\x02\x04\x00\x00\x35\0\x08\0\0";

/// What a frame says, kept beyond the frame.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    time_ns: u64,
    interface: u32,
    data: Vec<u8>,
    wire_len: u32,
    direction: Option<Direction>,
}

/// Everything up to the end, with the errors on the way.
fn read(file: &[u8]) -> (Vec<Kept>, Vec<PcapError>, Vec<Interface>) {
    let mut reader = match PcapReader::new(file) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), vec![error], Vec::new()),
    };
    let (mut frames, mut errors) = (Vec::new(), Vec::new());
    loop {
        match reader.next_frame() {
            Ok(Some(frame)) => frames.push(Kept {
                time_ns: frame.time_ns,
                interface: frame.interface.index,
                data: frame.data.to_vec(),
                wire_len: frame.wire_len,
                direction: frame.direction,
            }),
            Ok(None) => return (frames, errors, reader.interfaces().to_vec()),
            Err(error) => errors.push(error),
        }
    }
}

fn frames(file: &[u8]) -> Vec<Kept> {
    let (frames, errors, _) = read(file);
    assert!(errors.is_empty(), "{errors:?}");
    frames
}

fn kept(time_ns: u64) -> Kept {
    Kept { time_ns, interface: 0, data: FRAME.to_vec(), wire_len: 28, direction: None }
}

/// Writes numbers in one byte order.
#[derive(Clone, Copy)]
struct Writer(bool);

impl Writer {
    fn u16(self, number: u16) -> Vec<u8> {
        if self.0 { number.to_be_bytes().to_vec() } else { number.to_le_bytes().to_vec() }
    }

    fn u32(self, number: u32) -> Vec<u8> {
        if self.0 { number.to_be_bytes().to_vec() } else { number.to_le_bytes().to_vec() }
    }

    fn u64(self, number: u64) -> Vec<u8> {
        if self.0 { number.to_be_bytes().to_vec() } else { number.to_le_bytes().to_vec() }
    }

    fn classic(self, magic: u32, link: u32, packets: &[(u32, u32, &[u8], u32)]) -> Vec<u8> {
        let mut file =
            [self.u32(magic), self.u16(2), self.u16(4), self.u64(0), self.u32(65535), self.u32(link)].concat();
        for (seconds, fraction, data, wire_len) in packets {
            let captured = u32::try_from(data.len()).unwrap();
            file.extend([*seconds, *fraction, captured, *wire_len].into_iter().flat_map(|number| self.u32(number)));
            file.extend(*data);
        }
        file
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = self.u32(u32::try_from(12 + body.len() + padding.len()).unwrap());
        [self.u32(kind), length.clone(), body.to_vec(), padding, length].concat()
    }

    fn section(self) -> Vec<u8> {
        self.block(0x0a0d_0d0a, &[self.u32(0x1a2b_3c4d), self.u16(1), self.u16(0), self.u64(u64::MAX)].concat())
    }

    fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
        [self.u16(code), self.u16(u16::try_from(value.len()).unwrap()), value.to_vec(), padding].concat()
    }

    fn interface(self, link: u16, snap_len: u32, options: &[Vec<u8>]) -> Vec<u8> {
        self.block(1, &[self.u16(link), self.u16(0), self.u32(snap_len), options.concat()].concat())
    }

    fn enhanced(self, interface: u32, ticks: u64, data: &[u8], wire_len: u32, options: &[Vec<u8>]) -> Vec<u8> {
        let captured = u32::try_from(data.len()).unwrap();
        let [high, low] = [u32::try_from(ticks >> 32).unwrap(), ticks as u32];
        let padding = vec![0; data.len().next_multiple_of(4) - data.len()];
        let numbers = [interface, high, low, captured, wire_len].map(|number| self.u32(number)).concat();
        self.block(6, &[numbers, data.to_vec(), padding, options.concat()].concat())
    }
}

const BIG: Writer = Writer(true);
const LITTLE: Writer = Writer(false);

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn reads_both_byte_orders_and_both_resolutions() {
    for order in [BIG, LITTLE] {
        let micro =
            order.classic(0xa1b2_c3d4, 101, &[(1_700_000_000, 999_999, FRAME, 28), (1_700_000_001, 7, FRAME, 28)]);
        assert_eq!(frames(&micro), [kept(1_700_000_000_999_999_000), kept(1_700_000_001_000_007_000)]);
        let nano = order.classic(0xa1b2_3c4d, 101, &[(1_700_000_000, 999_999_999, FRAME, 28)]);
        assert_eq!(frames(&nano), [kept(1_700_000_000_999_999_999)]);
    }
}

#[test]
fn reads_through_gzip_and_zstd() {
    let file = LITTLE.classic(0xa1b2_c3d4, 101, &[(1, 2, FRAME, 28), (3, 4, FRAME, 28)]);
    let expected = [kept(1_000_002_000), kept(3_000_004_000)];
    assert_eq!(frames(&gzip(&file)), expected);
    assert_eq!(frames(&zstd::encode_all(file.as_slice(), 1).unwrap()), expected);
    let (first, second) = file.split_at(30);
    assert_eq!(frames(&[gzip(first), gzip(second)].concat()), expected, "two gzip members");
}

#[test]
fn a_cut_frame_keeps_its_length_on_the_wire() {
    let file = LITTLE.classic(0xa1b2_c3d4, 101, &[(1, 0, &FRAME[..24], 1500)]);
    let mut reader = PcapReader::new(file.as_slice()).unwrap();
    let frame = reader.next_frame().unwrap().unwrap();
    assert_eq!((frame.data.len(), frame.wire_len), (24, 1500));
    assert_eq!(frame.parse().unwrap().packet.destination_port, 53);
}

#[test]
fn the_link_type_is_without_the_check_sum_bits() {
    let file = LITTLE.classic(0xa1b2_c3d4, 0x1400_0001, &[]);
    assert_eq!(PcapReader::new(file.as_slice()).unwrap().interfaces()[0].link, LinkType::Ethernet);
}

#[test]
fn reads_sections_interfaces_and_clocks() {
    for order in [BIG, LITTLE] {
        let other = Writer(!order.0);
        let name = order.option(2, b"eth0");
        let nano = order.option(9, &[9]);
        let binary = order.option(9, &[0x8a]);
        let pico = order.option(9, &[12]);
        let later = order.option(14, &order.u64(1_700_000_000));
        let end = order.option(0, &[]);
        let file = [
            order.section(),
            order.interface(101, 0, &[name, end.clone()]),
            order.interface(1, 0, &[nano, later, end.clone()]),
            order.interface(113, 0, &[binary]),
            order.interface(276, 0, &[pico]),
            order.enhanced(0, 1_700_000_000_000_001, FRAME, 28, &[]),
            order.enhanced(1, 42, FRAME, 28, &[]),
            order.block(0xbad, b"a block of a kind that nobody knows"),
            order.enhanced(2, 1024 * 5 + 512, FRAME, 28, &[]),
            order.enhanced(3, 7_000_000_000_999, FRAME, 28, &[]),
            other.section(),
            other.interface(0, 0, &[]),
            other.enhanced(0, 3, FRAME, 28, &[]),
        ]
        .concat();
        let (frames, errors, interfaces) = read(&file);
        assert!(errors.is_empty(), "{errors:?}");
        let times = [1_700_000_000_000_001_000, 1_700_000_000_000_000_042, 5_500_000_000, 7_000_000_000, 3000];
        let expected = times.into_iter().zip(0..).map(|(time_ns, interface)| Kept { interface, ..kept(time_ns) });
        assert_eq!(frames, expected.collect::<Vec<_>>());
        let links: Vec<_> = interfaces.iter().map(|interface| interface.link).collect();
        use LinkType::{Ethernet, LinuxCooked, LinuxCooked2, Loopback, RawIp};
        assert_eq!(links, [RawIp, Ethernet, LinuxCooked, LinuxCooked2, Loopback]);
        assert_eq!(interfaces[0].name.as_deref(), Some("eth0"));
        assert_eq!(interfaces[1].name, None);
    }
}

#[test]
fn directions_come_from_the_flags() {
    let flags = |bits: u32| LITTLE.option(2, &LITTLE.u32(bits));
    let comment = LITTLE.option(1, b"seen");
    let file = [
        LITTLE.section(),
        LITTLE.interface(101, 0, &[]),
        LITTLE.enhanced(0, 0, FRAME, 28, &[comment, flags(1)]),
        LITTLE.enhanced(0, 0, FRAME, 28, &[flags(0x0102)]),
        LITTLE.enhanced(0, 0, FRAME, 28, &[flags(0)]),
    ]
    .concat();
    let directions: Vec<_> = frames(&file).iter().map(|frame| frame.direction).collect();
    assert_eq!(directions, [Some(Direction::Ingress), Some(Direction::Egress), None]);
    let mut reader = PcapReader::new(file.as_slice()).unwrap();
    assert_eq!(reader.next_frame().unwrap().unwrap().parse().unwrap().direction, Some(Direction::Ingress));
}

#[test]
fn simple_packets_are_cut_at_the_snap_length_and_take_the_time_before() {
    let simple = |wire_len: u32, data: &[u8]| LITTLE.block(3, &[LITTLE.u32(wire_len), data.to_vec()].concat());
    let file = [
        LITTLE.section(),
        LITTLE.interface(101, 22, &[]),
        simple(28, &FRAME[..22]),
        LITTLE.enhanced(0, 9, FRAME, 28, &[]),
        simple(21, &FRAME[..21]),
    ]
    .concat();
    let found: Vec<_> = frames(&file).into_iter().map(|kept| (kept.time_ns, kept.data.len(), kept.wire_len)).collect();
    assert_eq!(found, [(0, 22, 28), (9000, 28, 28), (9000, 21, 21)]);
}

#[test]
fn obsolete_packets_are_read() {
    let numbers = [0, 500_000, 28, 28].map(|number| LITTLE.u32(number)).concat();
    let body = [LITTLE.u16(0), LITTLE.u16(3), numbers, FRAME.to_vec(), LITTLE.option(2, &LITTLE.u32(2))].concat();
    let file = [LITTLE.section(), LITTLE.interface(101, 0, &[]), LITTLE.block(2, &body)].concat();
    let (frames, errors, interfaces) = read(&file);
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(frames, [Kept { direction: Some(Direction::Egress), ..kept(500_000_000) }]);
    assert_eq!(interfaces[0].lost, 3);
}

#[test]
fn losses_of_the_capturing_program_are_told() {
    let lost = |code: u16, count: u64| LITTLE.option(code, &LITTLE.u64(count));
    let statistics = |options: &[Vec<u8>]| {
        LITTLE.block(5, &[[0, 0, 0].map(|number| LITTLE.u32(number)).concat(), options.concat()].concat())
    };
    let start = [LITTLE.section(), LITTLE.interface(101, 0, &[])].concat();
    let packet = LITTLE.enhanced(0, 0, FRAME, 28, &[lost(4, 5)]);
    let (_, _, interfaces) = read(&[start.clone(), packet.clone(), packet].concat());
    assert_eq!(interfaces[0].lost, 10);
    let (_, _, interfaces) = read(&[start, statistics(&[lost(4, 900), lost(5, 30), lost(7, 12)])].concat());
    assert_eq!(interfaces[0].lost, 42);
}

#[test]
fn a_file_cut_anywhere_gives_all_before_and_the_place() {
    let ends = |file: &[u8], whole: usize| {
        for cut in whole..file.len() {
            let (frames, errors, _) = read(&file[..cut]);
            assert_eq!(frames, [kept(1_000_000_000)], "cut at {cut}");
            match errors.as_slice() {
                [] => assert_eq!(cut, whole),
                [PcapError::CutShort { offset, found, .. }] => {
                    assert_eq!((*offset, *found), (whole as u64, (cut - whole) as u64));
                }
                other => panic!("cut at {cut}: {other:?}"),
            }
        }
    };
    ends(&LITTLE.classic(0xa1b2_c3d4, 101, &[(1, 0, FRAME, 28), (2, 0, FRAME, 28)]), 24 + 16 + 28);
    let start =
        [LITTLE.section(), LITTLE.interface(101, 0, &[]), LITTLE.enhanced(0, 1_000_000, FRAME, 28, &[])].concat();
    ends(&[start.clone(), LITTLE.enhanced(0, 0, FRAME, 28, &[])].concat(), start.len());
    ends(&[start.clone(), LITTLE.block(0xbad, &[7; 40])].concat(), start.len());
}

#[test]
fn a_cut_compressed_file_gives_what_could_be_inflated() {
    let payload: Vec<u8> =
        (0..2_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8 ^ at as u8).collect();
    let packets: Vec<_> = payload.chunks(100).map(|payload| (1, 0, payload, 100)).collect();
    let file = LITTLE.classic(0xa1b2_c3d4, 101, &packets);
    for packed in [gzip(&file), zstd::encode_all(file.as_slice(), 1).unwrap()] {
        let (frames, errors, _) = read(&packed[..packed.len() / 2]);
        assert!(frames.len() > 5_000 && frames.len() < 15_000, "{} frames", frames.len());
        assert!(frames.iter().zip(&packets).all(|(frame, (_, _, payload, _))| frame.data == *payload));
        let last = 24 + 116 * frames.len() as u64;
        assert!(matches!(errors.as_slice(), [PcapError::Read { offset, .. }] if *offset == last), "{errors:?}");
    }
}

#[test]
fn a_damaged_compressed_file_gives_what_is_before_the_damage() {
    let packets = vec![(1, 0, FRAME, 28); 50_000];
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&LITTLE.classic(0xa1b2_c3d4, 101, &packets)).unwrap();
    encoder.flush().unwrap();
    // Behind the flush a block starts, of a type that there is not.
    let (frames, errors, _) = read(&[encoder.get_ref().as_slice(), &[0xff; 64]].concat());
    assert!(frames.len() > 49_800, "{} frames", frames.len());
    assert!(matches!(errors.as_slice(), [PcapError::Read { .. }]), "{errors:?}");
}

#[test]
fn damage_inside_one_block_costs_that_block() {
    let damaged = LITTLE.enhanced(9, 0, FRAME, 28, &[]);
    let mut too_long = LITTLE.enhanced(0, 0, FRAME, 28, &[]);
    too_long[20..24].copy_from_slice(&1000_u32.to_le_bytes());
    let file = [
        LITTLE.section(),
        LITTLE.interface(101, 0, &[LITTLE.u16(2), LITTLE.u16(400)]),
        damaged,
        LITTLE.enhanced(0, 1, FRAME, 28, &[]),
        too_long,
        LITTLE.enhanced(0, 2, FRAME, 28, &[]),
    ]
    .concat();
    let (frames, errors, _) = read(&file);
    assert_eq!(frames, [kept(1000), kept(2000)]);
    let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            "at byte 28 of the capture: options of an interface run over its block",
            "at byte 52 of the capture: packet of an interface that is not described",
            "at byte 172 of the capture: packet runs over its block",
        ]
    );
}

#[test]
fn lost_framing_ends_the_file() {
    let mut broken = LITTLE.enhanced(0, 0, FRAME, 28, &[]);
    let last = broken.len() - 4;
    broken[last] ^= 4;
    let file =
        [LITTLE.section(), LITTLE.interface(101, 0, &[]), broken, LITTLE.enhanced(0, 2, FRAME, 28, &[])].concat();
    let (frames, errors, _) = read(&file);
    assert_eq!((frames.len(), errors.len()), (0, 1));
    assert_eq!(errors[0].to_string(), "at byte 48 of the capture: block ends with another length than it starts with");

    let file = LITTLE.classic(0xa1b2_c3d4, 101, &[(1, 0, FRAME, 28)]);
    let oversized = [file, [1, 0, u32::MAX, u32::MAX].map(|number| LITTLE.u32(number)).concat(), vec![0; 100]].concat();
    let (frames, errors, _) = read(&oversized);
    assert_eq!(frames, [kept(1_000_000_000)]);
    assert_eq!(errors[0].to_string(), "at byte 68 of the capture: frame of more than 16 MiB");
}

#[test]
fn says_what_is_no_capture() {
    let message = |file: &[u8]| PcapReader::new(file).unwrap_err().to_string();
    assert_eq!(message(b""), "not a pcap or pcapng file: it starts with nothing (it is empty)");
    assert_eq!(message(b"version account-id"), "not a pcap or pcapng file: it starts with 76 65 72 73");
    assert_eq!(
        message(&LITTLE.classic(0xa1b2_c3d4, 1, &[])[..10]),
        "at byte 0 of the capture: the file ends inside a file header of 24 bytes, after 10"
    );
    assert!(is_capture(&LITTLE.section()) && is_capture(&BIG.classic(0xa1b2_3c4d, 1, &[])));
    assert!(!is_capture(b"2 12345") && !is_capture(b"\x0a\x0d"));
}

#[test]
fn a_large_claim_takes_no_memory() {
    let header = [1, 0, FRAME_MAX, FRAME_MAX].map(|number| LITTLE.u32(number)).concat();
    let file = [LITTLE.classic(0xa1b2_c3d4, 101, &[]), header, vec![0; 1000]].concat();
    let mut reader = PcapReader::new(file.as_slice()).unwrap();
    assert!(matches!(reader.next_frame(), Err(PcapError::CutShort { offset: 24, found: 1016, .. })));
    assert!(reader.input.capacity() <= 512 << 10);
}

proptest::proptest! {
    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        read(&noise);
        read(&[LITTLE.classic(0xa1b2_c3d4, 101, &[]), noise.clone()].concat());
        read(&[BIG.section(), BIG.interface(101, 0, &[]), noise].concat());
    }

    #[test]
    fn one_changed_byte_never_panics(at in 0_usize..300, value in proptest::num::u8::ANY) {
        let mut file = [
            LITTLE.section(),
            LITTLE.interface(101, 0, &[LITTLE.option(9, &[12]), LITTLE.option(2, b"lo")]),
            LITTLE.enhanced(0, 1, FRAME, 28, &[LITTLE.option(2, &[1, 0, 0, 0])]),
            LITTLE.enhanced(0, 2, FRAME, 28, &[]),
        ].concat();
        let at = at % file.len();
        file[at] = value;
        read(&file);
    }
}
