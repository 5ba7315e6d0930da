use weir_record::{BatchBuilder, Field, Value};

use super::*;

fn format() -> Format {
    "${interface-id} ${srcaddr} ${srcport} ${bytes} ${start}".parse().unwrap()
}

fn batch(rows: i64, source: &str) -> RecordBatch {
    let mut builder = BatchBuilder::new(format());
    for row in 0..rows {
        builder.push(|field| match field {
            Field::InterfaceId => Value::Text("eni-0123456789abcdef0"),
            Field::SrcAddr => Value::Text(source),
            Field::SrcPort if row % 3 == 0 => Value::Absent,
            _ => Value::Number(row),
        });
    }
    builder.finish()
}

fn refusal(body: &[u8]) -> String {
    decode(body, &format()).unwrap_err().to_string()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[test]
fn records_come_back_as_they_were() {
    let batches = [batch(3000, "10.0.0.1"), batch(7, "2001:db8:1234:5678:9abc:def0:1234:5678")];
    let body = encode(&batches).unwrap();
    assert!(body.len() < 20_000, "{}", body.len());
    assert_eq!(decode(&body, &format()).unwrap(), batches);
}

#[test]
fn another_format_is_refused() {
    let body = encode(&[batch(3, "10.0.0.1")]).unwrap();
    for other in [
        "${srcaddr}",
        "${interface-id} ${srcaddr} ${srcport} ${bytes} ${end}",
        "${interface-id} ${srcaddr} ${bytes} ${srcport} ${start}",
    ] {
        let error = decode(&body, &other.parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains("its columns are not those of the flow log's format"), "{error}");
    }
}

#[test]
fn texts_that_would_break_a_line_are_refused() {
    for text in ["10.0.0.1 10.0.0.2", "a\n2 123456789012", "\u{7f}", &"x".repeat(1025)] {
        let error = refusal(&encode(&[batch(1, text)]).unwrap());
        assert!(error.contains("`srcaddr` holds what no record can"), "{error}");
    }
}

#[test]
fn what_is_no_batch_is_refused() {
    assert!(refusal(b"").contains("it ends too early") || refusal(b"").contains("zstd"), "{}", refusal(b""));
    assert!(refusal(b"GET / HTTP/1.1").contains("its zstd is damaged"));
    assert!(refusal(&zstd(b"")).contains("it ends too early"));
    assert!(refusal(&zstd(b"ARROW1\0\0 and so on")).contains("it is no Arrow IPC stream"));
    assert!(encode(&[]).unwrap_err().to_string().contains("it is empty"));
    assert!(refusal(&encode(&[batch(0, "-")]).unwrap()).contains("it is empty"));
    let too_many = [batch(40_000, "10.0.0.1"), batch(40_000, "10.0.0.1")];
    assert!(refusal(&encode(&too_many).unwrap()).contains("too large: records beyond 65536"));
}

#[test]
fn little_that_becomes_much_is_refused() {
    let bomb = zstd(&vec![0; usize::try_from(DECODED_LIMIT).unwrap() + 1]);
    assert!(bomb.len() < 10_000);
    assert!(refusal(&bomb).contains("too large: decompressed bytes"));
    assert!(refusal(&vec![0; BODY_LIMIT + 1]).contains("too large: bytes"));
}

#[test]
fn a_stream_cut_off_anywhere_is_refused() {
    let stream = zstd::decode_all(&encode(&[batch(50, "10.0.0.1")]).unwrap()[..]).unwrap();
    for length in 0..stream.len() {
        refusal(&zstd(&stream[..length]));
    }
    let mut longer = stream;
    longer.push(0);
    assert!(refusal(&zstd(&longer)).contains("something follows its end"));
}

#[test]
fn a_claim_of_a_terabyte_takes_no_memory() {
    let stream = zstd::decode_all(&encode(&[batch(50, "10.0.0.1")]).unwrap()[..]).unwrap();
    // Wherever eight bytes stand for a length, let them claim a terabyte.
    for at in (0..stream.len() - 8).step_by(4) {
        let mut claimed = stream.clone();
        claimed[at..at + 8].copy_from_slice(&(1_u64 << 40).to_le_bytes());
        if let Ok(batches) = decode(&zstd(&claimed), &format()) {
            assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 50);
        }
    }
}

/// Whatever bytes are changed: a refusal, or records that are valid.
#[test]
fn damage_never_does_more_than_a_refusal() {
    let stream = zstd::decode_all(&encode(&[batch(20, "2001:db8:1234:5678::1")]).unwrap()[..]).unwrap();
    for at in 0..stream.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut damaged = stream.clone();
            damaged[at] ^= change;
            if let Ok(batches) = decode(&zstd(&damaged), &format()) {
                check_texts(&batches).unwrap();
            }
        }
    }
}

#[test]
fn a_changed_byte_on_disk_is_found() {
    let mut body = encode(&[batch(5000, "10.0.0.1")]).unwrap();
    let middle = body.len() / 2;
    body[middle] ^= 0x10;
    refusal(&body);
}

#[test]
fn names_of_batches() {
    let epoch = Epoch::new([0xab; 8]);
    assert_eq!(epoch.to_string().parse::<Epoch>(), Ok(epoch));
    assert!("xyz".parse::<Epoch>().unwrap_err().to_string().contains("`xyz` is no epoch"));
    let span: Span = "1529511600-1529511660".parse().unwrap();
    assert_eq!((span.start, span.end), (1_529_511_600, 1_529_511_660));
    assert_eq!(span.to_string(), "1529511600-1529511660");
    for wrong in ["", "1-", "-1-5", "5-4", "1-99999999999", "a-b"] {
        assert!(wrong.parse::<Span>().is_err(), "{wrong}");
    }
}
