//! What a check may find: each rule by its id, why it matters, and what repairs it.

use serde::{Serialize, Serializer};

/// Makes the enum of rules and the table of their ids and meanings from one list.
macro_rules! rules {
    ($($name:ident $id:literal $means:literal,)+) => {
        /// A rule that isolation keeps.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $(#[doc = $means] $name,)+
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Rule] = &[$(Rule::$name,)+];

            /// Its id.
            pub const fn id(self) -> &'static str {
                match self { $(Rule::$name => $id,)+ }
            }

            /// What is wrong where it is broken, in a few words.
            pub const fn means(self) -> &'static str {
                match self { $(Rule::$name => $means,)+ }
            }
        }
    };
}

rules! {
    RlsOff "rls-off" "row-level security is not enabled",
    RlsNotForced "rls-not-forced" "row-level security does not bind the table's owner",
    NoPolicy "no-policy" "row-level security is enabled, and no policy admits anything",
    PolicyGap "policy-gap" "the application may do something that no policy admits",
    PolicyTrue "policy-true" "a policy admits every row",
    PolicyWithoutTenant "policy-without-tenant" "a policy admits rows without asking for the tenant",
    OpenWithoutTenant "open-without-tenant" "without a tenant a policy admits every tenant's rows",
    OwnerAccess "owner-access" "inside a tenant a policy adds a user's rows of other tenants",
    OwnerAccessWrites "owner-access-writes" "a policy lets a user write rows without a tenant",
    CheckOpen "check-open" "rows of other tenants may be written",
    CheckMissing "check-missing" "a policy that lets rows be written has no WITH CHECK of its own",
    TenantFallback "tenant-fallback" "where no tenant is entered, another one is taken",
    SeveralVariables "several-variables" "policies read the tenant from several variables",
    RoleSuperuser "role-superuser" "the application is a superuser",
    RoleBypassRls "role-bypassrls" "the application's role has BYPASSRLS",
    RoleOwner "role-owner" "the application owns tenant tables",
    SchemaOwner "schema-owner" "the application owns the schema: it may drop the tables, and the function behind the policies",
    RoleMember "role-member" "the application may act as a role that is not bound",
    RoleCreateRole "role-createrole" "the application may make itself a member of other roles",
    RoleReplication "role-replication" "the application may read the stream of all changes",
    OperatorBound "operator-bound" "the operator is bound by policies, and cannot work across tenants",
    VariableSet "variable-set" "connections begin inside a tenant",
    VariableKept "variable-kept" "a function sets the tenant for the whole session, not for its transaction",
    ViewDefiner "view-definer" "a view shows rows with the rights of an owner who is not bound",
    MaterializedView "materialized-view" "a materialized view holds rows of all tenants",
    FunctionDefiner "function-definer" "a function reaches rows with the rights of an owner who is not bound",
    RewriteRule "rewrite-rule" "a rule works with the rights of an owner who is not bound",
    PartitionReachable "partition-reachable" "a partition can be reached past its parent's policies",
    ForeignKey "foreign-key" "a row may refer to another tenant's row",
    UniqueKey "unique-key" "a duplicate tells of another tenant's row",
    TenantNullable "tenant-nullable" "rows may belong to nobody",
    GrantTruncate "grant-truncate" "the application may truncate the table: no policy is asked",
    GrantTrigger "grant-trigger" "the application may add triggers, which run as whoever writes",
    GrantReferences "grant-references" "the application may refer to rows that it cannot see",
    HelperVolatile "helper-volatile" "the function behind a policy is volatile",
    HelperOwned "helper-owned" "the application may replace the function behind a policy",
    HelperSearchPath "helper-search-path" "the function behind a policy finds names by the caller's search path",
    NoView "no-view" "no view shows the present tenant's rows alone",
    ViewUnchecked "view-unchecked" "rows of other tenants may be written through the view",
    ViewInvoker "view-invoker" "the view works with the rights of who asks, who then needs rights on the table",
    ViewUnfiltered "view-unfiltered" "a view shows rows of all tenants",
    NoTrigger "no-trigger" "no trigger refuses other tenants' rows",
    RoleGlobal "role-global" "the application has rights over the whole server",
    TableRights "table-rights" "the application has rights on the table itself",
    SeesWithoutTenant "sees-without-tenant" "without a tenant rows are seen",
    WritesWithoutTenant "writes-without-tenant" "without a tenant rows are written",
    SeesOthers "sees-others" "inside a tenant rows of others are seen",
    UpdatesOthers "updates-others" "inside a tenant rows of others are updated",
    DeletesOthers "deletes-others" "inside a tenant rows of others are deleted",
    InsertsForOthers "inserts-for-others" "inside a tenant rows are inserted for others",
    MovesToOthers "moves-to-others" "a row can be moved to another tenant",
    VariableStays "variable-stays" "the tenant outlives its transaction",
    MalformedTenant "malformed-tenant" "a tenant that is none shows rows",
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Rule {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Rule".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let ids: Vec<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        schemars::json_schema!({"type": "string", "enum": ids})
    }
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The table, with its schema where there is one; empty for what concerns all of them.
    pub table: String,
    /// The rule.
    pub rule: Rule,
    /// Why it is broken here, in one sentence without a full stop.
    pub why: String,
    /// What repairs it: SQL, to be looked at before it is run.
    pub repair: String,
}

/// Something that could not be shown, and is therefore not claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unproved {
    /// The table; empty for what concerns all of them.
    pub table: String,
    /// What was to be shown.
    pub what: String,
    /// Why it could not be.
    pub why: String,
}

/// A rule broken at a table.
pub(super) fn broken(
    table: impl Into<String>,
    rule: Rule,
    why: impl Into<String>,
    repair: impl Into<String>,
) -> Finding {
    Finding { table: table.into(), rule, why: why.into(), repair: repair.into() }
}
