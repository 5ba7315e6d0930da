//! The table of settings: every setting is declared here once.
//!
//! The command line, the environment, the file, `weir config` and the page of the guide all read this
//! table. Of a setting named `file-format` the flag is `--file-format`, the environment variable
//! `WEIR_FILE_FORMAT`, and the key in the file `file-format`. The file is read first, then the
//! environment, then the flags; the last one that says something wins.

mod layers;
mod page;
mod value;

use std::{net::SocketAddr, path::PathBuf};

use weir_enforce::OnExit;
use weir_host::SideChoice;
use weir_network::AggregationInterval;
use weir_record::{FileFormat, Format};

pub use layers::{DEFAULT_FILE, Layers};
pub use page::markdown;
pub use value::{Account, Auth, Bytes, CaptureChoice, LogGroupChoice, Output, RelayUrl, Shape, Words};

/// A command that a setting can belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Up,
    Query,
    Convert,
    Explain,
    Propose,
    Status,
    Confirm,
    Detach,
    Token,
    Env,
    Attach,
}

/// One row of the table.
pub struct Setting {
    /// Name: the flag without its dashes, and the key in the file.
    pub key: &'static str,
    /// How the value is called in help.
    pub value_name: &'static str,
    /// What a value looks like.
    pub shape: Shape,
    /// The value when nothing is said; `None` when `help` tells what happens then.
    pub default: Option<&'static str>,
    /// The commands that have the flag. The file and the environment may set it for all.
    pub commands: &'static [Command],
    /// What it does, one or two sentences.
    pub help: &'static str,
}

impl Setting {
    /// The environment variable, such as `WEIR_FILE_FORMAT`.
    pub fn variable(&self) -> String {
        format!("WEIR_{}", self.key.replace('-', "_").to_uppercase())
    }
}

macro_rules! settings {
    ($($name:ident: $type:ty, $key:literal, $value_name:literal, $default:expr, [$($command:ident),+], $help:literal;)+) => {
        /// What was said, as values that need no further check.
        #[derive(Debug, Clone)]
        pub struct Settings {
            $(#[doc = $help] pub $name: $type,)+
        }

        /// Every setting.
        pub static TABLE: &[Setting] = &[$(Setting {
            key: $key,
            value_name: $value_name,
            shape: <$type as Words>::SHAPE,
            default: $default,
            commands: &[$(Command::$command),+],
            help: $help,
        }),+];

        impl Settings {
            /// Reads the values out of the layers.
            ///
            /// # Errors
            /// The first value that does not fit, with where it was said.
            pub fn resolve(layers: &Layers) -> anyhow::Result<Self> {
                Ok(Self { $($name: layers.value::<$type>($key)?,)+ })
            }
        }
    };
}

settings! {
    data: PathBuf, "data", "DIRECTORY", Some("./weir-data"), [Up, Query, Explain, Propose, Token, Env],
        "Where everything is kept: buckets, what waits for delivery, the catalogue of tables";
    listen: SocketAddr, "listen", "ADDRESS", Some("127.0.0.1:4780"), [Up, Status, Confirm, Detach, Env, Attach],
        "Address and port on which `weir up` answers AWS clients and `weir status` asks";
    tls_cert: Option<PathBuf>, "tls-cert", "FILE", None, [Up, Status, Confirm, Detach, Env, Attach],
        "Certificate of the listener, followed by those that vouch for it, in PEM. The listener then speaks HTTPS, and HTTPS only. Read again when it changes";
    tls_key: Option<PathBuf>, "tls-key", "FILE", None, [Up],
        "Private key of the certificate, in PEM";
    allow_plain_http: bool, "allow-plain-http", "BOOLEAN", Some("false"), [Up],
        "Listen on an address beyond loopback without TLS: whoever is on the way may then read what AWS clients send";
    auth: Auth, "auth", "CHOICE", Some("on"), [Up],
        "Whether signatures of AWS clients are checked: on, or off for a listener on a loopback address, where any access key may then do everything";
    console_session: u64, "console-session", "SECONDS", Some("43200"), [Up],
        "How long somebody who signed in to the console stays signed in";
    geoip: Vec<String>, "geoip", "FILE", None, [Up],
        "Database files in the MaxMind DB format, such as GeoLite2-City.mmdb and GeoLite2-ASN.mmdb: the console shows country and network of public addresses, and records that have src-geoip and dst-geoip say their countries. Read anew when they change. Without it: none";
    audit_group: LogGroupChoice, "audit-group", "NAME", Some("/weir/audit"), [Up],
        "Log group that says who asked for what, and whether it was allowed; none for no log group. Nothing is written with --auth off";
    join_listen: Option<SocketAddr>, "join-listen", "ADDRESS", None, [Up],
        "Address and port on which agents of further hosts join and send, over HTTPS. Without it: none may";
    interface: Vec<String>, "interface", "NAME", None, [Up],
        "Interfaces to record; `NAME:guest` and `NAME:host` give the side of one. Without it: every interface that is up, also those that come later, except loopback";
    side: SideChoice, "side", "SIDE", Some("host"), [Up],
        "Which end of the cable the devices are: host (the interface itself), guest (this host's end of a cable to a container, namespace or virtual machine: directions are turned around), or auto (guest for taps and for veths to another namespace that have no address)";
    container_socket: Vec<String>, "container-socket", "PATH", None, [Up],
        "Sockets of container engines with the API of Docker, asked for the names of containers at the other end of cables with side guest. Without it: those of Docker and Podman";
    capture: CaptureChoice, "capture", "TIER", Some("auto"), [Up],
        "How packets are seen: ebpf (counted in the kernel), packet (packet sockets), auto (eBPF if the kernel lets us, otherwise packet sockets), or off (nothing is recorded, only served)";
    network: Option<PathBuf>, "network", "FILE", None, [Up, Explain],
        "Network file: who may talk to whom. Records carry its ids, and the verdicts that it leads to where the kernel's cannot be observed. Read again when it changes";
    enforce: Vec<String>, "enforce", "NAME", None, [Up],
        "Interfaces on which the security groups and network ACLs of the network file are put in force, by nftables. Without it: none";
    confirm_within: u64, "confirm-within", "SECONDS", Some("60"), [Up],
        "How long rules that may lock you out wait for `weir confirm` before they are taken back";
    on_exit: OnExit, "on-exit", "WHAT", Some("keep"), [Up],
        "What becomes of rules in force when weir stops or dies: keep leaves them in force, open takes them away";
    agents_enforce: bool, "agents-enforce", "BOOLEAN", Some("true"), [Up],
        "Whether agents put the network file in force on the interfaces that their users named with --enforce; false takes the rules away on all of them";
    interval: AggregationInterval, "interval", "SECONDS", Some("60"), [Up, Convert],
        "The longest time that one record may stand for: 1, 10, 60 or 600 seconds";
    deliver_every_window: bool, "deliver-every-window", "BOOLEAN", Some("false"), [Up],
        "Deliver at the end of each interval, instead of every 5 minutes or 75 MB";
    log_group: LogGroupChoice, "log-group", "NAME", Some("/weir/flow-logs"), [Up],
        "Log group that records go to as well, within seconds of an interval's end; none for no log group";
    notify: Vec<String>, "notify", "ENDPOINT", None, [Up],
        "Who is to be told of alarms: an address such as ops@example.com, or the URL of an HTTP(S) endpoint. Each gets a request to confirm first";
    smtp_url: Option<RelayUrl>, "smtp-url", "URL", None, [Up],
        "Mail relay: smtp://user:password@host:587 (STARTTLS; ?tls=none for a relay on this host) or smtps://…. Without it mails wait";
    mail_from: String, "mail-from", "ADDRESS", Some("weir@localhost"), [Up],
        "Sender of mails";
    public_url: Option<String>, "public-url", "URL", None, [Up],
        "How subscribers reach the listener: what links in notices begin with. Without it: http://LISTEN, or https://LISTEN with --tls-cert";
    format: Option<Format>, "format", "FORMAT", None, [Up, Convert, Explain],
        "Fields of a record, in order, as AWS writes log formats: '${srcaddr} ${dstaddr} …'. Without it: the 14 fields of version 2, or for `weir convert` of records the fields that they have";
    file_format: FileFormat, "file-format", "FORMAT", Some("plain-text"), [Up],
        "Format of delivered objects";
    hive_compatible_partitions: bool, "hive-compatible-partitions", "BOOLEAN", Some("false"), [Up],
        "Write prefixes of objects as key=value";
    per_hour_partition: bool, "per-hour-partition", "BOOLEAN", Some("false"), [Up],
        "Give each hour its own prefix below that of the day";
    account: Account, "account", "ID", Some("123456789012"), [Up, Convert, Explain],
        "Account id in records and object keys, 12 digits";
    region: String, "region", "REGION", Some("us-east-1"), [Up, Convert, Explain, Env],
        "Region in records and object keys";
    max_flows: u64, "max-flows", "COUNT", Some("200000"), [Up, Convert],
        "Flows that one interface may hold in one interval; what is beyond is counted and becomes a SKIPDATA record";
    output: Option<Output>, "output", "FORMAT", None, [Query],
        "How an answer is written. Without it: a table on a terminal, otherwise CSV";
    skip_bad_objects: bool, "skip-bad-objects", "BOOLEAN", Some("false"), [Query, Explain, Propose],
        "Leave out objects that cannot be read, and say which, instead of stopping";
    threads: Option<u64>, "threads", "COUNT", None, [Up, Query, Explain, Propose],
        "Threads that a query uses. Without it: one for each processor";
    memory_limit: Option<Bytes>, "memory-limit", "SIZE", None, [Up, Query, Explain, Propose],
        "Memory that a query may use for sorting and grouping, such as 512MiB or 2GiB. Without it: no limit, but 512MiB for those of Logs Insights in a region of `weir up`";
    query_concurrency: Option<u64>, "query-concurrency", "COUNT", None, [Up],
        "Queries of AWS clients that run at a time, those of Athena and those of Logs Insights each; others wait. Without it: 4 and 2";
    query_time: Option<u64>, "query-time", "SECONDS", None, [Up],
        "How long a query of an AWS client may run. Without it: 1800 for Athena, 3600 for Logs Insights";
    columnar_copies: Option<Bytes>, "columnar-copies", "SIZE", None, [Up, Query],
        "Disk space, in DATA/copies, for columnar copies of the text objects that queries read, so that the next query need not inflate them; 0 for none. `weir up` makes them in the background, `weir query` after its answer. Without it: 4GiB for `weir up`, none for `weir query`";
    log: String, "log", "FILTER", Some("warn"), [Up, Query, Convert, Status, Explain, Propose, Confirm, Detach, Attach],
        "What the program says about itself on standard error: error, warn, info, debug or trace";
}

impl Settings {
    /// Whether somebody said who may talk to whom, or that it be put in force.
    pub fn enforces(&self) -> bool {
        self.network.is_some() || !self.enforce.is_empty()
    }
}
