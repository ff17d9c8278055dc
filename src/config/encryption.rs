//! The application's keys (`config/app.php`), for what it encrypted.

use secrecy::SecretString;

use super::{Context, application::scalar};
use crate::{Error, Result};

/// Keys, as they are written down.
#[derive(Debug, Clone)]
pub struct Keys {
    /// `AES-256-CBC`, or another of `app.cipher`.
    pub cipher: String,
    /// The present one, and then those of the past.
    pub keys: Vec<SecretString>,
}

impl Context {
    /// The application's keys: `app.key` and `app.previous_keys`.
    ///
    /// # Errors
    /// There is no application, or it has no key.
    pub fn keys(&self) -> Result<Keys> {
        let set = |path: &str, names: &[&str]| self.app.as_ref()?.value(path, names)?.value;
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let key = filled(set("app.key", &["APP_KEY"])).ok_or_else(|| {
            Error::config("the application's key is not known")
                .because("what is encrypted is read with APP_KEY, and nowhere is one set")
                .hint("run in the application's folder: `--app DIR`")
        })?;
        let mut keys = vec![SecretString::from(key)];
        keys.extend(self.previous_keys().into_iter().map(SecretString::from));
        let cipher = filled(set("app.cipher", &[])).unwrap_or_else(|| "AES-256-CBC".to_owned());
        Ok(Keys { cipher, keys })
    }

    /// A list in the cached configuration, with commas between them in a variable.
    fn previous_keys(&self) -> Vec<String> {
        let Some(app) = &self.app else { return Vec::new() };
        let texts: Vec<String> = match app.tree("app.previous_keys") {
            Some((serde_json::Value::Array(keys), _)) => keys.iter().filter_map(scalar).collect(),
            Some((value, _)) => scalar(value).into_iter().collect(),
            None => app.value("", &["APP_PREVIOUS_KEYS"]).and_then(|found| found.value).into_iter().collect(),
        };
        let each = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
        each.filter(|key| !key.is_empty()).map(str::to_owned).collect()
    }
}
