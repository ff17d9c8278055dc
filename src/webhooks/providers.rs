//! The rules by which a body tells which payment it is about and how that payment stands: one per provider, and
//! the service's own generic rule behind them.

/// Where one provider writes its references and its status.
#[derive(Debug)]
pub struct Rule {
    /// Provider, as in the column `provider`; `generic` for the service's own rule.
    pub name: &'static str,
    /// Paths of references, the likeliest first.
    pub references: &'static [&'static str],
    /// Paths of the status word, in the order in which they are asked.
    pub statuses: &'static [&'static str],
    /// Further words for a payment that succeeded.
    pub succeeded: &'static [&'static str],
    /// Further words for a payment that failed.
    pub failed: &'static [&'static str],
    /// Where the body says what its object is: of a refund or a dispute the status is not the payment's.
    pub kind: Option<&'static str>,
}

/// Width of the column `provider_ref`, in characters: a longer text names no payment.
pub const REFERENCE_WIDTH: usize = 191;
/// Words that every provider's status is compared with, in lower case.
pub const SUCCEEDED: &[&str] = &[
    "paid",
    "succeeded",
    "success",
    "completed",
    "captured",
    "charge.succeeded",
    "payment_intent.succeeded",
    "paid_out",
    "settled",
];
/// Likewise for payments that failed.
pub const FAILED: &[&str] = &[
    "failed",
    "canceled",
    "cancelled",
    "void",
    "expired",
    "denied",
    "rejected",
    "charge.failed",
    "payment_intent.canceled",
];
/// Parts of a kind that make its status another thing's.
pub const NOT_A_PAYMENT: &[&str] =
    &["refund", "dispute", "chargeback", "reversed", "reversal", "payout", "adjustment"];

/// The service's own rule: references and status as its processor reads them.
pub const GENERIC: Rule = Rule {
    name: "generic",
    references: &[
        "id",
        "data.object.id",
        "data.id",
        "resource.id",
        "payment_id",
        "order_id",
        "external_id",
        "invoice_id",
        "reference",
        "reference_id",
        "merchant_reference",
    ],
    statuses: &["status", "payment_status", "transaction_status", "data.status", "resource.status"],
    succeeded: &[],
    failed: &[],
    kind: None,
};
/// The service's last word: exactly JSON `true` there is success.
pub const PAID_FLAG: &str = "paid";
/// Midtrans settles card payments only when its fraud check accepts them.
pub const FRAUD_STATUS: &str = "fraud_status";

const fn rule(
    name: &'static str,
    references: &'static [&'static str],
    statuses: &'static [&'static str],
) -> Rule {
    Rule { name, references, statuses, succeeded: &[], failed: &[], kind: None }
}

impl Rule {
    const fn words(mut self, succeeded: &'static [&'static str], failed: &'static [&'static str]) -> Self {
        self.succeeded = succeeded;
        self.failed = failed;
        self
    }

    const fn kind(mut self, path: &'static str) -> Self {
        self.kind = Some(path);
        self
    }
}

/// One rule per provider of the service's catalogue.
pub const RULES: [Rule; 15] = [
    rule("mock", &["id"], &["status"]),
    // Invoice callbacks, and payment callbacks with the payment under `data`.
    rule("xendit", &["external_id", "id", "data.reference_id", "data.id"], &["status", "data.status"])
        .words(&[], &["voided"])
        .kind("event"),
    rule("midtrans", &["order_id", "transaction_id"], &["transaction_status"])
        .words(&["capture", "settlement"], &["deny", "expire", "cancel", "failure"]),
    // A checkout session is paid by its `payment_status`; its `status` only says that the page was left.
    rule(
        "stripe",
        &["data.object.id", "data.object.payment_intent", "data.object.client_reference_id"],
        &["data.object.payment_status", "data.object.status"],
    )
    .words(&[], &[])
    .kind("data.object.object"),
    rule(
        "paypal",
        &[
            "resource.id",
            "resource.supplementary_data.related_ids.order_id",
            "resource.custom_id",
            "resource.invoice_id",
        ],
        &["resource.status", "resource.state"],
    )
    .words(&[], &["declined", "voided"])
    .kind("event_type"),
    // Billing events; the classic form has no status word but the name of its alert.
    rule("paddle", &["data.id", "order_id", "checkout_id"], &["data.status", "alert_name"])
        .words(&["payment_succeeded"], &[])
        .kind("event_type"),
    rule("lemonsqueezy", &["data.id", "data.attributes.identifier"], &["data.attributes.status"])
        .kind("meta.event_name"),
    rule(
        "airwallex",
        &["data.object.id", "data.object.payment_intent_id", "data.object.merchant_order_id"],
        &["data.object.status"],
    )
    .kind("name"),
    rule("tripay", &["reference", "merchant_ref"], &["status"]),
    rule("doku", &["order.invoice_number", "transaction.original_request_id"], &["transaction.status"]),
    // SNAP codes: 00 success, 05 cancelled, 06 failed; 01 to 04 and 07 are not final.
    rule(
        "dana",
        &["originalPartnerReferenceNo", "originalReferenceNo"],
        &["latestTransactionStatus", "transactionStatusDesc"],
    )
    .words(&["00"], &["05", "06"]),
    // The simulator's form has `id` and `status`; the real callback its own names.
    rule("oy", &["partner_trx_id", "id"], &["payment_status", "status"]).words(&["complete"], &[]),
    rule("payoneer", &["data.payoutId", "data.payout_id", "id"], &["data.status", "status"])
        .words(&[], &["returned"]),
    // Skrill's numbers: 2 processed, 0 pending, -1 cancelled, -2 failed, -3 chargeback.
    rule("skrill", &["transaction_id", "mb_transaction_id"], &["status"]).words(&["2"], &["-1", "-2"]),
    rule("amazon_bwp", &["detail.orderId"], &["detail.paymentStatus", "detail.status"])
        .words(&["charged"], &[])
        .kind("detail-type"),
];

/// The rule of a provider; the generic one for a provider that is not in the catalogue.
pub fn rule_of(provider: &str) -> &'static Rule {
    static GENERIC_RULE: Rule = GENERIC;
    static TABLE: [Rule; 15] = RULES;
    TABLE.iter().find(|rule| rule.name == provider).unwrap_or(&GENERIC_RULE)
}

/// Names of all providers of the catalogue.
pub fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.name)
}

/// Every path that some rule asks for.
pub fn paths() -> impl Iterator<Item = &'static str> {
    let of = |rule: &Rule| [rule.references, rule.statuses].concat().into_iter().chain(rule.kind);
    RULES
        .iter()
        .flat_map(of)
        .chain(of(&GENERIC))
        .chain([PAID_FLAG, FRAUD_STATUS])
        .collect::<Vec<_>>()
        .into_iter()
}
