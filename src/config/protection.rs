//! Which environment a context is, and whether that protects it. What nobody names is production: a context that says
//! too little is guarded too much, and never too little.

use super::{Chooser, Context, Origin, Sourced};

/// Names of environments that protect a context, in any case. The limits' defaults follow the application's own rule,
/// which knows `production` alone.
const PROTECTED: [&str; 3] = ["production", "prod", "live"];

/// Laravel's config/app.php: `env('APP_ENV', 'production')`.
pub const UNNAMED: &str = "production";

impl Context {
    /// The environment: as the section says, else the application, else `APP_ENV`, else production. A section that
    /// stands alone takes nothing from the surroundings.
    pub(super) fn configured_env(&self, alone: bool) -> Option<Sourced<String>> {
        if let Some(file) = &self.file
            && let Some(name) = file.section.environment.as_ref().filter(|name| !name.trim().is_empty())
        {
            return Some(Sourced::new(name.clone(), file.origin("environment")));
        }
        let named = match &self.app {
            Some(app) => app.value("app.env", &["APP_ENV"]),
            None if alone => None,
            None => self
                .environment
                .filled("APP_ENV")
                .map(|name| Sourced::new(Some(name.to_owned()), Origin::Variable("APP_ENV".into()))),
        };
        match named {
            Some(Sourced { value: Some(name), origin }) => Some(Sourced::new(name, origin)),
            _ if self.chooser == Chooser::Nothing => None,
            _ => Some(Sourced::new(UNNAMED.into(), Origin::Default)),
        }
    }

    /// Whether the section says so, or the environment is one that is to be protected.
    pub(super) fn is_protected(&self) -> bool {
        let said = self.file.as_ref().and_then(|file| file.section.protected);
        said.unwrap_or_else(|| self.app_env.as_ref().is_some_and(|env| protects(&env.value)))
    }

    /// Why the context is protected, or why not; `None` where nothing names a place.
    pub fn protected_because(&self) -> Option<String> {
        if let Some(file) = self.file.as_ref().filter(|file| file.section.protected.is_some()) {
            return Some(file.origin("protected").to_string());
        }
        let environment = self.app_env.as_ref()?;
        let unnamed = environment.origin == Origin::Default || environment.value.trim().is_empty();
        Some(match unnamed {
            true => "no environment is named".into(),
            false => format!("its environment is {}", environment.value),
        })
    }
}

/// Whether an environment of this name protects a context; an empty name is none.
fn protects(environment: &str) -> bool {
    let name = environment.trim();
    name.is_empty() || PROTECTED.iter().any(|known| name.eq_ignore_ascii_case(known))
}
