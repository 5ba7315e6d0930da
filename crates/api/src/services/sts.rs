//! STS: who am I, and roles to take on.

use serde::{Deserialize, Serialize};

use crate::{ApiError, Call, Operation, ServiceName, Table, handle};

/// The table of STS.
pub fn table() -> Table<()> {
    Table { service: ServiceName::Sts, state: (), operations: OPERATIONS }
}

const OPERATIONS: &[Operation<()>] = &[
    Operation::new("GetCallerIdentity", handle!(get_caller_identity)),
    Operation::unsupported("DecodeAuthorizationMessage"),
];

#[derive(Deserialize)]
struct GetCallerIdentityInput {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetCallerIdentityOutput {
    user_id: String,
    account: String,
    arn: String,
}

fn get_caller_identity(_: &(), call: &Call, _: &GetCallerIdentityInput) -> Result<GetCallerIdentityOutput, ApiError> {
    let principal = &call.principal;
    Ok(GetCallerIdentityOutput {
        user_id: principal.user_id.clone(),
        account: call.account.clone(),
        arn: principal.arn.clone(),
    })
}
