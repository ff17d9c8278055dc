//! `queue inspect --decrypt`: encrypted commands are read when that is asked for, and with the right key alone.

use crate::{
    on_every_engine,
    support::{
        Case,
        jobs::{OF_A_TABLE, Row, json},
    },
};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "base64:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
/// `O:18:"App\Jobs\SendSecret":1:{s:5:"token";s:3:"abc";}`, encrypted by the framework's recipe.
const CLOSED: &str = "eyJpdiI6IlpHVm1aMmhwYW10c2JXNXZjSEZ5Y3c9PSIsInZhbHVlIjoiU2c5MnppYmNwUEJtK3JOSzhsTC9yczJPUkRJenhIcktCOVo5Wmo5YkcyK0k1aXA0a2JqVkJtaVVjcFVlV0picUw2QWpWSTA5b21Hb1QrcXVNckZZZlE9PSIsIm1hYyI6ImY3NTZmY2FiODM4ZWZjMWQ5MjU1YmJmYjE1YTYzNDRhZDQyYTM0NDNjNjVkZDlhN2ZiNDEwNzY3ODA4MzUxOGEiLCJ0YWciOiIifQ==";

async fn fill(case: &Case) {
    let payload = format!(
        r#"{{"uuid":"closed","displayName":"App\\Jobs\\SendSecret","job":"Illuminate\\Queue\\CallQueuedHandler@call","data":{{"commandName":"App\\Jobs\\SendSecret","command":"{CLOSED}"}}}}"#
    );
    case.insert_job(Row::ready("webhooks", &payload)).await;
    case.insert_job(Row::ready("webhooks", OF_A_TABLE)).await;
}

on_every_engine! {
    async fn a_command_is_read_with_the_applications_keys_when_that_is_asked_for(case: &Case) {
        fill(case).await;
        case.write_queue_env(&format!("APP_KEY={OTHER}\nAPP_PREVIOUS_KEYS=base64:{KEY}\n"));
        let plain = case.run(&["queue", "inspect", "webhooks", "--json"]);
        assert!(plain.code == 0 && !plain.out.contains("token"), "{plain:?}");
        let said = case.run(&["queue", "inspect", "webhooks", "--decrypt", "--json", "-vvv"]);
        assert_eq!(said.code, 0, "{said:?}");
        let jobs = json(&said)["data"].clone();
        assert_eq!(jobs[0]["command"], r#"O:18:"App\Jobs\SendSecret":1:{s:5:"token";s:3:"abc";}"#);
        assert_eq!(jobs[1]["command"], serde_json::Value::Null, "what is not encrypted is not shown either");
        assert!(!said.out.contains(KEY) && !said.err.contains(KEY) && !said.err.contains("token"), "{said:?}");
        let table = case.run(&["queue", "inspect", "webhooks", "--decrypt"]);
        assert!(table.out.contains("COMMAND") && table.out.contains("token"), "{table:?}");
    }

    async fn a_wrong_key_a_short_one_and_none_are_told(case: &Case) {
        fill(case).await;
        for (key, why) in [
            (format!("APP_KEY={OTHER}\n"), "1 command could not be decrypted"),
            ("APP_KEY=base64:c2hvcnQ=\n".to_owned(), "a key of the application is not 32 bytes long"),
            (String::new(), "the application's key is not known"),
        ] {
            case.write_queue_env(&key);
            let said = case.run(&["queue", "inspect", "webhooks", "--decrypt"]);
            assert_eq!((said.code, said.err.contains(why)), (6, true), "{said:?}");
            assert!(!said.err.contains("c2hvcnQ") && !said.out.contains("token"), "{said:?}");
        }
        assert_eq!(case.run(&["queue", "inspect", "webhooks"]).code, 0);
    }
}
