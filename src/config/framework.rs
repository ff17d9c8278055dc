//! Which Laravel an application runs on.

use serde::Deserialize;

use super::{Context, application};

/// What Composer wrote down about installed packages (`vendor/composer/installed.json`, version 2).
#[derive(Deserialize)]
struct Installed {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

impl Context {
    /// Major and minor version of the application's framework; `None` where its folder does not tell.
    pub fn framework(&self) -> Option<(u16, u16)> {
        let path = self.app.as_ref()?.dir.join("vendor/composer/installed.json");
        version(&application::read(&path).ok()??)
    }
}

fn version(installed: &[u8]) -> Option<(u16, u16)> {
    let installed: Installed = serde_json::from_slice(installed).ok()?;
    let laravel = installed.packages.iter().find(|package| package.name == "laravel/framework")?;
    let mut numbers = laravel.version.trim_start_matches('v').split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_version_is_the_one_that_composer_installed() {
        let packages = |version| {
            format!(
                r#"{{"packages":[{{"name":"a/b","version":"1"}},{{"name":"laravel/framework","version":"{version}"}}],"dev":true}}"#
            )
        };
        assert_eq!(version(packages("v12.51.0").as_bytes()), Some((12, 51)));
        assert_eq!(version(packages("13.0.1").as_bytes()), Some((13, 0)));
        assert_eq!(version(packages("dev-master").as_bytes()), None);
        assert_eq!(version(b"{}"), None);
    }
}
