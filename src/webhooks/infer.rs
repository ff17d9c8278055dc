//! What a body means: references to try, and how the payment stands.

mod trail;

use serde::Serialize;

pub use self::trail::{About, Look};
use self::trail::{Trail, unusable};
use super::{
    PaymentStatus,
    body::{Body, Scalar},
    providers::{self, FAILED, GENERIC, NOT_A_PAYMENT, REFERENCE_WIDTH, Rule, SUCCEEDED},
};

/// A reference found in a body, and the rule that found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reference {
    /// The text.
    pub value: String,
    /// Where it stood.
    pub path: &'static str,
    /// Name of the rule.
    pub rule: &'static str,
}

/// What one body says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reading {
    /// References, the likeliest first, each text once.
    pub references: Vec<Reference>,
    /// How the payment stands.
    pub status: PaymentStatus,
    /// The word that says so, as written.
    pub word: Option<String>,
    /// The rule by which the status was read.
    pub rule: &'static str,
}

/// Reads a body by the provider's rule, and by the service's generic one where that says nothing.
pub fn read(provider: &str, body: &Body) -> Reading {
    follow(provider, body, &mut ())
}

/// Reads a body as [`read`] does, and tells every place at which a rule looked, in order.
pub fn trace(provider: &str, body: &Body) -> (Reading, Vec<Look>) {
    let mut looks = Vec::new();
    let reading = follow(provider, body, &mut looks);
    (reading, looks)
}

fn follow(provider: &str, body: &Body, trail: &mut impl Trail) -> Reading {
    let own = providers::rule_of(provider);
    let mut references = own_references(own, body, trail);
    references.extend(generic_reference(body, &references, trail));
    let (status, word, rule) = status(own, body, trail);
    Reading { references, status, word, rule }
}

/// Reads a raw body.
///
/// # Errors
/// Says where the text stops being JSON.
pub fn read_raw(provider: &str, bytes: &[u8]) -> Result<Reading, String> {
    raw_body(provider, bytes).map(|body| read(provider, &body))
}

/// A raw body. Skrill and Paddle Classic send forms; everything else is JSON.
pub(super) fn raw_body(provider: &str, bytes: &[u8]) -> Result<Body, String> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let json = first.is_some_and(|byte| matches!(byte, b'{' | b'[' | b'"'));
    match bytes {
        [] => Ok(Body::default()),
        _ if !json && matches!(provider, "skrill" | "paddle") => Ok(Body::form(bytes)),
        _ => Body::json(bytes),
    }
}

/// A provider's references may be numbers: the field's own format decides, not JSON's.
fn own_references(rule: &'static Rule, body: &Body, trail: &mut impl Trail) -> Vec<Reference> {
    if rule.name == GENERIC.name {
        return Vec::new();
    }
    let mut found: Vec<Reference> = Vec::new();
    for path in rule.references {
        let value = body.get(path);
        let text = match value {
            Some(Scalar::Text(text)) => Some(text.trim()),
            Some(Scalar::Number(number)) => Some(number.as_str()),
            _ => None,
        };
        let verdict = match text {
            Some(text) if fits(text) => new_or_known(text, &found),
            Some(text) => (false, unfit(text)),
            None => (false, unusable(value)),
        };
        trail.look(|| Look::new(rule.name, About::Reference, path, value, verdict));
        if let (true, Some(text)) = (verdict.0, text) {
            found.push(Reference { value: text.to_owned(), path, rule: rule.name });
        }
    }
    found
}

/// The generic rule takes the first non-empty text that may be a reference and nothing else, as the service does.
fn generic_reference(body: &Body, known: &[Reference], trail: &mut impl Trail) -> Option<Reference> {
    for path in GENERIC.references {
        let value = body.get(path);
        let (text, verdict) = match value {
            Some(Scalar::Text(text)) if fits(text) => (Some(text), new_or_known(text, known)),
            Some(Scalar::Text(text)) => (None, (false, unfit(text))),
            _ => (None, (false, unusable(value))),
        };
        trail.look(|| Look::new(GENERIC.name, About::Reference, path, value, verdict));
        if let Some(text) = text {
            return verdict.0.then(|| Reference { value: text.clone(), path, rule: GENERIC.name });
        }
    }
    None
}

fn new_or_known(text: &str, found: &[Reference]) -> (bool, &'static str) {
    if found.iter().all(|known| known.value != text) {
        (true, "a reference")
    } else {
        (false, "the same as above")
    }
}

fn fits(value: &str) -> bool {
    // No column of text holds a control character that was meant; PostgreSQL takes no NUL at all.
    !value.is_empty() && value.chars().count() <= REFERENCE_WIDTH && !value.chars().any(char::is_control)
}

/// Why a text is no reference.
fn unfit(value: &str) -> &'static str {
    match value {
        "" => "it is empty",
        _ if value.chars().any(char::is_control) => "it holds control characters",
        _ => "it is longer than the column of references",
    }
}

fn status(
    own: &'static Rule,
    body: &Body,
    trail: &mut impl Trail,
) -> (PaymentStatus, Option<String>, &'static str) {
    if own.name == GENERIC.name {
        return generic_status(body, trail);
    }
    if let Some(kind) = another_kind(own, body, trail) {
        return (PaymentStatus::Pending, Some(kind), own.name);
    }
    let mut first = None;
    for path in own.statuses {
        let value = body.get(path);
        let Some(word) = value.and_then(word) else {
            trail.look(|| Look::new(own.name, About::Status, path, value, (false, unusable(value))));
            continue;
        };
        let status = meaning(own, body, &word);
        trail.look(|| Look::new(own.name, About::Status, path, value, means(own, body, &word, status)));
        if status.is_final() {
            return (status, Some(word), own.name);
        }
        first.get_or_insert(word);
    }
    if let Some(word) = first {
        return (PaymentStatus::Pending, Some(word), own.name); // a word that nobody documents decides nothing
    }
    generic_status(body, trail)
}

/// The word by which a body says that it is about something else than a payment.
fn another_kind(own: &'static Rule, body: &Body, trail: &mut impl Trail) -> Option<String> {
    let path = own.kind?;
    let value = body.get(path);
    let kind = value.and_then(word);
    let other = |kind: &&String| NOT_A_PAYMENT.iter().any(|part| kind.to_lowercase().contains(part));
    let found = kind.as_ref().filter(other).cloned();
    trail.look(|| {
        let why = match (&found, &kind) {
            (Some(_), _) => "the status is that of another thing than a payment: the payment is pending",
            (None, Some(_)) => "names no refund and no dispute",
            (None, None) => unusable(value),
        };
        Look::new(own.name, About::Kind, path, value, (found.is_some(), why))
    });
    found
}

/// The service stops at the first value that is not null, an empty text included.
fn generic_status(body: &Body, trail: &mut impl Trail) -> (PaymentStatus, Option<String>, &'static str) {
    let (mut status, mut said) = (PaymentStatus::Pending, None);
    for path in GENERIC.statuses {
        let value = body.get(path);
        said = value.and_then(word);
        if let Some(word) = &said {
            status = meaning(&GENERIC, body, word);
            trail.look(|| {
                Look::new(GENERIC.name, About::Status, path, value, means(&GENERIC, body, word, status))
            });
        } else {
            trail.look(|| Look::new(GENERIC.name, About::Status, path, value, (false, unusable(value))));
        }
        if value.is_some_and(|value| *value != Scalar::Null) {
            break;
        }
    }
    if status.is_final() {
        return (status, said, GENERIC.name);
    }
    let value = body.get(providers::PAID_FLAG);
    let paid = value == Some(&Scalar::Bool(true));
    trail.look(|| {
        let why = if paid { "exactly `true`: succeeded" } else { "it is not exactly `true`" };
        Look::new(GENERIC.name, About::Status, providers::PAID_FLAG, value, (paid, why))
    });
    match paid {
        true => (PaymentStatus::Succeeded, Some("paid: true".into()), GENERIC.name),
        false => (status, said, GENERIC.name),
    }
}

/// What a word of status comes to, for the trail.
fn means(rule: &Rule, body: &Body, word: &str, status: PaymentStatus) -> (bool, String) {
    let fraud = body.get(providers::FRAUD_STATUS).and_then(self::word);
    let why = match (status.is_final(), fraud) {
        (_, Some(fraud)) if is_capture(rule, word) => {
            format!("{}, as `{}` is `{fraud}`", status.name(), providers::FRAUD_STATUS)
        }
        (true, _) => format!("means {}", status.name()),
        (false, _) => "no word that decides anything".to_owned(),
    };
    (status.is_final(), why)
}

fn word(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Scalar::Number(number) => Some(number.clone()),
        Scalar::Bool(_) | Scalar::Null | Scalar::Other => None,
    }
}

fn meaning(rule: &Rule, body: &Body, word: &str) -> PaymentStatus {
    let word = word.to_lowercase();
    let is = |own: &[&str], all: &[&str]| own.iter().chain(all).any(|known| *known == word);
    if is_capture(rule, &word) {
        return fraud_verdict(body);
    }
    if is(rule.succeeded, SUCCEEDED) {
        PaymentStatus::Succeeded
    } else if is(rule.failed, FAILED) {
        PaymentStatus::Failed
    } else {
        PaymentStatus::Pending
    }
}

fn is_capture(rule: &Rule, word: &str) -> bool {
    rule.name == "midtrans" && word.eq_ignore_ascii_case("capture")
}

/// A captured card payment is the merchant's only when the fraud check accepted it: `challenge` waits for a person.
fn fraud_verdict(body: &Body) -> PaymentStatus {
    match body.get(providers::FRAUD_STATUS).and_then(word).as_deref() {
        None | Some("accept") => PaymentStatus::Succeeded,
        Some("deny") => PaymentStatus::Failed,
        Some(_) => PaymentStatus::Pending,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn reading(provider: &str, body: &str) -> (Vec<String>, PaymentStatus) {
        let reading = read(provider, &Body::json(body.as_bytes()).unwrap());
        (reading.references.into_iter().map(|reference| reference.value).collect(), reading.status)
    }

    #[test]
    fn every_provider_gives_its_useful_reference_first_and_its_status() {
        use PaymentStatus::{Failed, Pending, Succeeded};
        let cases = [
            ("mock", r#"{"id":"m1","status":"paid"}"#, "m1", Succeeded),
            ("xendit", r#"{"id":"inv_1","external_id":"X1","status":"SETTLED"}"#, "X1", Succeeded),
            (
                "xendit",
                r#"{"event":"payment.succeeded","data":{"id":"py","reference_id":"X2","status":"SUCCEEDED"}}"#,
                "X2",
                Succeeded,
            ),
            ("xendit", r#"{"id":"inv_1","external_id":"X1","status":"EXPIRED"}"#, "X1", Failed),
            (
                "midtrans",
                r#"{"transaction_id":"t","order_id":"O1","transaction_status":"settlement"}"#,
                "O1",
                Succeeded,
            ),
            ("midtrans", r#"{"order_id":77,"transaction_status":"deny"}"#, "77", Failed),
            (
                "midtrans",
                r#"{"order_id":"O1","transaction_status":"capture","fraud_status":"challenge"}"#,
                "O1",
                Pending,
            ),
            (
                "stripe",
                r#"{"id":"evt_1","data":{"object":{"id":"pi_1","object":"payment_intent","status":"succeeded"}}}"#,
                "pi_1",
                Succeeded,
            ),
            (
                "stripe",
                r#"{"id":"evt_1","data":{"object":{"id":"cs_1","object":"checkout.session","status":"complete","payment_status":"unpaid"}}}"#,
                "cs_1",
                Pending,
            ),
            (
                "stripe",
                r#"{"id":"evt_1","data":{"object":{"id":"re_1","object":"refund","status":"succeeded"}}}"#,
                "re_1",
                Pending,
            ),
            (
                "paypal",
                r#"{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"R1","status":"COMPLETED"}}"#,
                "R1",
                Succeeded,
            ),
            (
                "paypal",
                r#"{"id":"WH-1","event_type":"PAYMENT.CAPTURE.REFUNDED","resource":{"id":"R1","status":"COMPLETED"}}"#,
                "R1",
                Pending,
            ),
            ("paddle", r#"{"event_id":"e","data":{"id":"txn_1","status":"completed"}}"#, "txn_1", Succeeded),
            (
                "lemonsqueezy",
                r#"{"meta":{"event_name":"order_created"},"data":{"id":"9","attributes":{"status":"paid"}}}"#,
                "9",
                Succeeded,
            ),
            (
                "airwallex",
                r#"{"id":"evt_1","name":"payment_intent.succeeded","data":{"object":{"id":"int_1","status":"SUCCEEDED"}}}"#,
                "int_1",
                Succeeded,
            ),
            ("tripay", r#"{"reference":"T1","merchant_ref":"M1","status":"REFUND"}"#, "T1", Pending),
            (
                "doku",
                r#"{"order":{"invoice_number":"INV"},"transaction":{"status":"SUCCESS"}}"#,
                "INV",
                Succeeded,
            ),
            (
                "dana",
                r#"{"originalPartnerReferenceNo":"D1","latestTransactionStatus":"00"}"#,
                "D1",
                Succeeded,
            ),
            ("dana", r#"{"originalPartnerReferenceNo":"D1","latestTransactionStatus":"03"}"#, "D1", Pending),
            ("oy", r#"{"partner_trx_id":"P1","payment_status":"complete"}"#, "P1", Succeeded),
            ("oy", r#"{"id":"P1","status":"success"}"#, "P1", Succeeded),
            ("payoneer", r#"{"id":"e","data":{"payoutId":"PO","status":"completed"}}"#, "PO", Succeeded),
            ("skrill", r#"{"transaction_id":"S1","status":2}"#, "S1", Succeeded),
            ("skrill", r#"{"transaction_id":"S1","status":"-3"}"#, "S1", Pending),
            (
                "amazon_bwp",
                r#"{"id":"e","detail-type":"ORDER_PLACED","detail":{"orderId":"A1"}}"#,
                "A1",
                Pending,
            ),
        ];
        for (provider, body, reference, status) in cases {
            let (references, found) = reading(provider, body);
            assert_eq!(
                (references.first().map(String::as_str), found),
                (Some(reference), status),
                "{provider} {body}"
            );
        }
    }

    #[test]
    fn a_stranger_is_read_by_the_services_own_rule() {
        assert_eq!(
            reading("newpay", r#"{"id":"","order_id":"O","paid":true}"#),
            (vec!["O".into()], PaymentStatus::Succeeded)
        );
        assert_eq!(reading("newpay", r#"{"id":5,"status":{"x":1}}"#), (vec![], PaymentStatus::Pending));
        // An empty status is a status: the search stops there.
        assert_eq!(
            reading("newpay", r#"{"id":"a","status":"","payment_status":"paid"}"#).1,
            PaymentStatus::Pending
        );
    }

    #[test]
    fn a_reference_too_long_for_the_column_is_none() {
        let (references, _) = reading("mock", &format!(r#"{{"id":"{}"}}"#, "x".repeat(192)));
        assert!(references.is_empty());
    }

    #[test]
    fn a_reference_as_wide_as_the_column_is_read_in_any_script() {
        let wide = "\u{1f600}".repeat(REFERENCE_WIDTH);
        assert_eq!(reading("mock", &format!(r#"{{"id":"{wide}"}}"#)).0, [wide]);
    }

    /// A document that holds these texts at these paths.
    fn document(rows: &[(&str, Value)]) -> Value {
        let mut whole = json!({});
        for (path, value) in rows {
            let place = path.split('.').fold(&mut whole, |place, key| &mut place[key]);
            *place = value.clone();
        }
        whole
    }

    /// A rule, where its body says what, a word for how the payment stands, and what it means.
    fn said() -> impl Strategy<Value = (&'static Rule, &'static str, &'static str, String, PaymentStatus)> {
        let rule = prop::sample::select(providers::names().map(providers::rule_of).collect::<Vec<_>>());
        (
            rule,
            any::<prop::sample::Index>(),
            any::<prop::sample::Index>(),
            any::<prop::sample::Index>(),
            any::<bool>(),
        )
            .prop_map(|(rule, reference, status, word, upper)| {
                let words =
                    |known: &'static [&'static str], status| known.iter().map(move |word| (*word, status));
                let known: Vec<(&str, PaymentStatus)> = words(rule.succeeded, PaymentStatus::Succeeded)
                    .chain(words(SUCCEEDED, PaymentStatus::Succeeded))
                    .chain(words(rule.failed, PaymentStatus::Failed))
                    .chain(words(FAILED, PaymentStatus::Failed))
                    .chain([("waiting", PaymentStatus::Pending)])
                    .collect();
                let (word, meaning) = known[word.index(known.len())];
                let word = if upper { word.to_uppercase() } else { word.to_owned() };
                let reference = rule.references[reference.index(rule.references.len())];
                (rule, reference, rule.statuses[status.index(rule.statuses.len())], word, meaning)
            })
    }

    proptest! {
        #[test]
        fn a_body_made_by_a_rule_is_read_by_it(
            (rule, path, status_path, word, meaning) in said(),
            text in r"[^\s\pC]([^\pC]{0,189}[^\s\pC])?",
            number in prop::option::of(any::<u64>()),
        ) {
            let value = number.map_or_else(|| json!(text), |number| json!(number));
            let text = number.map_or(text, |number| number.to_string());
            let body = document(&[(path, value), (status_path, json!(word))]).to_string();
            let expected = Reading {
                references: vec![Reference { value: text, path, rule: rule.name }],
                status: meaning,
                word: Some(word),
                rule: rule.name,
            };
            prop_assert_eq!(&read(rule.name, &Body::json(body.as_bytes()).unwrap()), &expected);
            prop_assert_eq!(read_raw(rule.name, body.as_bytes()).unwrap(), expected);
        }

        #[test]
        fn a_form_made_by_a_rule_is_read_by_it(
            (rule, path, status_path, word, meaning) in said()
                .prop_filter("sent as a form", |said| matches!(said.0.name, "skrill" | "paddle"))
                .prop_filter("a form has no depth", |said| !said.1.contains('.') && !said.2.contains('.')),
            text in r"[^\s\pC]([^\pC]{0,189}[^\s\pC])?",
        ) {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            let form = form.append_pair(path, &text).append_pair(status_path, &word).finish();
            let reading = read_raw(rule.name, form.as_bytes()).unwrap();
            prop_assert_eq!(reading.references, [Reference { value: text, path, rule: rule.name }]);
            prop_assert_eq!((reading.status, reading.word), (meaning, Some(word)));
        }
    }
}
