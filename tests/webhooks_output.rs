//! `opsctl webhooks` as it is read: snapshots of what people and machines get.

use crate::{
    on_every_database,
    support::{Event, cli::Said, mixed},
};

/// Times taken differ from run to run; everything else is fixed by the clock and the seed.
fn steady() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\(\d+\.\d{3} s\)", "([time])");
    settings.add_filter(r#""took_ms": \d+"#, r#""took_ms": 0"#);
    settings.add_filter(r"pay\d{23}", "[payment]");
    settings
}

on_every_database! {
    async fn a_run_for_people_and_for_machines(case: &Case) {
        mixed(case).await;
        steady().bind(|| {
            dry_run(&case.run(&["webhooks", "retry-once", "--dry-run", "-o", "csv"]));
            human(&case.run(&["webhooks", "retry-once", "--limit", "10"]));
            again(&case.run(&["webhooks", "retry-once", "--json"]));
        });
    }

    async fn a_run_as_json(case: &Case) {
        mixed(case).await;
        steady().bind(|| json(&case.run(&["webhooks", "retry-once", "-q", "--json"])));
    }

    async fn one_event_for_people(case: &Case) {
        mixed(case).await;
        steady().bind(|| {
            shown(&case.run(&["webhooks", "show", "01K9AAAAAAAAAAAAAAAAAAAAA4", "--tz", "Asia/Jakarta"]));
            one(&case.run(&["webhooks", "retry-one", "01k9aaaaaaaaaaaaaaaaaaaaa1"]));
        });
    }

    // What is shown is what a try reads: the raw body, where the payload is empty.
    async fn show_reads_the_raw_body_too(case: &Case) {
        case.write_env("");
        let form = "transaction_id=S-1&mb_transaction_id=77&status=2";
        let id = Event::due("a").provider("skrill").body(r#"{"_tenrusl":{}}"#).raw(form).insert(case).await;
        let said = case.run(&["webhooks", "show", &id, "--raw"]);
        assert!(said.out.contains("S-1 at transaction_id [rule skrill]") && said.out.contains(form), "{said:?}");
    }
}

fn human(said: &Said) {
    assert_eq!(said.code, 4);
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.out, @"
        PROVIDER  SELECTED  APPLIED  PENDING  EXHAUSTED  AMBIGUOUS
        mock             3        1        1          1          0
        tripay           1        0        0          0          1
        all              4        1        1          1          1

        ID                          PROVIDER  OUTCOME    ATTEMPTS  NEXT RETRY AT  RULE    REFERENCE  REASON
        01k9aaaaaaaaaaaaaaaaaaaaa1  mock      applied           2  -              mock    pay-1      payment updated
        01k9aaaaaaaaaaaaaaaaaaaaa2  mock      pending           2  in 1s          mock    nobody     payment not found / not updated (will retry)
        01k9aaaaaaaaaaaaaaaaaaaaa3  mock      exhausted         5  -              mock    x          inferred status pending; payment not found
        01k9aaaaaaaaaaaaaaaaaaaaa4  tripay    ambiguous         2  in 1s          tripay  A          ambiguous: `A` and `B` name different payments
        ");
        insta::assert_snapshot!(said.err, @"
        With limit 10 (--limit), max attempts 5 (default), base ms 500 (default), cap ms 30000 (default), mode full (default).
        4 events: 1 applied, 1 pending, 1 exhausted, 1 ambiguous ([time]).
        ");
    }
}

fn dry_run(said: &Said) {
    assert_eq!(said.code, 4);
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.out, @"
        id,provider,outcome,attempts,next_retry_at,rule,reference,reason
        01k9aaaaaaaaaaaaaaaaaaaaa1,mock,applied,2,,mock,pay-1,payment updated
        01k9aaaaaaaaaaaaaaaaaaaaa2,mock,pending,2,2026-11-20T09:00:01Z,mock,nobody,payment not found / not updated (will retry)
        01k9aaaaaaaaaaaaaaaaaaaaa3,mock,exhausted,5,,mock,x,inferred status pending; payment not found
        01k9aaaaaaaaaaaaaaaaaaaaa4,tripay,ambiguous,2,2026-11-20T09:00:01Z,tripay,A,ambiguous: `A` and `B` name different payments
        ");
        insta::assert_snapshot!(said.err, @"
        With limit 200 (default), max attempts 5 (default), base ms 500 (default), cap ms 30000 (default), mode full (default).
        Dry run, nothing was changed. A run would try 4 events: 1 applied, 1 pending, 1 exhausted, 1 ambiguous ([time]).
        ");
    }
}

fn again(said: &Said) {
    assert_eq!(said.code, 0);
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.err, @"");
    }
}

fn json(said: &Said) {
    assert_eq!((said.code, said.err.as_str()), (4, ""));
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.out, @r#"
        {
          "schema_version": 1,
          "command": "webhooks retry-once",
          "context": "app",
          "generated_at": "2026-11-20T09:00:00Z",
          "data": {
            "dry_run": false,
            "limits": {
              "limit": 200,
              "max_attempts": 5,
              "backoff": {
                "mode": "full",
                "base_ms": 500,
                "cap_ms": 30000,
                "min_ms": 250
              },
              "lease_seconds": 60,
              "lock_seconds": 900,
              "effective": [
                {
                  "name": "limit",
                  "value": "200",
                  "origin": "default"
                },
                {
                  "name": "max_attempts",
                  "value": "5",
                  "origin": "default"
                },
                {
                  "name": "base_ms",
                  "value": "500",
                  "origin": "default"
                },
                {
                  "name": "cap_ms",
                  "value": "30000",
                  "origin": "default"
                },
                {
                  "name": "min_lease_ms",
                  "value": "250",
                  "origin": "default"
                },
                {
                  "name": "processing_lease_seconds",
                  "value": "60",
                  "origin": "default"
                },
                {
                  "name": "lock_seconds",
                  "value": "900",
                  "origin": "default"
                },
                {
                  "name": "mode",
                  "value": "full",
                  "origin": "default"
                }
              ]
            },
            "counts": {
              "selected": 4,
              "applied": 1,
              "queued": 0,
              "pending": 1,
              "failed": 0,
              "exhausted": 1,
              "ambiguous": 1,
              "unreadable": 0,
              "skipped": 0
            },
            "providers": [
              {
                "provider": "mock",
                "selected": 3,
                "applied": 1,
                "queued": 0,
                "pending": 1,
                "failed": 0,
                "exhausted": 1,
                "ambiguous": 0,
                "unreadable": 0,
                "skipped": 0
              },
              {
                "provider": "tripay",
                "selected": 1,
                "applied": 0,
                "queued": 0,
                "pending": 0,
                "failed": 0,
                "exhausted": 0,
                "ambiguous": 1,
                "unreadable": 0,
                "skipped": 0
              }
            ],
            "skipped": {},
            "items": [
              {
                "id": "01k9aaaaaaaaaaaaaaaaaaaaa1",
                "provider": "mock",
                "outcome": "applied",
                "reason": "payment updated",
                "rule": "mock",
                "reference": "pay-1",
                "payment_status": "succeeded",
                "attempts": 2,
                "next_retry_at": null
              },
              {
                "id": "01k9aaaaaaaaaaaaaaaaaaaaa2",
                "provider": "mock",
                "outcome": "pending",
                "reason": "payment not found / not updated (will retry)",
                "rule": "mock",
                "reference": "nobody",
                "payment_status": null,
                "attempts": 2,
                "next_retry_at": "2026-11-20T09:00:01Z"
              },
              {
                "id": "01k9aaaaaaaaaaaaaaaaaaaaa3",
                "provider": "mock",
                "outcome": "exhausted",
                "reason": "inferred status pending; payment not found",
                "rule": "mock",
                "reference": "x",
                "payment_status": null,
                "attempts": 5,
                "next_retry_at": null
              },
              {
                "id": "01k9aaaaaaaaaaaaaaaaaaaaa4",
                "provider": "tripay",
                "outcome": "ambiguous",
                "reason": "ambiguous: `A` and `B` name different payments",
                "rule": "tripay",
                "reference": "A",
                "payment_status": null,
                "attempts": 2,
                "next_retry_at": "2026-11-20T09:00:01Z"
              }
            ],
            "items_omitted": 0,
            "stopped": null,
            "took_ms": 0
          },
          "summary": {
            "selected": 4,
            "applied": 1,
            "queued": 0,
            "pending": 1,
            "failed": 0,
            "exhausted": 1,
            "ambiguous": 1,
            "unreadable": 0,
            "skipped": 0
          }
        }
        "#);
    }
}

fn shown(said: &Said) {
    assert_eq!(said.code, 0);
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.out, @"
        Event .......... 01k9aaaaaaaaaaaaaaaaaaaaa4
        Provider ....... tripay
        Provider's id .. evt-01k9aaaaaaaaaaaaaaaaaaaaa4
        Status ......... received
        Attempts ....... 1 of 5
        Received ....... 1h ago · 2026-11-20 15:00:00 WIB
        Last attempt ... 2m ago · 2026-11-20 15:58:00 WIB
        Next attempt ... 30s ago · 2026-11-20 15:59:30 WIB
        Body ........... 52 bytes
        Says ........... succeeded from `PAID` [rule tripay]
        Reference ...... A at reference [rule tripay]
        Reference ...... B at merchant_ref [rule tripay]
        Payment ........ [payment] · 1000 IDR in minor units · pending · reference A
        Payment ........ [payment] · 1000 IDR in minor units · pending · reference B
        ");
    }
}

fn one(said: &Said) {
    assert_eq!(said.code, 0);
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.out, @"
        PROVIDER  SELECTED  APPLIED
        mock             1        1

        ID                          PROVIDER  OUTCOME  ATTEMPTS  NEXT RETRY AT  RULE  REFERENCE  REASON
        01k9aaaaaaaaaaaaaaaaaaaaa1  mock      applied         2  -              mock  pay-1      payment updated
        ");
        insta::assert_snapshot!(said.err, @"1 event: 1 applied ([time]).");
    }
}
