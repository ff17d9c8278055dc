//! Which of the known systems a database belongs to.

use super::settings::{self, Settings};

/// A system whose tables, settings and commands opsctl knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// The payment-webhook service.
    Webhooks,
    /// The laundry SaaS.
    Laundry,
    /// The multi-tenant platform with clusters.
    Platform,
    /// Any other Laravel application.
    Laravel,
}

impl System {
    /// Every system, in the order in which it is looked for.
    pub const ALL: [System; 4] = [System::Webhooks, System::Laundry, System::Platform, System::Laravel];

    /// Tables that are there exactly when the system is. Of a platform they are those of its tenants: tables named
    /// `opsctl_…` stand beside any application.
    const fn marks(self) -> &'static [&'static str] {
        match self {
            System::Webhooks => &["webhook_events"],
            System::Laundry => &["wa_messages", "audit_events", "quota_usage"],
            System::Platform => &["taxonomies", "tenant_user"],
            System::Laravel => &["migrations"],
        }
    }

    /// The word in `OPSCTL_SYSTEM`, `system = "…"` and in output.
    pub const fn name(self) -> &'static str {
        match self {
            System::Webhooks => "webhooks",
            System::Laundry => "laundry",
            System::Platform => "platform",
            System::Laravel => "laravel",
        }
    }

    /// From its word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }

    /// Its table of settings.
    pub fn settings(self) -> &'static Settings {
        match self {
            System::Webhooks => &settings::WEBHOOKS,
            System::Laundry | System::Platform | System::Laravel => &settings::LARAVEL,
        }
    }
}

/// The systems whose tables are among `tables` (names without prefix); plain Laravel only when no other is.
pub fn detect<'a>(tables: impl IntoIterator<Item = &'a str>) -> Vec<System> {
    let tables: Vec<&str> = tables.into_iter().collect();
    let found = |system: &System| system.marks().iter().all(|mark| tables.contains(mark));
    let known: Vec<System> = System::ALL[..3].iter().copied().filter(found).collect();
    if known.is_empty() && found(&System::Laravel) { vec![System::Laravel] } else { known }
}

/// The system whose own variables the environment sets, and the first of them.
pub fn detect_from_variables<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<(System, &'a str)> {
    let name = names.into_iter().find(|name| name.starts_with("TENRUSL_"))?;
    Some((System::Webhooks, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_told_by_their_tables() {
        assert_eq!(detect(["webhook_events", "payments", "migrations"]), [System::Webhooks]);
        assert_eq!(detect(["wa_messages", "audit_events", "quota_usage", "migrations"]), [System::Laundry]);
        assert_eq!(
            detect(["webhook_events", "taxonomies", "tenant_user"]),
            [System::Webhooks, System::Platform]
        );
        assert_eq!(detect(["migrations", "users"]), [System::Laravel]);
        assert!(detect(["users"]).is_empty());
    }
}
