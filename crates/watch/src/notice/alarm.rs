//! What an alarm sends: JSON for programs, and a text that a person can read at three in the morning.

mod facts;

use std::fmt::Write as _;

use chrono::DateTime;

use crate::{
    alarm::{AlarmNotice, MOST_LINES},
    topic::{Message, SIZE_LIMIT},
};

/// How long the lines of records may be; the next one when a notice is too long for a message.
const LINE_LIMITS: [usize; 4] = [1000, 400, 100, 0];
/// Where values begin in a list of facts.
const COLUMN: usize = 29;

/// The message of an alarm. `link` leads to the alarm.
///
/// # Errors
/// None of these values refuses to be JSON; a caller may pass the error on.
pub fn alarm_message(notice: &AlarmNotice, link: Option<&str>) -> Result<Message, serde_json::Error> {
    let mut message = Message::default();
    for limit in LINE_LIMITS {
        let cut = AlarmNotice { offending_lines: cut(notice, limit), ..notice.clone() };
        message = Message::for_machines_and_people(cut.subject(), &cut.message()?, &alarm_mail(&cut, link));
        if message.size() <= SIZE_LIMIT {
            break;
        }
    }
    Ok(message)
}

/// Lines that say so when they were longer.
fn cut(notice: &AlarmNotice, limit: usize) -> Option<Vec<String>> {
    let cut = |line: &String| match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.clone(),
    };
    notice.offending_lines.as_ref().map(|lines| lines.iter().take(MOST_LINES).map(cut).collect())
}

/// The text of an alarm's mail: first what is wrong, then everything that is known.
pub fn alarm_mail(notice: &AlarmNotice, link: Option<&str>) -> String {
    let mut text = Text::default();
    text.line(&opening(notice));
    text.section("", &facts::summary(notice, &long_time(&notice.state_change_time)));
    if let Some(lines) = notice.offending_lines.as_ref().filter(|lines| !lines.is_empty()) {
        text.heading(&format!("Offending Records ({}):", lines.len()));
        lines.iter().for_each(|line| text.line(&visible(line)));
    }
    if let Some(link) = link {
        text.heading("View this alarm:");
        text.line(link);
    }
    text.section("Alarm Details:", &facts::details(notice, &long_time(&notice.state_change_time)));
    text.section("Threshold:", &facts::threshold(notice));
    text.section("Monitored Metric:", &facts::watched(notice));
    text.section("Triggering Alarms:", &facts::children(notice));
    text.section("State Change Actions:", &facts::actions(notice));
    text.0
}

fn opening(notice: &AlarmNotice) -> String {
    let (name, region, state) = (&notice.alarm_name, &notice.region, notice.new_state_value);
    let (reason, time) = (&notice.new_state_reason, long_time(&notice.state_change_time));
    format!(
        "Alarm \"{name}\" in the {region} region has entered the {state} state, because \"{reason}\" at \"{time}\"."
    )
}

/// `Monday 05 August, 2019 17:04:03 UTC` from `2019-08-05T17:04:03.000+0000`.
fn long_time(iso: &str) -> String {
    match DateTime::parse_from_str(iso, "%Y-%m-%dT%H:%M:%S%.f%z") {
        Ok(time) => time.to_utc().format("%A %d %B, %Y %H:%M:%S UTC").to_string(),
        Err(_) => iso.to_owned(),
    }
}

/// Records come from the network: what could play with a reader's screen is shown as a dot.
fn visible(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() && letter != '\t' { '·' } else { letter }).collect()
}

/// A text in sections.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn heading(&mut self, heading: &str) {
        self.line("");
        self.line(heading);
    }

    /// Nothing at all without facts.
    fn section(&mut self, heading: &str, facts: &[(&str, String)]) {
        match (facts.is_empty(), heading.is_empty()) {
            (true, _) => return,
            (false, true) => self.line(""),
            (false, false) => self.heading(heading),
        }
        for (name, value) in facts {
            let name = if name.is_empty() { String::new() } else { format!("{name}:") };
            // Writing to a text never fails.
            let _ = match name.is_empty() {
                true => writeln!(self.0, "- {}", visible(value)),
                false => writeln!(self.0, "- {name:COLUMN$}{}", visible(value)),
            };
        }
    }
}
