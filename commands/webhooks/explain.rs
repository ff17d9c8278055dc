//! `opsctl webhooks explain`: why an event is as it is, and with `--due` how due events are found.

mod due;

use chrono::{DateTime, Utc};
use opsctl::{
    Exit, Result,
    config::System,
    journal::Journal,
    text::printable,
    webhooks::{
        self, About, Again, Check, Claim, DuePlan, EventId, Explain, Limits, Look, Match, Named, Outcome,
        PaymentOf, RowLock, RunLock,
    },
};
use serde::Serialize;
use serde_json::json;

use super::args::ExplainArgs;
use crate::{
    app::App,
    ui::{Cell, Column, Table, View, ago},
};

/// Columns of an event.
const EVENT: [Column; 6] = [
    Column::left("id"),
    Column::left("provider"),
    Column::left("status"),
    Column::left("due"),
    Column::left("outcome"),
    Column::left("reason"),
];

/// All columns: those of an event, and what `--due` has besides.
pub const EXPLAIN: [Column; 8] =
    [EVENT[0], EVENT[1], EVENT[2], EVENT[3], EVENT[4], EVENT[5], due::DUE[1], due::DUE[2]];

/// What is explained.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Explained<'a> {
    /// One event: the usual case.
    One(&'a Explain),
    /// Several that share a name, newest first.
    Several(&'a [Explain]),
    /// With `--due`, how due events are found.
    Due(&'a DuePlan),
}

/// Summary of `webhooks explain`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum ExplainSummary {
    /// Of events.
    Events {
        /// Events explained; several requests may share an id.
        count: usize,
    },
    /// With `--due`.
    Due {
        /// Due events that were counted.
        due: u64,
        /// Statements that read the whole table.
        scans: usize,
        /// Indexes that are missing.
        missing: usize,
    },
}

/// A line of jsonl.
#[cfg(test)]
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, clippy::large_enum_variant)] // for its schema alone
pub enum ExplainLine {
    /// An event.
    Event(Explain),
    /// With `--due`, the due events of a provider.
    Provider(webhooks::Backlog),
}

/// Runs the command.
pub async fn run(app: &App, args: &ExplainArgs) -> Result<Exit> {
    let overrides = webhooks::Overrides::default();
    if args.due {
        return due::run(app, args).await;
    }
    app.ui.choice.check("webhooks explain", &EVENT)?;
    let named = args.name.found()?;
    let limits = Limits::resolve(app.context()?, overrides)?;
    let db = app.db().await?;
    let ids = webhooks::find(db, &named, Again::Explain).await?;
    let run = run_lock(app, &limits).await;
    let mut explained = Vec::new();
    for id in ids {
        explained.push(webhooks::explain(db, &EventId::parse(&id)?, &limits, &run).await?);
    }
    app.ui.emit(&event_view(app, &explained)?)?;
    if let [one] = &explained[..] {
        for next in &one.next {
            app.ui.hint(&format!("{}: `{}`", next.why, next.command));
        }
    }
    Ok(Exit::Done)
}

/// Who holds the run lock: a store that is not configured, or does not answer, leaves it unknown.
async fn run_lock(app: &App, limits: &Limits) -> RunLock {
    let locks = app.locks(&limits.lock_store, System::Webhooks).await;
    let journal = app.environment.state_dir().and_then(|folder| Journal::existing(&folder, app.clock));
    webhooks::run_lock(locks.as_ref().map_err(Clone::clone), journal.as_ref(), limits).await
}

fn event_view(app: &App, explained: &[Explain]) -> Result<View> {
    let mut table = Table::new(EVENT);
    for event in explained {
        table.row([
            Cell::new(&*event.id),
            Cell::new(&*event.provider),
            Cell::new(&*event.status),
            Cell::new(yes_or_no(event.due)),
            Cell::new(event.retry.outcome.name()),
            Cell::new(&*event.retry.reason),
        ]);
    }
    let text: Vec<String> = explained.iter().map(|event| Page::new(app, event.now).event(event)).collect();
    let data = match explained {
        [one] => Explained::One(one),
        several => Explained::Several(several),
    };
    Ok(View {
        command: "webhooks explain",
        context: app.context()?.name.clone(),
        at: app.clock.now(),
        data: json!(data),
        summary: json!(ExplainSummary::Events { count: explained.len() }),
        items: explained.iter().map(|event| json!(event)).collect(),
        table,
        text: Some(text.join("\n")),
    })
}

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// Lines of a name, a leader and a text; lines of one name in a row say it once.
struct Page<'a> {
    app: &'a App,
    now: DateTime<Utc>,
    text: String,
    last: &'static str,
}

impl<'a> Page<'a> {
    fn new(app: &'a App, now: DateTime<Utc>) -> Self {
        Self { app, now, text: String::new(), last: "" }
    }

    fn line(&mut self, name: &'static str, value: impl AsRef<str>) {
        let value = printable(value.as_ref()).into_owned();
        if name == self.last {
            self.text.push_str(&format!("{:<16} {value}\n", ""));
        } else {
            self.text.push_str(&format!("{name:.<16} {value}\n", name = format!("{name} ")));
        }
        self.last = name;
    }

    fn time(&self, at: DateTime<Utc>) -> String {
        format!("{} · {}", ago(at, self.now), self.app.ui.zone.show(at))
    }

    fn event(mut self, event: &Explain) -> String {
        self.line("Event", &event.id);
        self.line("Provider", &event.provider);
        let used = format!("{} of {} attempts used", event.attempts, event.max_attempts);
        self.line("Status", format!("{}, {used}", event.status));
        if let Some(note) = &event.error_message {
            self.line("Note", note);
        }
        self.line("Body", format!("{}, {} bytes", event.body.column, event.body.bytes));
        if let Some(why) = &event.body.unreadable {
            self.line("Unreadable", why);
        }
        self.looks(&event.looks);
        if let Some(reading) = &event.reading {
            let word = reading.word.as_ref().map_or(String::new(), |word| format!(" from `{word}`"));
            self.line("Says", format!("{}{word} [rule {}]", reading.status.name(), reading.rule));
        }
        event.references.iter().for_each(|named| self.named(named, &event.provider));
        self.line("Due", yes_or_no(event.due));
        event.conditions.iter().for_each(|check| self.check(check));
        self.retry(event);
        self.held(event);
        self.text
    }

    /// What stands nowhere is told in one line per rule and question.
    fn looks(&mut self, looks: &[Look]) {
        let mut at = 0;
        while let Some(look) = looks.get(at) {
            let same = |other: &&Look| {
                other.about == look.about
                    && other.rule == look.rule
                    && other.found.is_none()
                    && other.why == look.why
            };
            let run = if look.found.is_none() { looks[at..].iter().take_while(same).count() } else { 1 };
            let paths: Vec<&str> = looks[at..at + run].iter().map(|look| look.path).collect();
            let found = look.found.as_ref().map_or(String::new(), |found| format!("`{found}`, "));
            let name = match look.about {
                About::Reference => "Reference",
                About::Kind => "Kind",
                About::Status => "Status word",
            };
            self.line(name, format!("{}: {found}{} [rule {}]", paths.join(", "), look.why, look.rule));
            at += run;
        }
    }

    fn named(&mut self, named: &Named, provider: &str) {
        let why = match named.names {
            Match::None => format!("`{}` names none", named.value),
            Match::AnotherProvider => format!("`{}` names none of `{provider}`", named.value),
            Match::Several => format!("`{}` names several: the table lacks its unique key", named.value),
            Match::Found => String::new(),
        };
        if !why.is_empty() {
            self.line("Payment", why);
        }
        for payment in &named.payments {
            self.line("Payment", told(payment, &named.value, provider));
        }
    }

    fn check(&mut self, check: &Check) {
        let name = match check.condition {
            webhooks::Part::NotDone => "Not done",
            webhooks::Part::AttemptsLeft => "Attempts left",
            webhooks::Part::NobodyAtIt => "Nobody at it",
            webhooks::Part::TimeHasCome => "Time has come",
        };
        self.line(name, format!("{}: {}", yes_or_no(check.met), check.why));
    }

    fn retry(&mut self, event: &Explain) {
        let (retry, most) = (&event.retry, event.max_attempts);
        let Some(status) = retry.status else {
            self.line("A try", format!("would leave it: {}", retry.reason));
            return;
        };
        let flags = match &retry.flags[..] {
            [] => String::new(),
            flags => format!(" (with {})", flags.join(" ")),
        };
        let once = if event.held.is_locked() { " once nobody holds it" } else { "" };
        let rule = retry.rule.map_or(String::new(), |rule| format!(" [rule {rule}]"));
        self.line(
            "A try",
            format!("would end {}{once}{flags}: {}{rule}", retry.outcome.name(), retry.reason),
        );
        self.line("A try", format!("status `{status}`, {} of {most} attempts", retry.attempts));
        if let (Some(from), Some(until)) = (retry.next_from, retry.next_until) {
            let range = match from == until {
                true => ago(from, self.now),
                false => format!("{} to {}", ago(from, self.now), ago(until, self.now)),
            };
            self.line("A try", format!("next time {range}"));
        }
        if let Some(payment) = &retry.payment {
            let becomes = match payment.from == payment.to.name() {
                true => format!("payment {} stays `{}`", payment.id, payment.from),
                false => format!("payment {} becomes `{}`", payment.id, payment.to.name()),
            };
            self.line("A try", becomes);
        } else if retry.outcome != Outcome::Applied {
            self.line("A try", "no payment changes");
        }
    }

    fn held(&mut self, event: &Explain) {
        match &event.held.claim {
            Some(Claim { status, at: Some(at), .. }) => {
                let at = self.time(*at);
                self.line("Claim", format!("`{status}` of the service, {at}"));
            }
            Some(Claim { status, .. }) => self.line("Claim", format!("`{status}` of the service")),
            None => self.line("Claim", "none"),
        }
        let row = self.lock(&event.held.row);
        self.line("Row lock", row);
        for payment in &event.held.payments {
            if payment.lock != RowLock::Free && !matches!(payment.lock, RowLock::Unknown { .. }) {
                let lock = self.lock(&payment.lock);
                self.line("Payment lock", format!("{}: {lock}", payment.id));
            }
        }
        match &event.held.run {
            RunLock::Free => self.line("Run lock", "free: no batch runs"),
            RunLock::Held { by, until, .. } => {
                self.line("Run lock", by);
                if let Some(until) = until {
                    let until = self.time(*until);
                    self.line("Run lock", format!("ends {until}, unless it is renewed"));
                }
            }
            RunLock::Unknown { why } => self.line("Run lock", format!("not known: {why}")),
        }
    }

    fn lock(&self, lock: &RowLock) -> String {
        match lock {
            RowLock::Free => "free".into(),
            RowLock::Unknown { why } => format!("not known: {why}"),
            RowLock::Held { sessions } => {
                let told = sessions.iter().map(|session| {
                    let user = session.user.as_ref().map_or(String::new(), |user| format!(" of `{user}`"));
                    let program =
                        session.program.as_ref().map_or(String::new(), |program| format!(" ({program})"));
                    let since = session
                        .since
                        .map_or(String::new(), |at| format!(", its transaction began {}", ago(at, self.now)));
                    format!("session {}{user}{program}{since}", session.id)
                });
                match sessions.len() {
                    0 => "held by a transaction; who it is, this role may not see".into(),
                    1 => format!("held by {}", told.collect::<String>()),
                    _ => format!("held by one of: {}", told.collect::<Vec<_>>().join("; ")),
                }
            }
        }
    }
}

fn told(payment: &PaymentOf, reference: &str, provider: &str) -> String {
    let whose = match payment.provider == provider {
        true => String::new(),
        false => format!(", of `{}` and so not this event's", payment.provider),
    };
    let PaymentOf { id, status, amount, currency, .. } = payment;
    format!("{id} · {amount} {currency} in minor units · {status} · reference {reference}{whose}")
}
