use std::io::Write;

use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).expect("in memory");
    encoder.finish().expect("in memory")
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).expect("in memory")
}

fn lines(count: usize) -> Vec<u8> {
    (0..count).flat_map(|line| format!("line {line} {}\n", line * 7919 % 1013).into_bytes()).collect()
}

fn streamed(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    reader(data)?.read_to_end(&mut text)?;
    Ok(text)
}

#[test]
fn tells_compressions_apart() {
    assert_eq!(detect(&gzip(b"")), Compression::Gzip);
    assert_eq!(detect(&zstd(b"")), Compression::Zstd);
    assert_eq!(detect(&[0x5a, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]), Compression::Zstd);
    assert_eq!(detect(b"2 123456789010 eni-1"), Compression::None);
    assert_eq!(detect(b""), Compression::None);
}

#[test]
fn members_follow_each_other() {
    let (first, second) = (lines(1000), lines(17));
    for parts in [vec![&first], vec![&first, &second], vec![&first, &first], vec![&second, &first, &second]] {
        let data: Vec<u8> = parts.iter().flat_map(|part| gzip(part)).collect();
        assert_eq!(gzip_members(&data, WHOLE_LIMIT), (parts.concat_all(), data.len()), "by libdeflate alone");
        assert_eq!(inflate(&data).expect("sound"), parts.concat_all());
        assert_eq!(streamed(&data).expect("sound"), parts.concat_all());
    }
}

#[test]
fn a_member_may_hold_what_looks_like_a_member() {
    // Stored without compression, so that the inner object stands in the data as it is.
    let inner = gzip(&lines(3));
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(&inner).expect("in memory");
    let data = encoder.finish().expect("in memory");
    assert_eq!(inflate(&data).expect("sound"), inner);
}

#[test]
fn cut_off_objects_give_their_whole_lines() {
    let text = lines(5000);
    for whole in [gzip(&text), zstd(&text)] {
        for length in [whole.len() - 1, whole.len() / 2, 40, 5] {
            let damage = inflate(&whole[..length]).expect_err("cut off");
            assert!(text.starts_with(&damage.readable));
            assert!(damage.readable.last().is_none_or(|last| *last == b'\n'));
            assert!(damage.position <= length as u64);
            assert!(damage.to_string().contains("cut off"), "{damage}");
            assert!(streamed(&whole[..length]).expect_err("cut off").to_string().contains("near byte"));
        }
    }
    let whole = gzip(&text);
    let damage = inflate(&whole[..whole.len() - 9]).expect_err("cut off");
    assert!(damage.readable.len() > text.len() / 2, "only {} bytes were read", damage.readable.len());
}

#[test]
fn damage_in_a_later_member_keeps_the_earlier_ones() {
    let mut data = gzip(&lines(100));
    let sound = data.len();
    data.extend(gzip(&lines(50)));
    data[sound + 3] = 0xff;
    let damage = inflate(&data).expect_err("damaged");
    assert!(damage.readable.starts_with(&lines(100)));
    assert!(damage.position >= sound as u64);
}

#[test]
fn a_wrong_checksum_is_damage() {
    let mut data = gzip(&lines(100));
    let checksum = data.len() - 8;
    data[checksum] ^= 1;
    assert_eq!(inflate(&data).expect_err("damaged").readable, lines(100));
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    for bomb in [gzip(&vec![b'\n'; 4 << 20]), zstd(&vec![b'\n'; 4 << 20])] {
        let damage = inflate_up_to(&bomb, 1 << 20).expect_err("too large");
        assert!(damage.readable.len() <= (1 << 20) + 1);
        assert!(damage.problem.contains("as a stream"), "{damage}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(mut data in proptest::collection::vec(any::<u8>(), 0..200), magic in 0..3) {
        match magic {
            1 => { data.splice(0..0, [0x1f, 0x8b, 8, 0]); }
            2 => { data.splice(0..0, [0x28, 0xb5, 0x2f, 0xfd]); }
            _ => {}
        }
        // Whole and streamed agree on what is sound.
        prop_assert_eq!(inflate(&data).ok(), streamed(&data).ok());
    }

    #[test]
    fn flipped_bits_never_panic(at in 0_usize..1_000_000, bit in 0_u8..8, count in 1_usize..300) {
        let mut data = gzip(&lines(count));
        let at = 2 + at % (data.len() - 2);
        data[at] ^= 1 << bit;
        if let Ok(text) = inflate(&data) {
            prop_assert_eq!(text, lines(count), "the checksum saw nothing");
        }
    }
}

trait ConcatAll {
    fn concat_all(&self) -> Vec<u8>;
}

impl ConcatAll for Vec<&Vec<u8>> {
    fn concat_all(&self) -> Vec<u8> {
        self.iter().flat_map(|part| part.iter().copied()).collect()
    }
}
