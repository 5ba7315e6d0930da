use proptest::prelude::*;

use super::*;

const EXAMPLE: &str = "123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz";

fn prefix(folder: &str, hive: bool, hours: bool) -> KeyPrefix {
    let layout = Layout { hive_compatible_partitions: hive, per_hour_partition: hours };
    KeyPrefix::new(folder, "123456789012", "us-east-1", layout).expect("valid")
}

/// 2018-06-20T16:23:45Z, which lies in the publish interval of 16:20.
const TIME: i64 = 1_529_511_825;

#[test]
fn keys_are_laid_out_as_aws_documents() {
    let key = |folder, hive, hours| {
        prefix(folder, hive, hours)
            .key("fl-1234abcd", TIME, 0xfe12_3456, FileFormat::PlainText)
            .expect("valid")
            .to_string()
    };
    let plain = "AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/";
    assert_eq!(key("", false, false), format!("{plain}{EXAMPLE}"));
    assert_eq!(key("", false, true), format!("{plain}16/{EXAMPLE}"));
    let hive =
        "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2018/month=06/day=20/";
    assert_eq!(key("", true, false), format!("{hive}{EXAMPLE}"));
    assert_eq!(key("logs/all/", true, true), format!("logs/all/{hive}hour=16/{EXAMPLE}"));
}

#[test]
fn prefixes_to_list_end_where_asked() {
    let place = prefix("logs", true, true);
    let region = "logs/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/";
    assert_eq!(place.all(), region);
    assert_eq!(place.day(TIME), format!("{region}year=2018/month=06/day=20/"));
    assert_eq!(place.partition(TIME), format!("{region}year=2018/month=06/day=20/hour=16/"));
    assert_eq!(prefix("", false, false).partition(TIME), "AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/");
}

#[test]
fn time_is_floored_to_five_minutes() {
    assert_eq!(publish_interval(1_529_511_600), 1_529_511_600);
    assert_eq!(publish_interval(1_529_511_899), 1_529_511_600);
    assert_eq!(publish_interval(-1), -300);
    let key = prefix("", false, false).key("fl-1", TIME, 0, FileFormat::Parquet).expect("valid");
    assert_eq!(key.time(), 1_529_511_600);
    // the last second of a day stays in its day, the next second does not
    let name = |time| prefix("", false, true).key("fl-1", time, 0, FileFormat::Json).expect("valid").to_string();
    assert!(name(1_529_539_199).contains("/2018/06/20/23/") && name(1_529_539_199).contains("20180620T2355Z"));
    assert!(name(1_529_539_200).contains("/2018/06/21/00/") && name(1_529_539_200).contains("20180621T0000Z"));
}

#[test]
fn every_format_has_its_suffix() {
    for format in FileFormat::ALL {
        let key = prefix("", false, false).key("fl-1", TIME, 1, format).expect("valid");
        assert!(key.to_string().ends_with(&format!("_00000001{}", format.suffix())));
        assert_eq!(key.to_string().parse(), Ok(key));
    }
}

#[test]
fn refusals_say_where_and_what() {
    let refused = |key: &str| key.parse::<ObjectKey>().expect_err(key);
    let dir = "AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/";
    let with_name = |name: &str| refused(&format!("{dir}{name}"));
    let at = |error: &KeyError| error.key.get(error.column - 1..).unwrap_or_default().to_owned();

    assert_eq!(refused("").column, 1);
    assert_eq!(refused(EXAMPLE).column, 1);
    assert_eq!(refused(&format!("logs/{EXAMPLE}")).column, 1);
    assert_eq!(at(&with_name("x.csv")), "x.csv");
    assert!(with_name("x.csv").problem.contains(".log.parquet"));
    assert!(at(&with_name(&EXAMPLE.replace("vpcflowlogs", "elb"))).starts_with("elb_"));
    assert!(at(&with_name(&EXAMPLE.replace("T1620Z", "T1621Z"))).starts_with("20180620T1621Z"));
    assert!(at(&with_name(&EXAMPLE.replace("20180620", "20180231"))).starts_with("20180231"));
    assert!(at(&with_name(&EXAMPLE.replace("fe123456", "FE123456"))).starts_with("FE123456"));
    assert!(at(&with_name(&EXAMPLE.replace("fe123456", "fe123456_x"))).starts_with("x.log"));
    assert_eq!(
        with_name(&EXAMPLE.replace("_fe123456", "")).problem.split(':').next(),
        Some("the name ends before its hash")
    );
    assert!(at(&with_name(&EXAMPLE.replacen("123456789012", "1234", 1))).starts_with("1234_"));

    // folder and name disagree
    let day = refused(&format!("AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/21/{EXAMPLE}"));
    assert!(at(&day).starts_with("21/"), "{day}");
    assert_eq!(day.problem, "folder `21` disagrees with the name, which belongs in `20`");
    let region = refused(&format!("AWSLogs/123456789012/vpcflowlogs/eu-west-1/2018/06/20/{EXAMPLE}"));
    assert!(at(&region).starts_with("eu-west-1/"));
    let hour = refused(&format!("{dir}15/{EXAMPLE}"));
    assert!(at(&hour).starts_with("15/"));
    let hive = refused(&format!("AWSLogs/aws-account-id=123456789012/vpcflowlogs/us-east-1/2018/06/20/{EXAMPLE}"));
    assert!(at(&hive).starts_with("vpcflowlogs/"));
    assert!(
        refused(&format!("AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/{EXAMPLE}")).problem.contains("missing")
    );
    assert!(refused(&format!("{dir}16/00/{EXAMPLE}")).problem.contains("one too many"));

    // what would escape the bucket's directory, or hide another root
    assert_eq!(refused(&format!("../{dir}{EXAMPLE}")).column, 1);
    assert!(at(&refused(&format!("a/../{dir}{EXAMPLE}"))).starts_with("../"));
    assert_eq!(refused(&format!("/{dir}{EXAMPLE}")).column, 1);
    let layout = Layout::default();
    assert!(KeyPrefix::new("a/AWSLogs", "123456789012", "us-east-1", layout).is_err());
    assert!(KeyPrefix::new("", "12345678901", "us-east-1", layout).is_err());
    assert!(KeyPrefix::new("", "123456789012", "us/east", layout).is_err());
    assert!(prefix("", false, false).key("fl_1", TIME, 0, FileFormat::Cef).is_err());
    assert!(prefix("", false, false).key("fl-1", i64::MAX, 0, FileFormat::Cef).is_err());
    assert!(prefix("", false, false).key("fl-1", i64::MIN + 300, 0, FileFormat::Cef).is_err());
}

#[test]
fn hidden_objects_are_those_of_hive() {
    assert!(is_hidden("_SUCCESS"));
    assert!(is_hidden(".DS_Store"));
    assert!(is_hidden("2018/_temporary/part-0.log.gz"));
    assert!(!is_hidden("2018/06/20/a_b.log.gz"));
}

proptest! {
    #[test]
    fn keys_round_trip(
        folder in "([a-z0-9=. _é-]{0,6}[a-z0-9]/){0,3}",
        account in "[0-9]{12}",
        region in "[a-z0-9-]{1,20}",
        flow_log_id in "fl-[0-9a-f]{8,17}",
        time in 0i64..253_402_300_800,
        hash: u32,
        hive: bool,
        hours: bool,
        format in 0usize..FileFormat::ALL.len(),
    ) {
        let layout = Layout { hive_compatible_partitions: hive, per_hour_partition: hours };
        let prefix = KeyPrefix::new(&folder, &account, &region, layout).expect("valid");
        let key = prefix.key(&flow_log_id, time, hash, FileFormat::ALL[format]).expect("valid");
        let text = key.to_string();
        prop_assert!(text.starts_with(&prefix.all()) && text.starts_with(&prefix.day(time)));
        prop_assert_eq!(&text, &format!("{}{}", prefix.partition(time), key.name()));
        prop_assert_eq!(text.parse(), Ok(key));
    }

    /// What parses is written back the same, and what does not says a column inside the key.
    #[test]
    fn parsing_accepts_only_what_is_written(text in r"(a/)?AWSLogs/(aws-account-id=)?1{11,12}/(aws-service=)?vpcflowlogs/(aws-region=)?r/(year=)?20[0-9]{2}/(month=)?0[1-3]/(day=)?[0-3][0-9]/((hour=)?0[0-2]/)?1{12}_vpcflowlogs_r_fl-a_20[0-9]{2}0[1-3][0-3][0-9]T0[0-2]0[05]Z_0000000[0-9a-fA-F](.log.gz|.json.gz|.ocsf.json.gz)") {
        match text.parse::<ObjectKey>() {
            Ok(key) => prop_assert_eq!(key.to_string(), text),
            Err(error) => prop_assert!((1..=text.len() + 1).contains(&error.column)),
        }
    }

    #[test]
    fn any_text_is_answered(text in ".{0,60}(AWSLogs/.{0,40}/.{0,60})?") {
        if let Err(error) = text.parse::<ObjectKey>() {
            prop_assert!((1..=text.len() + 1).contains(&error.column));
        }
    }
}
