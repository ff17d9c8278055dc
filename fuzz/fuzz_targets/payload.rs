//! The reader of queued jobs and what a retry edits in them, on any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use opsctl::laravel::{
    payload::{Command, Payload},
    php,
};
use serde_json::{Map, Value};

/// The id that a job without one is given.
const ID: &str = "0123456789abcdefghijABCDEFGHIJxy";
/// A moment until which a job is retried.
const UNTIL: i64 = 1_795_160_000;

fuzz_target!(|bytes: &[u8]| {
    let Ok(payload) = Payload::read(bytes) else { return };
    assert_eq!(payload.text().as_bytes(), bytes);
    every_member(&payload);
    let for_redis = payload.renewed_for_redis(|| ID.to_owned());
    let renewed = read_again(&for_redis);
    assert_eq!(renewed.attempts(), Some(0));
    assert_eq!(renewed.id(), payload.id().or(Some(ID.into())));
    assert_eq!(renewed.renewed_for_redis(|| panic!("it has an id")), for_redis, "a second time changes more");
    others_stay(&payload, &for_redis, &["attempts", "id"]);

    let for_table = payload.renewed_for_database();
    assert!(payload.attempts().is_none() || read_again(&for_table).attempts() == Some(0));
    others_stay(&payload, &for_table, &["attempts"]);

    let until = payload.with_retry_until(UNTIL);
    assert_eq!(read_again(&until).retry_until(), Some(UNTIL));
    others_stay(&payload, &until, &["retryUntil"]);
});

/// Whatever stands there, asking for it is safe.
fn every_member(payload: &Payload) {
    let _ =
        (payload.uuid(), payload.display_name(), payload.handler(), payload.class(), payload.created_at());
    let _ = (payload.max_tries(), payload.timeout(), payload.fails_on_timeout(), payload.backoff());
    let _ = payload.hidden("laravel_unique_job_key");
    match payload.command() {
        Some(Command::Plain(text)) => {
            assert!(text.starts_with("O:"));
            let _ = php::read(text.as_bytes(), php::Limits::default());
        }
        Some(Command::Encrypted(text)) => assert!(!text.starts_with("O:")),
        None => {}
    }
}

fn read_again(text: &str) -> Payload<'_> {
    Payload::read(text.as_bytes()).expect("what was edited is a payload still")
}

/// Another reader of JSON sees the same members, but for these.
fn others_stay(payload: &Payload, edited: &str, but: &[&str]) {
    let members = |text: &str| serde_json::from_str::<Map<String, Value>>(text).ok();
    let Some(mut before) = members(payload.text()) else { return };
    let mut after = members(edited).expect("another reader understood it before");
    for name in but {
        before.shift_remove(*name);
        after.shift_remove(*name);
    }
    assert_eq!(before, after);
}
