//! Master taxonomies: the rows that every tenant gets a copy of, read from a file or from opsctl's table.
//!
//! A row is known by its type and code; its parent is a row of the same type. Types and codes are plain ASCII, and two
//! that differ in case alone are one, since MySQL and MariaDB compare them so.

mod columns;
mod import;
mod order;
mod read;
mod store;

use serde::Serialize;
use sha2::{Digest, Sha256};

pub use self::{
    import::{Import, ImportCounts, ImportItem, ImportReport, Outcome, import},
    read::{FILE_LIMIT, Rows, read},
    store::{MASTER, master},
};

/// What one row says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Taxonomy {
    /// What it is a kind of: `garment_type`.
    pub r#type: String,
    /// Its name for programs, unique within its type.
    pub code: String,
    /// Its name for people.
    pub name: String,
    /// The code of the row of the same type that it belongs under.
    pub parent_code: Option<String>,
    /// Its place among its neighbours.
    pub sort_order: i32,
    /// Whether it is in use.
    pub is_active: bool,
}

impl Taxonomy {
    /// SHA-256 of what it says, in hexadecimal digits: another row has another one.
    pub fn checksum(&self) -> String {
        // JSON keeps the members apart, whatever they hold.
        let Self { r#type, code, name, parent_code, sort_order, is_active } = self;
        let text = serde_json::json!([r#type, code, name, parent_code, sort_order, is_active]).to_string();
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What it is known by, as the engines compare it.
    fn key(&self) -> (String, String) {
        (self.r#type.to_ascii_lowercase(), self.code.to_ascii_lowercase())
    }

    fn parent_key(&self) -> Option<(String, String)> {
        let parent = self.parent_code.as_ref()?;
        Some((self.r#type.to_ascii_lowercase(), parent.to_ascii_lowercase()))
    }
}

/// One row that a tenant gets a copy of, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Source {
    /// What it says.
    #[serde(flatten)]
    pub taxonomy: Taxonomy,
    /// Its id in the master table; a row of a file has none.
    pub master_id: Option<String>,
    /// How often the master row was changed, its making included; a row of a file has none.
    pub version: Option<i64>,
    /// Of what it says.
    pub checksum: String,
}

impl From<Taxonomy> for Source {
    fn from(taxonomy: Taxonomy) -> Self {
        let checksum = taxonomy.checksum();
        Self { taxonomy, master_id: None, version: None, checksum }
    }
}

/// The rows of a file as a tenant gets them, parents first.
///
/// # Errors
/// [`crate::Kind::Failed`], with every line that is bad; a parent must stand in the file.
pub fn of_file(bytes: &[u8], file: &str) -> crate::Result<Vec<Source>> {
    let rows = read(bytes, file)?;
    rows.fit([])?;
    Ok(order::parents_first(rows.into_taxonomies().map(Source::from).collect(), |source| &source.taxonomy))
}

/// The rows that `db seed` and the demo begin with.
pub const FIXTURE: &[u8] = include_bytes!("../../../fixtures/taxonomies.csv");
