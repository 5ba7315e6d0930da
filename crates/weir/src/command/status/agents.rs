//! Further hosts, in what `weir status` says to people.

use super::{columns, enforcement_lines};
use crate::{report::AgentReport, settings::Bytes};

/// A table, and a line for each thing that someone should look at.
pub(super) fn lines(agents: &[AgentReport]) -> Vec<String> {
    let heading = ["host", "id", "", "version", "interfaces", "records", "waiting", "lost"];
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(agents.iter().map(row));
    let mut lines = columns(&rows, 4);
    lines.extend(agents.iter().flat_map(remarks));
    lines
}

fn row(agent: &AgentReport) -> [String; 8] {
    let recorded = agent.said.interfaces.iter().filter(|interface| interface.recording).count();
    [
        agent.name.clone(),
        agent.id.clone(),
        if agent.connected { String::new() } else { "away".to_owned() },
        agent.version.clone(),
        recorded.to_string(),
        agent.records.to_string(),
        agent.said.spooled.records.to_string(),
        agent.said.lost.records.to_string(),
    ]
}

fn remarks(agent: &AgentReport) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut remark = |text: String| remarks.push(format!("{}: {text}", agent.name));
    if let Some(reason) = &agent.said.not_recording {
        remark(format!("not recording: {reason}"));
    }
    if let Some(reason) = &agent.said.refused {
        remark(reason.clone());
    }
    if agent.clock_differs {
        let (seconds, way) = (agent.clock_offset_ms.unsigned_abs() as f64 / 1000.0, way(agent.clock_offset_ms));
        remark(format!("its clock is {seconds:.1} s {way} ours; its records have its times"));
    }
    if let Some(enforcement) = &agent.said.enforcement {
        enforcement_lines(enforcement, "weir-agent confirm").into_iter().for_each(&mut remark);
    }
    if agent.said.lost.records > 0 {
        remark(format!("{} records were dropped there and are SKIPDATA", agent.said.lost.records));
    }
    if !agent.connected && agent.said.spooled.bytes > 0 {
        remark(format!("had {} on its disk when it was heard of last", Bytes(agent.said.spooled.bytes)));
    }
    remarks
}

fn way(offset_ms: i64) -> &'static str {
    if offset_ms < 0 { "behind" } else { "ahead of" }
}
