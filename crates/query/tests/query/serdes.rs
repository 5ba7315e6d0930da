//! Tables whose lines another SerDe than the plain delimited one takes apart.

use std::sync::Arc;

use weir_query::Copies;

use super::{World, gzip, run_file_with};

/// A world with objects for each SerDe.
fn world() -> World {
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
    world
}

#[tokio::test]
async fn serdes_slt() {
    run_file_with("serdes.slt", &world(), None).await;
}

#[tokio::test]
async fn copies_of_such_tables_answer_the_same() {
    let world = world();
    let folder = world.folder.path().join("copies");
    let copies = Arc::new(Copies::open(&folder, 1 << 30).unwrap());
    run_file_with("serdes.slt", &world, Some(copies)).await;
    assert!(std::fs::read_dir(folder).unwrap().count() > 3);
}

#[tokio::test]
async fn types_slt() {
    let world = World::new();
    let first = r#"{"id":1,"amount":"12.3","code":"ab","name":"n","tags":["x","y"],"counts":{"a":1,"b":"2"},"flow":{"SrcAddr":"10.0.0.1","ports":[22,"443"],"end":{"at":"2026-11-22 10:00:00"}}}"#;
    let others = r#"{"id":2,"amount":"much","flow":{"ports":["none",80],"end":"never"}}
{"id":3,"amount":1,"counts":{},"flow":7}"#;
    world.put("types/json/x.json", format!("{first}\n{others}\n").as_bytes());
    world.put("types/text/x.txt", b"1|1,x,3|k:v,l:w|5,x\n2|\\N|\\N|\\N\n3||||\n");
    run_file_with("types.slt", &world, None).await;
}
