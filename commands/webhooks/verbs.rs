//! What the verbs of `opsctl webhooks` say about themselves.

use opsctl::Exit;

use super::{
    explain::EXPLAIN,
    render::{LIST, SHOW, TRIED},
};
use crate::{
    safety::Class,
    variables::Topic,
    verb::{Artisan, Example, Prints, Verb},
};

const BATCH_READS: &[Topic] =
    &[Topic::Context, Topic::Database, Topic::Redis, Topic::Locks, Topic::Limits, Topic::Journal];
const EVENT_READS: &[Topic] = &[Topic::Context, Topic::Database, Topic::Limits];

const BATCH_EXITS: &[(Exit, &str)] = &[
    (Exit::Done, "done, or nothing was due"),
    (Exit::Failed, "every event that was tried failed"),
    (Exit::Partial, "some events failed: exhausted, ambiguous, unreadable"),
    (Exit::Config, ""),
    (Exit::Unreachable, "the database or the store of locks does not answer"),
    (Exit::Locked, "another run holds the run lock"),
];
const LOOK_EXITS: &[(Exit, &str)] = &[(Exit::Config, ""), (Exit::Unreachable, "")];

const EVENT_EXITS: &[(Exit, &str)] =
    &[(Exit::Config, ""), (Exit::Unreachable, ""), (Exit::NotFound, "no such event")];

/// All of them.
pub const VERBS: &[Verb] = &[
    Verb {
        words: "webhooks retry-once",
        class: Class::Routine,
        destructive_with: None,
        examples: &[
            Example { what: "what a run would do", line: "webhooks retry-once --dry-run" },
            Example {
                what: "a cron line: more events at a time, quiet, content when another run is at it",
                line: "webhooks retry-once --limit 500 --if-locked skip -q",
            },
        ],
        prints: Prints::Verdict(&TRIED),
        reads: BATCH_READS,
        exits: BATCH_EXITS,
        artisan: &[Artisan {
            command: "tenrusl:webhooks:retry-once",
            with: None,
            ignores: &[],
            difference: "the service's limits instead of fixed ones; the exit code tells of failures",
        }],
    },
    Verb {
        words: "webhooks retry-one",
        class: Class::Routine,
        destructive_with: Some("--take-over"),
        examples: &[
            Example {
                what: "what a try would do",
                line: "webhooks retry-one 01kh9mqh069t2jtq2cfag33erh --dry-run",
            },
            Example {
                what: "try it though it is not due, or has used its attempts",
                line: "webhooks retry-one 01KHDDT15S3WT9BYGXEF6BYWCR --force",
            },
        ],
        prints: Prints::Verdict(&TRIED),
        reads: &[Topic::Context, Topic::Database, Topic::Limits, Topic::Journal],
        exits: &[
            (Exit::Failed, "the event failed"),
            (Exit::Refused, "not due, or no attempts left, and no --force"),
            (Exit::Config, ""),
            (Exit::Unreachable, ""),
            (Exit::Locked, "claimed by the service's own worker, or its row is locked"),
            (Exit::NotFound, "no such event"),
        ],
        artisan: &[
            Artisan {
                command: "tenrusl:webhooks:retry-one",
                with: None,
                ignores: &[],
                difference: "tries the event that is named; artisan's drops the id and runs a batch",
            },
            Artisan {
                command: "tenrusl:webhooks:retry",
                with: Some("--id"),
                ignores: &[],
                difference: "needs --force when the event is not due, and says so",
            },
        ],
    },
    Verb {
        words: "webhooks retry",
        class: Class::Routine,
        destructive_with: None,
        examples: &[
            Example { what: "one provider", line: "webhooks retry --provider stripe --limit 100" },
            Example {
                what: "gently: at most 20 a second, and spread",
                line: "webhooks retry --status failed --rate 20 --mode decorrelated",
            },
            Example {
                what: "leave the work to the service's own workers",
                line: "webhooks retry --queue --dry-run",
            },
        ],
        prints: Prints::Verdict(&TRIED),
        reads: BATCH_READS,
        exits: BATCH_EXITS,
        artisan: &[Artisan {
            command: "tenrusl:webhooks:retry",
            with: None,
            ignores: &[],
            difference: "the service's limits where none are given; a bad number is refused, not replaced",
        }],
    },
    Verb {
        words: "webhooks list",
        class: Class::Read,
        destructive_with: None,
        examples: &[
            Example { what: "what waits", line: "webhooks list --due" },
            Example {
                what: "ids for a pipe",
                line: "webhooks list --provider stripe --status failed -o ids",
            },
            Example {
                what: "all columns, most attempts first",
                line: "webhooks list -o wide --sort-by -attempts",
            },
        ],
        prints: Prints::List(&LIST),
        reads: EVENT_READS,
        exits: LOOK_EXITS,
        artisan: &[],
    },
    Verb {
        words: "webhooks show",
        class: Class::Read,
        destructive_with: None,
        examples: &[
            Example { what: "by its id", line: "webhooks show 01khdkpmkkjb2vwqdb0n2rgd53" },
            Example {
                what: "by the provider's own id, with the body",
                line: "webhooks show --event-id 053db5f543443e6bb9880cc09f664487 --raw",
            },
        ],
        prints: Prints::List(&SHOW),
        reads: EVENT_READS,
        exits: EVENT_EXITS,
        artisan: &[],
    },
    Verb {
        words: "webhooks explain",
        class: Class::Read,
        destructive_with: None,
        examples: &[
            Example {
                what: "why an event is due or not, and what a try would do",
                line: "webhooks explain 01khdkpmkkjb2vwqdb0n2rgd53",
            },
            Example {
                what: "how many are due, how the server finds them, and missing indexes",
                line: "webhooks explain --due",
            },
        ],
        prints: Prints::List(&EXPLAIN),
        reads: BATCH_READS,
        exits: EVENT_EXITS,
        artisan: &[],
    },
];
