//! The flow log that the settings of the program make: clients find it, and leave it alone.

use weir_network::{self as network, Destination, IdKind};

use super::{FlowLog, Inner, Options};
use crate::{
    ApiError,
    services::ec2::{Ec2, place::Place, state::State},
};

impl Ec2 {
    /// Shows clients the flow log that is recorded by the settings, as one of the default VPC of its region, which this
    /// host's interfaces are in. Those of earlier settings go; without one now there is none.
    ///
    /// # Errors
    /// When the catalogue refuses.
    pub fn show_own_flow_log(&self, own: Option<&network::FlowLog>, now: i64) -> Result<(), ApiError> {
        let account = self.account().to_owned();
        let place = |region: &str| Place { account: account.clone(), region: region.to_owned(), now };
        let is_gone = |log: &FlowLog| log.is_own() && own.is_none_or(|own| own.id != log.flow_log_id);
        for (region, state) in self.states() {
            for id in state.flow_logs.ids(is_gone) {
                self.change_at(&place(&region), |state| {
                    state.remove::<FlowLog>(&id);
                    Ok(())
                })?;
            }
        }
        let Some(own) = own else { return Ok(()) };
        let place = place(&own.region);
        self.change_at(&place, |state| {
            if !state.flow_logs.contains(&own.id) {
                state.flow_logs.insert(&own.id, FlowLog::own(own, &place));
            }
            Ok(())
        })
    }
}

impl FlowLog {
    fn own(own: &network::FlowLog, place: &Place) -> Self {
        let (log_destination, log_group_name, destination_options) = match &own.destination {
            Destination::Bucket { bucket, folder, options } => {
                let folder = if folder.is_empty() { String::new() } else { format!("/{folder}/") };
                (Some(format!("arn:aws:s3:::{bucket}{folder}")), None, Some(Options::from(*options)))
            }
            Destination::LogGroup { log_group } => (None, Some(log_group.clone()), None),
        };
        Self {
            flow_log_id: own.id.clone(),
            resource_id: IdKind::Vpc.derive(&[&place.account, &place.region]),
            creation_time: place.now,
            flow_log_status: "ACTIVE".to_owned(),
            traffic_type: own.traffic_type,
            log_destination_type: if log_destination.is_some() { "s3" } else { "cloud-watch-logs" }.to_owned(),
            log_destination,
            log_group_name,
            deliver_logs_permission_arn: None,
            deliver_cross_account_role: None,
            log_format: own.log_format.clone(),
            max_aggregation_interval: own.max_aggregation_interval,
            destination_options,
            private: Inner { client_token: None, is_own: true },
        }
    }
}

/// Refuses to take away what only the settings can.
pub(super) fn check_deletable(state: &State, id: &str) -> Result<(), ApiError> {
    if state.flow_logs.find(id)?.is_own() {
        let text = format!("{id} is the flow log of `weir up` itself: it ends when that runs with --capture off.");
        return Err(ApiError::new("OperationNotPermitted", text));
    }
    Ok(())
}
