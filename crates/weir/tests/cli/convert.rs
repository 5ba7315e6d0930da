//! `weir convert`: packets and records in, records out, and what bad input gets.

use std::io::{Read as _, Write as _};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};

use crate::{
    pcap::{ACK, FIN, RST, SYN, arp, capture, tcp, udp},
    run::Lab,
};

/// AWS's own examples: allowed, refused, no data, skipped, IPv6.
pub const EXAMPLES: &str = "\
version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK
2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK
2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA
2 123456789010 eni-11111111aaaaaaaaa - - - - - - - 1431280876 1431280934 - SKIPDATA
2 123456789010 eni-1235b8ca123456789 2001:db8:1234:a100:8d6e:3477:df66:f105 2001:db8:1234:a102:3304:8879:34cf:4071 34892 22 6 54 8855 1477913708 1477913820 ACCEPT OK
";

pub fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes.as_ref()).expect("gzip");
    encoder.finish().expect("gzip")
}

fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(bytes).read_to_string(&mut text).expect("gunzip");
    text
}

/// A short connection from outside, its answer, and a refused one; 2023-11-14 22:13:20 is 1700000000.
fn packets() -> Vec<(u64, Vec<u8>)> {
    let (client, server) = ("203.0.113.7:40000", "10.0.0.5:80");
    let t = 1_700_000_000_000;
    vec![
        (t, tcp(client, server, SYN, 0)),
        (t + 10, arp()),
        (t + 20, tcp(server, client, SYN | ACK, 0)),
        (t + 30, tcp(client, server, ACK, 100)),
        (t + 1040, tcp(server, client, ACK, 1000)),
        (t + 2050, tcp(client, server, FIN | ACK, 0)),
        (t + 3000, tcp("203.0.113.7:40001", "10.0.0.5:22", SYN, 0)),
        (t + 3001, tcp("10.0.0.5:22", "203.0.113.7:40001", RST | ACK, 0)),
        (t + 20_500, udp("[2001:db8::7]:53", "[fd00::5]:5353", 12)),
    ]
}

const FORMAT: &str = "${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${tcp-flags} ${flow-direction}";

#[test]
fn packets_become_records() {
    let lab = Lab::new();
    lab.write("trace.pcap", capture(&packets()));
    let said = lab.weir(&["convert", "trace.pcap", "-", "--format", FORMAT, "--interval", "60"]);
    let out = "\
srcaddr dstaddr srcport dstport protocol packets bytes start end action tcp-flags flow-direction
203.0.113.7 10.0.0.5 40000 80 6 3 220 1700000000 1700000002 ACCEPT 3 ingress
10.0.0.5 203.0.113.7 80 40000 6 2 1080 1700000000 1700000001 ACCEPT 18 egress
203.0.113.7 10.0.0.5 40001 22 6 1 40 1700000003 1700000003 ACCEPT 2 ingress
10.0.0.5 203.0.113.7 22 40001 6 1 40 1700000003 1700000003 ACCEPT 4 egress
2001:db8::7 fd00::5 53 5353 17 1 60 1700000020 1700000020 ACCEPT 0 ingress
";
    let err = "\
weir: 5 records from 8 packets
weir: 1 frames are in no record: 1 not IP: EtherType 0x0806 (ARP)
";
    said.ended(0, out, err);
}

#[test]
fn local_nets_and_ids_are_as_told() {
    let lab = Lab::new();
    lab.write("trace.pcap.gz", gzip(capture(&packets()[..1])));
    let flags =
        ["convert", "trace.pcap.gz", "out.log.gz", "--local-net", "203.0.113.0/24", "--account", "000000000042"];
    let format = ["--interface-id", "eni-lab", "--region", "eu-west-1", "--format"];
    let format = [&flags[..], &format, &["${account-id} ${interface-id} ${region} ${flow-direction}"]].concat();
    lab.weir(&format).ended(0, "", "weir: 1 records from 1 packets\n");
    let records = "account-id interface-id region flow-direction\n000000000042 eni-lab eu-west-1 egress\n";
    assert_eq!(gunzip(&lab.read("out.log.gz")), records);
    assert_eq!(lab.names(""), ["out.log.gz", "trace.pcap.gz"]);
}

#[test]
fn a_capture_cut_in_a_packet_gives_the_packets_before() {
    let lab = Lab::new();
    let mut file = capture(&packets());
    file.truncate(file.len() - 30);
    lab.write("cut.pcap", &file);
    let said = lab.weir(&["convert", "cut.pcap", "-", "--format", "${srcaddr} ${packets}"]);
    let out = "srcaddr packets\n203.0.113.7 3\n10.0.0.5 2\n203.0.113.7 1\n10.0.0.5 1\n";
    let err = "\
weir: cut.pcap: at byte 1672 of the capture: the file ends inside a frame of 90 bytes, after 60
weir: 4 records from 7 packets
weir: 1 frames are in no record: 1 not IP: EtherType 0x0806 (ARP)
";
    said.ended(3, out, err);
}

const NETWORK: &str = r#"
[[security-group]]
id = "sg-web"
egress = []

[[security-group.ingress]]
protocol = "tcp"
ports = 80
source = "0.0.0.0/0"
"#;

#[test]
fn a_security_group_judges_the_packets() {
    let lab = Lab::new();
    lab.write("trace.pcap", capture(&packets()));
    lab.write("network.toml", NETWORK);
    let format = "${srcaddr} ${srcport} ${dstport} ${packets} ${action}";
    let said = lab.weir(&["convert", "trace.pcap", "-", "--security-group", "network.toml", "--format", format]);
    let out = "\
srcaddr srcport dstport packets action
203.0.113.7 40000 80 3 ACCEPT
10.0.0.5 80 40000 2 ACCEPT
203.0.113.7 40001 22 1 REJECT
10.0.0.5 22 40001 1 REJECT
2001:db8::7 53 5353 1 REJECT
";
    assert_eq!((said.code, said.out.as_str()), (0, out), "{}", said.err);
}

#[test]
fn records_pass_through_every_format_and_back() {
    let lab = Lab::new();
    lab.write("examples.log.gz", gzip(EXAMPLES));
    lab.weir(&["convert", "examples.log.gz", "-"]).is(EXAMPLES);
    for end in ["parquet", "json", "json.gz", "jsonl.zst", "log", "txt.zst", "log.gz"] {
        let file = format!("out.{end}");
        lab.weir(&["convert", "examples.log.gz", &file]).is("");
        lab.weir(&["convert", &file, "-"]).is(EXAMPLES);
    }
    let said = lab.weir(&["convert", "examples.log.gz", "-", "--to", "cef"]);
    assert_eq!((said.code, said.err.as_str(), said.out.lines().count()), (0, "", 5));
    let said = lab.weir(&["convert", "examples.log.gz", "out.ocsf.json"]);
    said.is("");
    let ocsf = String::from_utf8(lab.read("out.ocsf.json")).expect("UTF-8");
    for line in ocsf.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(event["class_uid"], 4001);
    }
}

#[test]
fn standard_input_may_be_anything() {
    let lab = Lab::new();
    lab.weir_with(&["convert", "-", "-"], &[], EXAMPLES.as_bytes()).is(EXAMPLES);
    lab.write("examples.log", EXAMPLES);
    lab.weir(&["convert", "examples.log", "examples.parquet"]).is("");
    lab.weir_with(&["convert", "-", "-"], &[], &lab.read("examples.parquet")).is(EXAMPLES);
    let said = lab.weir_with(&["convert", "-", "-", "--format", "${dstport}"], &[], &capture(&packets()[..1]));
    said.ended(0, "dstport\n80\n", "weir: 1 records from 1 packets\n");
    let said = lab.weir(&["convert", "-", "-", "out.log"]);
    said.ended(2, "", "weir: standard input can be read once only\n");
}

#[test]
fn a_format_picks_fields_and_fits_files_together() {
    let lab = Lab::new();
    lab.write("old.log", "version srcaddr bytes\n2 10.0.0.1 100\n");
    lab.write("new.log", "bytes tcp-flags srcaddr version\n200 2 10.0.0.2 3\n");
    let format = ["--format", "${version} ${tcp-flags} ${bytes} ${srcaddr}"];
    let said = lab.weir(&[&["convert", "old.log", "new.log", "-"][..], &format].concat());
    said.is("version tcp-flags bytes srcaddr\n3 - 100 10.0.0.1\n3 2 200 10.0.0.2\n");
    let said = lab.weir(&["convert", "old.log", "new.log", "-"]);
    let problem =
        "weir: new.log has the field tcp-flags, which old.log has not; name the fields to write with --format\n";
    said.ended(1, "", problem);
    assert_eq!(lab.weir(&["convert", "old.log", "new.log", "out.log"]).code, 1);
    assert_eq!(lab.names(""), ["new.log", "old.log"]);
}

#[test]
fn bad_lines_are_counted_and_the_rest_is_read() {
    let lab = Lab::new();
    let long = "x".repeat(1 << 20);
    lab.write("bad.log", format!("srcaddr bytes\n10.0.0.1 1\n10.0.0.2 many\n{long}\n10.0.0.3 3 3\n10.0.0.4 4\n"));
    let said = lab.weir(&["convert", "bad.log", "-"]);
    assert_eq!((said.code, said.out.as_str()), (3, "srcaddr bytes\n10.0.0.1 1\n10.0.0.4 4\n"));
    let lines: Vec<&str> = said.err.lines().collect();
    assert_eq!(lines.len(), 4, "{}", said.err);
    assert_eq!(lines[0], "weir: 5 records, 3 refused");
    assert!(lines[1].starts_with("  bad.log, line 3, column 10: "), "{}", lines[1]);
    assert!(lines[2].starts_with("  bad.log, line 4, column "), "{}", lines[2]);
    assert!(lines[3].starts_with("  bad.log, line 5, column "), "{}", lines[3]);
    assert!(said.err.len() < 1000, "a long line is not repeated in full");
}

#[test]
fn what_cannot_be_read_gets_a_sentence() {
    let lab = Lab::new();
    lab.write("noise.bin", (0..4096u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect::<Vec<_>>());
    let said = lab.weir(&["convert", "noise.bin", "out.parquet"]);
    assert_eq!((said.code, said.out.as_str(), said.err.lines().count()), (1, "", 1), "{}", said.err);
    assert!(said.err.starts_with("weir: noise.bin: "), "{}", said.err);

    let said = lab.weir(&["convert", "absent.log", "out.log"]);
    said.ended(1, "", "weir: absent.log: cannot open: No such file or directory (os error 2)\n");
    lab.write("folder/a.log", EXAMPLES);
    let said = lab.weir(&["convert", "folder", "out.log"]);
    said.ended(1, "", "weir: folder: cannot open: it is a directory; name the files in it\n");
    let said = lab.weir(&["convert", "folder/a.log", "out"]);
    let problem = "weir: out: the name does not say what to write; end it in .log.gz, .parquet, .json, .cef or .ocsf.json, or give --to\n";
    said.ended(2, "", problem);
    let said = lab.weir(&["convert", "folder/a.log", "noise.bin/out.log"]);
    said.ended(1, "", "weir: noise.bin/out.log: cannot write there: Not a directory (os error 20)\n");
    let said = lab.weir(&["convert", "folder/a.log", "folder"]);
    said.ended(2, "", "weir: folder: it is a directory; name the file to write\n");
    assert_eq!(lab.names(""), ["folder", "noise.bin"]);
}

#[test]
fn a_cut_gzip_gives_the_lines_before() {
    let lab = Lab::new();
    let mut object = gzip(EXAMPLES.repeat(200));
    object.truncate(object.len() - 20);
    lab.write("cut.log.gz", object);
    let said = lab.weir(&["convert", "cut.log.gz", "-"]);
    assert_eq!(said.code, 3, "{}", said.err);
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(lines.len() > 5);
    let examples: Vec<&str> = EXAMPLES.lines().collect();
    assert!(lines[1..].iter().all(|line| examples.contains(line)), "half a line passed for a record");
    assert!(said.err.contains("cut.log.gz"), "{}", said.err);
}

#[test]
fn a_cut_parquet_file_is_said_to_be_one() {
    let lab = Lab::new();
    lab.write("examples.log", EXAMPLES);
    lab.weir(&["convert", "examples.log", "whole.parquet"]).is("");
    let whole = lab.read("whole.parquet");
    lab.write("cut.parquet", &whole[..whole.len() / 2]);
    let said = lab.weir(&["convert", "cut.parquet", "out.log"]);
    assert_eq!((said.code, said.out.as_str(), said.err.lines().count()), (1, "", 1), "{}", said.err);
    assert!(said.err.starts_with("weir: cut.parquet: "), "{}", said.err);
    assert_eq!(lab.names(""), ["cut.parquet", "examples.log", "whole.parquet"]);
}
