//! Whether a caller may do something: the policies that bear on it, found and asked.

use std::sync::{Arc, PoisonError};

use super::{
    Access, Context,
    directory::{Identity, State},
    policy::{self, Caller, Limits, Policy, PolicySource, Question, Reason},
    session::{Session, SessionOf},
};
use crate::{Call, Refusal};

/// Gives the policies of a resource, by its ARN: of a bucket, a topic, the log groups of an account.
pub type ResourcePolicies = Arc<dyn Fn(&str) -> Vec<Arc<Policy>> + Send + Sync>;

/// What the owner of a bucket may do whatever its policy says, so as not to be locked out. Source: S3's API reference.
const FOR_ROOT: [&str; 3] = ["s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"];

/// Whose policies a caller has.
enum Holder<'a> {
    Root,
    Identity(&'a Identity),
    /// Nobody, or somebody who was deleted.
    None,
}

impl Access {
    /// Makes known where the policies of a service's resources are. `service` is what stands in their ARNs, such as `sns`.
    pub fn guard(&self, service: &'static str, policies: ResourcePolicies) {
        self.resource_policies.write().unwrap_or_else(PoisonError::into_inner).insert(service, policies);
    }

    /// Whether the caller may do something to all of these resources.
    ///
    /// # Errors
    /// They may not; the text says what is missing.
    pub fn authorize(&self, call: &Call, action: &str, resources: &[String]) -> Result<(), Refusal> {
        self.authorize_in(call, action, resources, Context::of(call))
    }

    /// The same, where conditions may ask about more than [`Context::of`] has, such as `s3:prefix`.
    ///
    /// # Errors
    /// They may not; the text says what is missing.
    pub fn authorize_in(
        &self,
        call: &Call,
        action: &str,
        resources: &[String],
        context: Context,
    ) -> Result<(), Refusal> {
        if !self.is_on() {
            return Ok(());
        }
        let state = self.directory().read();
        let session = self.sessions().get(&call.principal.access_key);
        let mut context = self.about_caller(context, call, &state, session.as_deref());
        // About nothing in particular is about everything.
        let everything = ["*".to_owned()];
        for resource in if resources.is_empty() { &everything[..] } else { resources } {
            let resource = with_path(resource, &state);
            context.turn_to(&resource);
            let asked = Asked { call, action, resource: &resource, context: &context };
            let of_resource = self.policies_of(&resource);
            let of_resource: Vec<&Policy> = of_resource.iter().map(AsRef::as_ref).collect();
            self.decide(&asked, &state, session.as_deref(), &of_resource).map_err(|reason| asked.refusal(reason))?;
        }
        Ok(())
    }

    /// Whether the policies of a resource allow a service of AWS something, as `delivery.logs.amazonaws.com` puts objects into
    /// a bucket.
    pub fn allows_service(&self, service: &str, action: &str, resource: &str, context: &Context) -> bool {
        let question = Question { caller: Caller::Service(service), action, resource, context };
        let policies = self.policies_of(resource);
        !policies.iter().any(|policy| policy.denies(&question))
            && policies.iter().any(|policy| policy.grants(&question))
    }

    /// The context with what conditions may ask about the caller.
    pub(super) fn with_caller(&self, context: Context, call: &Call) -> Context {
        let session = self.sessions().get(&call.principal.access_key);
        self.about_caller(context, call, &self.directory().read(), session.as_deref())
    }

    pub(super) fn decide(
        &self,
        asked: &Asked<'_>,
        state: &State,
        session: Option<&Session>,
        of_resource: &[&Policy],
    ) -> Result<(), Reason> {
        let holder = self.holder(asked.call, state, session);
        let is_root = matches!(holder, Holder::Root);
        let mut limits = Limits {
            is_root,
            resource: of_resource.to_vec(),
            session: session.filter(|session| session.is_cut()).map(|session| cut(session, state)),
            ..Limits::default()
        };
        if is_root && FOR_ROOT.contains(&asked.action) {
            limits.resource.clear();
        }
        if let Holder::Identity(identity) = holder {
            limits.identity.extend(state.policies_of(identity));
            if state.users.get(&identity.name).is_some_and(|user| user.identity.id == identity.id) {
                let groups = state.groups_of(&identity.name);
                limits.identity.extend(groups.flat_map(|group| state.policies_of(&group.identity)));
            }
            limits.boundary = identity.boundary.as_ref().and_then(|arn| state.policy(arn)).and_then(|p| p.policy());
        }
        let role = self.role_arn(state, session);
        policy::decide(&asked.question(role), &limits)
    }

    fn holder<'a>(&self, call: &Call, state: &'a State, session: Option<&Session>) -> Holder<'a> {
        let user = |name: &str, id: &str| {
            let user = state.users.get(name).filter(|user| user.identity.id == id);
            user.map_or(Holder::None, |user| Holder::Identity(&user.identity))
        };
        match session.map(|session| &session.of) {
            Some(SessionOf::Root | SessionOf::Federated { by: None, .. }) => Holder::Root,
            Some(SessionOf::User { name, id } | SessionOf::Federated { by: Some((name, id)), .. }) => user(name, id),
            Some(SessionOf::Role { name, id, .. }) => {
                let role = state.roles.get(name).filter(|role| role.identity.id == *id);
                role.map_or(Holder::None, |role| Holder::Identity(&role.identity))
            }
            None if call.principal.arn == format!("arn:aws:iam::{}:root", self.account()) => Holder::Root,
            None => match state.key(&call.principal.access_key) {
                Some((holder, _)) => user(&holder.identity.name, &call.principal.user_id),
                None => Holder::None,
            },
        }
    }

    /// The role that a session is of.
    pub(super) fn role_arn<'a>(&self, state: &'a State, session: Option<&Session>) -> Option<&'a str> {
        match session.map(|session| &session.of) {
            Some(SessionOf::Role { name, .. }) => state.roles.get(name).map(|role| role.identity.arn.as_str()),
            _ => None,
        }
    }

    /// The policies of a resource.
    fn policies_of(&self, resource: &str) -> Vec<Arc<Policy>> {
        let service = resource.split(':').nth(2).unwrap_or_default();
        let guards = self.resource_policies.read().unwrap_or_else(PoisonError::into_inner);
        let guard = guards.get(service).map(Arc::clone);
        drop(guards);
        guard.map(|policies| policies(resource)).unwrap_or_default()
    }

    /// What conditions may ask about the caller.
    fn about_caller(&self, context: Context, call: &Call, state: &State, session: Option<&Session>) -> Context {
        let kind = match (session.map(|session| &session.of), &call.principal.arn) {
            (Some(SessionOf::Role { .. }), _) => "AssumedRole",
            (Some(SessionOf::Federated { .. }), _) => "FederatedUser",
            (_, arn) if arn.is_empty() => "Anonymous",
            (_, arn) if arn.ends_with(":root") => "Account",
            _ => "User",
        };
        let mut context = context.with("aws:PrincipalType", kind);
        if let Holder::Identity(identity) = self.holder(call, state, session) {
            if kind == "User" {
                context = context.with("aws:username", &identity.name);
            }
            for (key, value) in &identity.tags {
                context = context.with(&format!("aws:PrincipalTag/{key}"), value);
            }
        }
        if let Some(role) = self.role_arn(state, session) {
            context = context.with("aws:PrincipalArn", role);
        }
        let Some(session) = session else { return context };
        for (key, value) in &session.tags {
            context = context.with(&format!("aws:PrincipalTag/{key}"), value);
        }
        if let Some(identity) = &session.source_identity {
            context = context.with("aws:SourceIdentity", identity);
        }
        let issued = chrono::DateTime::from_timestamp_millis(session.issued).unwrap_or_default();
        context
            .with("aws:TokenIssueTime", issued.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
            .with("aws:MultiFactorAuthPresent", "false")
    }
}

/// What a session is cut to. A federated user who was given nothing may do nothing.
fn cut<'a>(session: &'a Session, state: &'a State) -> Vec<&'a Policy> {
    let own = session.policy.iter().map(|document| document.policy());
    let managed = session.policy_arns.iter().filter_map(|arn| state.policy(arn)).filter_map(|policy| policy.policy());
    own.chain(managed).collect()
}

/// The ARN of something of IAM as it is: whoever names a user does not name its path.
fn with_path(arn: &str, state: &State) -> String {
    let known = || {
        let (kind, name) = arn.strip_prefix("arn:aws:iam::")?.split_once(':')?.1.split_once('/')?;
        match kind {
            "user" => state.users.get(name).map(|user| &user.identity.arn),
            "group" => state.groups.get(name).map(|group| &group.identity.arn),
            "role" => state.roles.get(name).map(|role| &role.identity.arn),
            "instance-profile" => state.profiles.get(name).map(|profile| &profile.arn),
            _ => None,
        }
    };
    known().map_or_else(|| arn.to_owned(), String::clone)
}

/// One question of one call.
pub(super) struct Asked<'a> {
    pub(super) call: &'a Call,
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) context: &'a Context,
}

impl<'a> Asked<'a> {
    pub(super) fn question(&self, role: Option<&'a str>) -> Question<'a> {
        let Self { call, action, resource, context } = *self;
        let caller = if call.principal.is_somebody() {
            Caller::Aws { account: &call.account, arn: &call.principal.arn, role }
        } else {
            Caller::Nobody
        };
        Question { caller, action, resource, context }
    }

    /// Source: "Troubleshoot access denied error messages" in the IAM user guide.
    fn refusal(&self, reason: Reason) -> Refusal {
        let Self { call, action, resource, .. } = *self;
        let user = if call.principal.is_somebody() { &call.principal.arn } else { "anonymous" };
        let resource = if action.starts_with("s3:") { format!("\"{resource}\"") } else { resource.to_owned() };
        let why = match reason {
            Reason::Denied(source) => format!("with an explicit deny in {}", a_policy(source)),
            Reason::NotAllowed(source) => format!("because no {} allows the {action} action", policy_name(source)),
        };
        Refusal::Denied(format!("User: {user} is not authorized to perform: {action} on resource: {resource} {why}"))
    }
}

fn policy_name(source: PolicySource) -> &'static str {
    match source {
        PolicySource::Identity => "identity-based policy",
        PolicySource::Resource => "resource-based policy",
        PolicySource::Boundary => "permissions boundary",
        PolicySource::Session => "session policy",
    }
}

fn a_policy(source: PolicySource) -> String {
    let name = policy_name(source);
    if source == PolicySource::Identity { format!("an {name}") } else { format!("a {name}") }
}
