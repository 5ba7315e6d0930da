//! Restarts, crashes, other people's rules, and changes of mind.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use weir_enforce::{Applied, EnforceError, Enforcer, Event, OnExit};

use crate::hosts::{PATIENCE, Pair, SERVER, plan, refused, run};

const NOW: Duration = Duration::ZERO;
const MINUTE: Duration = Duration::from_secs(60);

fn ssh(allowed: bool) -> String {
    let rule = "[[security-group.ingress]]\nprotocol = 'tcp'\nports = 22\nsource = '10.0.0.0/8'\n";
    format!(
        "[[interface]]\nid = 'eni-web'\naddresses = ['10.77.0.10']\nsecurity-groups = ['sg-web']\n[[security-group]]\nid = 'sg-web'\n{}",
        if allowed { rule } else { "" }
    )
}

#[test]
fn a_restart_adopts_what_is_in_force() {
    let pair = Pair::new();
    let _listeners = pair.listen(&[22]);
    let mut first = pair.server.enforcer();
    first.apply("w0", plan(&ssh(false)), None, NOW).unwrap();
    assert!(pair.is_refused(SERVER, 22));
    let before = refused(&first, "ingress default-deny");
    let mark = |enforcer: &Enforcer| enforcer.denials().rule(0x5700_0001).map(|rule| rule.token());
    assert_eq!(mark(&first).as_deref(), Some("default-deny"));
    // It dies: nothing is said to the kernel.
    drop(first);
    assert!(pair.is_refused(SERVER, 22), "the rules stay");

    let mut second = pair.server.enforcer();
    assert_eq!(second.hosts().collect::<Vec<_>>(), ["w0"]);
    assert_eq!(mark(&second).as_deref(), Some("default-deny"), "marks keep their meaning");
    assert!(refused(&second, "ingress default-deny") > before, "counters go on");
    assert!(pair.is_refused(SERVER, 22));
    assert_eq!(second.apply("w0", plan(&ssh(true)), None, NOW).unwrap(), Applied::InForce);
    assert!(pair.reaches(SERVER, 22));
    second.close().unwrap();
    assert!(pair.server.exec("nft list table inet weir").contains("chain"), "kept");
}

#[test]
fn what_a_crash_left_half_built_is_taken_away() {
    let pair = Pair::new();
    let mut first = pair.server.enforcer();
    first.apply("w0", plan(&ssh(true)), None, NOW).unwrap();
    drop(first);
    pair.server.nft(
        "add chain inet weir i0g9-in
         add map inet weir i0g9-in-v4 { type ipv4_addr : verdict; flags interval; elements = { 10.0.0.0/8 : goto i0g9-in } }
         add rule inet weir i0g9-in ip saddr vmap @i0g9-in-v4
         add counter inet weir deny-4711",
    );
    let second = pair.server.enforcer();
    let listed = pair.server.exec("nft list table inet weir");
    assert!(!listed.contains("i0g9") && !listed.contains("4711") && listed.contains("i0g1-in"), "{listed}");
    drop(second);
}

#[test]
fn detach_cleans_up_and_touches_nothing_else() {
    const THEIRS: &str = "table inet theirs { set s { type ipv4_addr; elements = { 192.0.2.1 } }
        chain c { type filter hook prerouting priority -10; ip saddr @s counter drop; }; }";
    let pair = Pair::new();
    let _listeners = pair.listen(&[22]);
    pair.server.nft(THEIRS);
    let before = pair.server.exec("nft list ruleset");
    assert!(!Enforcer::clean(pair.server.namespace()).unwrap(), "there is nothing yet");
    let mut enforcer = pair.server.enforcer();
    enforcer.apply("w0", plan(&ssh(false)), None, NOW).unwrap();
    enforcer.apply("w1", plan(&ssh(false)), None, NOW).unwrap();
    assert!(enforcer.detach("w0").unwrap() && !enforcer.detach("w0").unwrap());
    assert!(pair.reaches(SERVER, 22));
    assert!(!pair.server.exec("nft list table inet weir").contains("i0g"), "nothing of w0 is left");
    enforcer.apply("w0", plan(&ssh(false)), None, NOW).unwrap();
    drop(enforcer);
    assert!(Enforcer::clean(pair.server.namespace()).unwrap(), "after a crash, too");
    assert!(pair.reaches(SERVER, 22));
    assert_eq!(pair.server.exec("nft list ruleset"), before);
}

#[test]
fn a_table_of_someone_else_with_our_name_is_left_alone() {
    let pair = Pair::new();
    pair.server.nft("add table inet weir\nadd chain inet weir mine");
    let refuses = |result: Result<(), EnforceError>| assert!(matches!(result, Err(EnforceError::ForeignTable)));
    refuses(Enforcer::open(pair.server.namespace(), OnExit::Keep).map(drop));
    refuses(Enforcer::clean(pair.server.namespace()).map(drop));
    assert!(pair.server.exec("nft list ruleset").contains("chain mine"));
}

#[test]
fn two_of_them_do_not_fit_into_one_namespace() {
    let pair = Pair::new();
    let first = pair.server.enforcer();
    let second = Enforcer::open(pair.server.namespace(), OnExit::Keep).unwrap_err();
    assert_eq!(second.to_string(), "another weir or weir-agent enforces in this network namespace: stop it first");
    drop(first);
    pair.server.enforcer();
}

#[test]
fn rules_that_nobody_confirms_are_taken_back() {
    let pair = Pair::new();
    let _listeners = pair.listen(&[22]);
    let mut enforcer = pair.server.enforcer();
    assert_eq!(enforcer.apply("w0", plan(&ssh(false)), Some(MINUTE), NOW).unwrap(), Applied::OnTrial);
    assert!(pair.is_refused(SERVER, 22));
    assert_eq!(enforcer.trials().collect::<Vec<_>>(), [("w0", MINUTE)]);
    assert_eq!(enforcer.poll(MINUTE - Duration::from_secs(1)).unwrap(), []);
    assert_eq!(enforcer.poll(MINUTE).unwrap(), [Event::TakenBack { host: "w0".into() }]);
    assert!(pair.reaches(SERVER, 22) && enforcer.hosts().count() == 0);

    // Confirmed, they stay; the next trial goes back to them.
    enforcer.apply("w0", plan(&ssh(true)), Some(MINUTE), NOW).unwrap();
    assert_eq!(enforcer.confirm().unwrap(), ["w0"]);
    enforcer.apply("w0", plan(&ssh(false)), Some(MINUTE), NOW).unwrap();
    assert!(pair.is_refused(SERVER, 22));
    assert_eq!(enforcer.poll(MINUTE).unwrap(), [Event::TakenBack { host: "w0".into() }]);
    assert!(pair.reaches(SERVER, 22));
    assert_eq!(enforcer.hosts().collect::<Vec<_>>(), ["w0"]);
    let chains = pair.server.exec("nft list table inet weir");
    assert!(!chains.contains("i0g3-"), "what was tried is gone: {chains}");
}

#[test]
fn the_kernel_takes_rules_on_trial_back_when_nobody_else_can() {
    let pair = Pair::new();
    let _listeners = pair.listen(&[22]);
    let mut enforcer = pair.server.enforcer();
    // One second, and the five of grace.
    enforcer.apply("w0", plan(&ssh(false)), Some(Duration::from_secs(1)), NOW).unwrap();
    assert!(pair.is_refused(SERVER, 22));
    drop(enforcer);
    assert!(pair.connect(SERVER, 22, PATIENCE).is_some(), "open again");
}

#[test]
fn flushed_rules_are_put_back() {
    let pair = Pair::new();
    let _listeners = pair.listen(&[22]);
    let mut enforcer = pair.server.enforcer();
    enforcer.apply("w0", plan(&ssh(false)), None, NOW).unwrap();
    pair.server.exec("nft flush ruleset");
    assert!(pair.reaches(SERVER, 22));
    assert_eq!(enforcer.poll(MINUTE).unwrap(), [Event::PutBack { host: "w0".into() }]);
    assert!(pair.is_refused(SERVER, 22));
    assert_eq!(enforcer.poll(2 * MINUTE).unwrap(), []);
}

#[test]
fn on_exit_open_opens() {
    let pair = Pair::new();
    let _listeners = pair.listen(&[22]);
    let mut enforcer = pair.server.enforcer_with(OnExit::Open);
    enforcer.apply("w0", plan(&ssh(false)), None, NOW).unwrap();
    assert!(pair.is_refused(SERVER, 22));
    assert!(pair.server.exec("nft list map inet weir arriving").contains("timeout 30s"), "should it die");
    enforcer.poll(MINUTE).unwrap();
    assert!(pair.is_refused(SERVER, 22), "renewed");
    enforcer.close().unwrap();
    assert!(pair.reaches(SERVER, 22));
    assert_eq!(pair.server.exec("nft list ruleset"), "");
}

/// Waits until a process has ended, whoever has noticed.
fn ended(number: u32) {
    let begun = Instant::now();
    let is_over = || fs::read_to_string(format!("/proc/{number}/status")).map_or(true, |it| it.contains("State:\tZ"));
    while !is_over() {
        assert!(begun.elapsed() < PATIENCE, "{number} does not end");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The programs that wait for the next change: somebody ends them, and the change comes into force all the same. They go with
/// the one that started them.
#[test]
fn a_change_does_not_need_the_programs_that_wait_for_it() {
    let pair = Pair::new();
    let _listeners = pair.listen(&[22]);
    let waiting = |count: usize| {
        let begun = Instant::now();
        loop {
            let waiting = pair.server.processes("nft");
            if waiting.len() == count {
                return waiting;
            }
            assert!(begun.elapsed() < PATIENCE, "{waiting:?} instead of {count}");
            thread::sleep(Duration::from_millis(20));
        }
    };
    let mut enforcer = pair.server.enforcer();
    waiting(2);
    enforcer.apply("w0", plan(&ssh(false)), None, NOW).unwrap();
    assert!(pair.is_refused(SERVER, 22));
    // They were used.
    waiting(0);
    enforcer.poll(NOW).unwrap();
    let killed = waiting(2);
    killed.iter().for_each(|number| drop(run(&format!("kill -KILL {number}"))));
    // One that is ending still has its pipe for a moment, and takes what nobody will read.
    killed.iter().for_each(|number| ended(*number));
    enforcer.apply("w0", plan(&ssh(true)), None, NOW).unwrap();
    assert!(pair.reaches(SERVER, 22));
    enforcer.poll(NOW).unwrap();
    waiting(2);
    drop(enforcer);
    waiting(0);
}
