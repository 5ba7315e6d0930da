//! Sessions: who they are, what they may do, and when they end.

use serde_json::{Value, json};
use weir_store::Catalogue;

use super::*;
use crate::{
    Serve,
    access::{Principal, RootKey},
    services::iam,
};

const ACCOUNT: &str = "123456789012";
const NOW: i64 = 1_700_000_000_000;
const HOUR: i64 = 3_600_000;

struct Account {
    access: Arc<Access>,
    iam: Table<iam::Iam>,
    sts: Table<Sts>,
}

impl Account {
    fn new() -> Self {
        let catalogue = Catalogue::in_memory().expect("a catalogue");
        let root = RootKey::new("AKIAROOT", "secret");
        let access = Arc::new(Access::open(&catalogue, ACCOUNT, Some(root)).expect("opened"));
        Self { iam: iam::table(Arc::clone(&access)), sts: table(Arc::clone(&access)), access }
    }

    fn as_key(&self, key: &str, now: i64) -> Call {
        let principal = self.access.key(key, now).expect("in force").principal;
        Call { principal, ..Call::of_root(ACCOUNT, "us-east-1", now) }
    }

    fn root(&self) -> Call {
        self.as_key("AKIAROOT", NOW)
    }

    fn iam(&self, operation: &str, input: &Value) -> Value {
        let payload = Payload::json(input.to_string().into());
        self.iam.call(operation, &self.root(), &payload).unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    fn sts(&self, call: &Call, operation: &str, input: &Value) -> Result<Value, ApiError> {
        self.sts.call(operation, call, &Payload::json(input.to_string().into()))
    }

    /// The key of a new user with one policy.
    fn user(&self, name: &str, policy: Option<&str>) -> String {
        self.iam("CreateUser", &json!({"UserName": name}));
        if let Some(policy) = policy {
            self.iam("PutUserPolicy", &json!({"UserName": name, "PolicyName": "p", "PolicyDocument": policy}));
        }
        let key = self.iam("CreateAccessKey", &json!({"UserName": name}));
        key["AccessKey"]["AccessKeyId"].as_str().expect("an id").to_owned()
    }

    fn role(&self, name: &str, trusts: &Value, policy: &str) -> String {
        let statement = json!({"Effect": "Allow", "Principal": trusts, "Action": ["sts:AssumeRole", "sts:TagSession"]});
        let trust = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        let role = self.iam("CreateRole", &json!({"RoleName": name, "AssumeRolePolicyDocument": trust}));
        self.iam("PutRolePolicy", &json!({"RoleName": name, "PolicyName": "p", "PolicyDocument": policy}));
        role["Role"]["Arn"].as_str().expect("an ARN").to_owned()
    }
}

fn allow(actions: &str, resource: &str) -> String {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": resource});
    json!({"Version": "2012-10-17", "Statement": statement}).to_string()
}

fn may(account: &Account, call: &Call, action: &str) -> Result<(), String> {
    let resource = "arn:aws:logs:us-east-1:123456789012:log-group:g:*".to_owned();
    account.access.authorize(call, action, &[resource]).map_err(|refusal| format!("{refusal:?}"))
}

fn assumed(account: &Account, call: &Call, input: &Value) -> Call {
    let output = account.sts(call, "AssumeRole", input).expect("assumed");
    account.as_key(output["Credentials"]["AccessKeyId"].as_str().expect("a key"), call.now)
}

#[test]
fn a_session_of_a_role_may_do_what_the_role_may_and_no_more_than_it_was_cut_to() {
    let account = Account::new();
    let key = account.user("u", None);
    let user = account.as_key(&key, NOW);
    let role = account.role("r", &json!({"AWS": user.principal.arn}), &allow("logs:*", "*"));

    let whole = assumed(&account, &user, &json!({"RoleArn": role, "RoleSessionName": "one"}));
    assert_eq!(whole.principal.arn, "arn:aws:sts::123456789012:assumed-role/r/one");
    assert!(whole.principal.user_id.starts_with("AROA") && whole.principal.user_id.ends_with(":one"));
    assert_eq!(may(&account, &whole, "logs:PutLogEvents"), Ok(()));
    let refused = may(&account, &whole, "ec2:RunInstances").expect_err("refused");
    assert!(refused.contains("because no identity-based policy allows the ec2:RunInstances action"), "{refused}");

    let policy = allow("logs:Get*", "*");
    let cut = assumed(&account, &user, &json!({"RoleArn": role, "RoleSessionName": "two", "Policy": policy}));
    assert_eq!(may(&account, &cut, "logs:GetLogEvents"), Ok(()));
    let refused = may(&account, &cut, "logs:PutLogEvents").expect_err("refused");
    assert!(refused.contains("because no session policy allows the logs:PutLogEvents action"), "{refused}");

    let old = json!({"Statement": {"Effect": "Allow", "Action": "logs:Put*", "Resource": "*"}}).to_string();
    let cut = assumed(&account, &user, &json!({"RoleArn": role, "RoleSessionName": "old", "Policy": old}));
    assert_eq!(may(&account, &cut, "logs:PutLogEvents"), Ok(()));
    may(&account, &cut, "logs:GetLogEvents").expect_err("cut by a policy of the first version of the language");

    // The user has no policy: only the role may.
    assert!(may(&account, &user, "logs:GetLogEvents").is_err());
}

#[test]
fn a_role_is_taken_on_by_whom_it_trusts() {
    let account = Account::new();
    let (nobody, somebody) = (account.user("a", None), account.user("b", Some(&allow("sts:AssumeRole", "*"))));
    let (nobody, somebody) = (account.as_key(&nobody, NOW), account.as_key(&somebody, NOW));
    let of_account = account.role("r", &json!({"AWS": ACCOUNT}), &allow("logs:*", "*"));
    let of_service = account.role("s", &json!({"Service": "vpc-flow-logs.amazonaws.com"}), &allow("logs:*", "*"));

    let ask = |call: &Call, role: &str| {
        account.sts(call, "AssumeRole", &json!({"RoleArn": role, "RoleSessionName": "session"})).map(drop)
    };
    ask(&somebody, &of_account).expect("the account passes it on");
    let refused = ask(&nobody, &of_account).expect_err("no policy");
    assert_eq!((refused.code.as_ref(), refused.status), ("AccessDenied", 403));
    assert_eq!(
        refused.message,
        "User: arn:aws:iam::123456789012:user/a is not authorized to perform: sts:AssumeRole on resource: \
         arn:aws:iam::123456789012:role/r"
    );
    ask(&somebody, &of_service).expect_err("a service's role");
    ask(&somebody, "arn:aws:iam::123456789012:role/none").expect_err("no such role");
    let tagged = json!({"RoleArn": of_account, "RoleSessionName": "tagged", "Tags": [{"Key": "k", "Value": "v"}]});
    account.sts(&somebody, "AssumeRole", &tagged).expect_err("sts:TagSession is not allowed");
}

#[test]
fn sessions_end_and_are_nothing_without_what_they_are_of() {
    let account = Account::new();
    let key = account.user("u", Some(&allow("logs:*", "*")));
    let user = account.as_key(&key, NOW);
    let output = account.sts(&user, "GetSessionToken", &json!({"DurationSeconds": 3600})).expect("a session");
    let temporary = output["Credentials"]["AccessKeyId"].as_str().expect("a key");
    assert!(temporary.starts_with("ASIA"));
    assert_eq!(output["Credentials"]["Expiration"], NOW + HOUR);
    let session = account.as_key(temporary, NOW);
    assert_eq!(session.principal, Principal { access_key: temporary.to_owned(), ..user.principal.clone() });
    assert_eq!(may(&account, &session, "logs:PutLogEvents"), Ok(()));
    let again = account.sts(&session, "GetSessionToken", &json!({})).expect_err("a session of a session");
    assert_eq!(again.message, "Cannot call GetSessionToken with session credentials");
    assert!(account.access.key(temporary, NOW + HOUR).is_none());

    account.iam("DeleteUserPolicy", &json!({"UserName": "u", "PolicyName": "p"}));
    may(&account, &session, "logs:PutLogEvents").expect_err("the user may no longer");
    account.iam("DeleteAccessKey", &json!({"UserName": "u", "AccessKeyId": key}));
    account.iam("DeleteUser", &json!({"UserName": "u"}));
    account.user("u", Some(&allow("*", "*")));
    may(&account, &session, "logs:PutLogEvents").expect_err("another user of the same name");
}

#[test]
fn a_federated_user_may_do_what_both_policies_allow() {
    let account = Account::new();
    let key = account.user("u", Some(&allow("*", "*")));
    let user = account.as_key(&key, NOW);
    let federated = |policy: Option<String>| {
        let output =
            account.sts(&user, "GetFederationToken", &json!({"Name": "guest", "Policy": policy})).expect("one");
        assert_eq!(output["FederatedUser"]["Arn"], "arn:aws:sts::123456789012:federated-user/guest");
        account.as_key(output["Credentials"]["AccessKeyId"].as_str().expect("a key"), NOW)
    };
    may(&account, &federated(None), "logs:GetLogEvents").expect_err("nothing was given");
    let guest = federated(Some(allow("logs:Get*", "*")));
    assert_eq!(may(&account, &guest, "logs:GetLogEvents"), Ok(()));
    may(&account, &guest, "logs:PutLogEvents").expect_err("not given");
}

#[test]
fn what_cannot_be_verified_is_refused() {
    let account = Account::new();
    let nobody = Call { principal: Principal::nobody(), ..account.root() };
    let token = "e30.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUifQ.c2ln";
    let input =
        |token: &str| json!({"RoleArn": "arn:aws:iam::1:role/r", "RoleSessionName": "s", "WebIdentityToken": token});
    let refused = account.sts(&nobody, "AssumeRoleWithWebIdentity", &input(token)).expect_err("refused");
    assert_eq!(refused.code, "InvalidIdentityToken");
    assert_eq!(refused.message, "No OpenIDConnect provider found in your account for https://id.example");
    account.sts(&nobody, "AssumeRoleWithWebIdentity", &input("x")).expect_err("no token");
    let mfa = json!({"SerialNumber": "arn:aws:iam::1:mfa/u", "TokenCode": "123456"});
    account.sts(&account.root(), "GetSessionToken", &mfa).expect_err("no such device");
}
