//! `weir attach`: says which device of this host is a network interface that an AWS client made.

use anyhow::{Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::{Outcome, client, settings::Settings};

pub fn command() -> Command {
    Command::new("attach")
        .about("Make a device of this host the network interface that an AWS client created")
        .arg(Arg::new("eni").long("eni").value_name("ENI").required(true).help("The network interface, eni-…"))
        .arg(
            Arg::new("device")
                .long("interface")
                .value_name("NAME")
                .required_unless_present("detach")
                .conflicts_with("detach")
                .help("The device, such as veth1a2b3c"),
        )
        .arg(
            Arg::new("end").long("side").value_name("SIDE").default_value("host").value_parser(["host", "guest"]).help(
                "Which end of the cable the device is: host (the interface itself), or guest (this host's end of a \
                     cable to a container, namespace or virtual machine: directions are turned around)",
            ),
        )
        .arg(
            Arg::new("detach")
                .long("detach")
                .action(ArgAction::SetTrue)
                .help("Take the device of the network interface away again"),
        )
        .after_help(
            "\
Examples:
  weir attach --eni eni-0123456789abcdef0 --interface veth1a2b3c --side guest
  weir attach --eni eni-0123456789abcdef0 --detach

Records of the device then carry the ids of the network interface, its subnet, VPC and instance, and flow logs on any of
these cover it. With `weir up --enforce NAME` its security groups and network ACLs decide what passes.",
        )
}

pub fn run(matches: &ArgMatches, settings: &Settings) -> Result<Outcome> {
    let text = |name: &str| matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
    let path = match matches.get_flag("detach") {
        true => format!("/interfaces/detach?eni={}", text("eni")),
        false => format!("/interfaces/attach?eni={}&interface={}&side={}", text("eni"), text("device"), text("end")),
    };
    if path.contains(char::is_whitespace) {
        bail!("names of interfaces hold no spaces");
    }
    let answer = client::ask(settings, "POST", &path)?.ok_or_else(|| client::nothing_answers(settings.listen))?;
    let said = String::from_utf8_lossy(&answer.body).trim().to_owned();
    if !answer.is_good() {
        bail!("{said}");
    }
    println!("{said}");
    Ok(Outcome::Done)
}
