//! Tables whose lines another SerDe than the plain delimited one takes apart.

use super::{World, gzip, run_file_with};

#[tokio::test]
async fn serdes_slt() {
    let world = World::new();
    world.put("serde/lookahead/x.log", b"#Version: 1.0\n#Fields: a b\nx 1\n#y 2\n");
    world.put(
        "serde/regex/x.log.gz",
        &gzip(b"Nov 22 fw: IN=eth0 SRC=10.0.0.1 DPT=22 len 60\nno firewall line\nNov 23 fw: IN=eth1 SRC=10.0.0.2 DPT=none len 1500\r\n\n"),
    );
    let csv = "srcaddr,dstport,note,at,day\n\"10.0.0.1\",\"22\",\"a \"\"b\"\", c\",\"1479000000123\",\"17110\"\n10.0.0.2,443,a\\b \"c\" d\n";
    world.put("serde/csv/x.csv", csv.as_bytes());
    world.put("serde/csv-bad/x.csv", b"10.0.0.1,22\n10.0.0.2,-\n");
    world.put("serde/csv-flow/x.log", b"2 1 eni-1 10.0.0.1\n2 1 eni-2 -\n");
    let json = "{\"SrcAddr\":\"10.0.0.1\",\"dstport\":22,\"bytes\":\"40\",\"accepted\":true,\"tags\":{\"a\":[1,2]},\"end.time\":\"2026-11-22 10:00:00\"}\n\n{\"srcaddr\":null,\"dstport\":\"-\",\"extra\":1}\n";
    world.put("serde/json/x.json", json.as_bytes());
    world.put("serde/json-bad/x.json", b"{\"srcaddr\":\"10.0.0.1\"}\nnot json\n{\"srcaddr\":\"10.0.0.3\"}\n");
    world.put("serde/escaped/x.txt", b"a\\|b|1\nNA|2\n\\NA|NA\n\\\\|3|4\n");
    run_file_with("serdes.slt", &world, None).await;
}
