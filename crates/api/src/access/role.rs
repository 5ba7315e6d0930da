//! Roles: who may take one on, who may hand one to a service, and what a service may do with it.

use super::{
    Access, Context,
    decide::Asked,
    directory::Role,
    policy::{self, Caller, Limits, Question},
};
use crate::{Call, Refusal};

/// Why a service cannot work with a role. A flow log whose role is so has the error "Access error".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleProblem {
    /// There is no such role in the account.
    #[error("there is no role {0}: create it, or name another one")]
    Unknown(String),
    /// Its trust policy does not let the service take it on.
    #[error(
        "the trust policy of {role} does not allow {service} to assume it: add the service as a principal of sts:AssumeRole"
    )]
    NotTrusted {
        /// The ARN of the role.
        role: String,
        /// Such as `vpc-flow-logs.amazonaws.com`.
        service: String,
    },
    /// Its policies do not allow an action.
    #[error("{role} may not perform {action} on {resource}: add it to a policy of the role")]
    NotAllowed {
        /// The ARN of the role.
        role: String,
        /// Such as `logs:PutLogEvents`.
        action: String,
        /// The ARN of the resource.
        resource: String,
    },
}

/// What the delivery of flow logs to a log group does there. Source: "IAM role for publishing flow logs to CloudWatch Logs"
/// in the VPC user guide.
pub const FLOW_LOG_ACTIONS: [&str; 3] = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];

impl Access {
    /// Whether a service may take on a role and do all of this with it. Of an `Access` that is off, every service may.
    ///
    /// `context` is what the service says of the call: `aws:SourceAccount`, `aws:SourceArn`.
    ///
    /// # Errors
    /// There is no such role, it does not trust the service, or one of the actions is not allowed.
    pub fn assume_role_allows(
        &self,
        role_arn: &str,
        service: &str,
        actions: &[&str],
        resource: &str,
        context: &Context,
    ) -> Result<(), RoleProblem> {
        if !self.is_on() {
            return Ok(());
        }
        let state = self.directory().read();
        let role = state.roles.values().find(|role| role.identity.arn == role_arn);
        let role = role.ok_or_else(|| RoleProblem::Unknown(role_arn.to_owned()))?;
        let trust =
            Question { caller: Caller::Service(service), action: "sts:AssumeRole", resource: role_arn, context };
        if !role.trust.policy().grants(&trust) {
            return Err(RoleProblem::NotTrusted { role: role_arn.to_owned(), service: service.to_owned() });
        }
        let name = &role.identity.name;
        let session = format!("arn:aws:sts::{}:assumed-role/{name}/{service}", self.account());
        let limits = Limits {
            identity: state.policies_of(&role.identity).collect(),
            boundary: role.identity.boundary.as_ref().and_then(|arn| state.policy(arn)).and_then(|p| p.policy()),
            ..Limits::default()
        };
        let caller = Caller::Aws { account: self.account(), arn: &session, role: Some(role_arn) };
        let is_refused =
            |action: &&&str| policy::decide(&Question { caller, action, resource, context }, &limits).is_err();
        match actions.iter().find(is_refused) {
            None => Ok(()),
            Some(action) => Err(RoleProblem::NotAllowed {
                role: role_arn.to_owned(),
                action: (*action).to_owned(),
                resource: resource.to_owned(),
            }),
        }
    }

    /// Whether the caller may take on a role: its trust policy must name them or their account, and if it is the account,
    /// their own policies must allow it. Unlike on AWS, the account itself may too, if the role trusts the account.
    pub(crate) fn may_assume(&self, call: &Call, role: &Role, action: &str, context: Context) -> Result<(), Refusal> {
        let resource = &role.identity.arn;
        let may = |context: &Context| {
            let state = self.directory().read();
            let session = self.sessions().get(&call.principal.access_key);
            let asked = Asked { call, action, resource, context };
            let trust = role.trust.policy();
            let own_role = self.role_arn(&state, session.as_deref());
            trust.grants_account(&asked.question(own_role))
                && self.decide(&asked, &state, session.as_deref(), &[trust]).is_ok()
        };
        let context = self.with_caller(context, call);
        if !self.is_on() || may(&context) {
            return Ok(());
        }
        let user = &call.principal.arn;
        Err(Refusal::Denied(format!("User: {user} is not authorized to perform: {action} on resource: {resource}")))
    }

    /// Whether the caller may hand a role to a service (`iam:PassRole`).
    ///
    /// # Errors
    /// They may not; the text says what is missing.
    pub fn may_pass_role(&self, call: &Call, role_arn: &str, service: &str) -> Result<(), Refusal> {
        let context = Context::of(call).with("iam:PassedToService", service);
        self.authorize_in(call, "iam:PassRole", &[role_arn.to_owned()], context)
    }
}
