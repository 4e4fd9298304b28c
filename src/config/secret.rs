//! Secrets: named in the configuration, had from the environment or from a file only its owner may read.
//!
//! Keeps the invariant that a secret is never in the configuration value, in debug output or in an error.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Serialize;

use crate::config::environment::Environment;
use crate::config::error::{SecretError, SecretProblem};

/// Keys and tokens are short; a larger file is the wrong file.
const SECRET_BYTES_MAX: u64 = 65_536;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// `{ env = "PAX8_SECRET" }`.
    Env(String),
    /// `{ file = "secrets/pax8" }`, relative to the folder of the configuration file.
    File(PathBuf),
}

impl SecretSource {
    /// Fetches the secret. `setting` names it in errors.
    ///
    /// # Errors
    /// [`SecretError`] says which setting and why.
    pub fn resolve(
        &self,
        setting: &str,
        folder: &Path,
        environment: &Environment,
    ) -> Result<SecretString, SecretError> {
        let found = match self {
            Self::Env(name) => environment.get(name).map(Into::into).ok_or_else(|| SecretProblem::NotSet(name.clone())),
            Self::File(file) => read_secret(&folder.join(file)),
        };
        found.map_err(|problem| SecretError { setting: setting.to_owned(), problem })
    }
}

fn read_secret(path: &Path) -> Result<SecretString, SecretProblem> {
    let unreadable = |source| SecretProblem::Unreadable { file: path.to_owned(), source };
    let unusable = |what| SecretProblem::Unusable { file: path.to_owned(), what };
    let file = File::open(path).map_err(unreadable)?;
    // Asked of the open file, so that what was judged is what is read.
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(unusable("is not a file"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        private_to(path, metadata.mode(), metadata.uid(), rustix::process::geteuid().as_raw())?;
    }
    let mut text = String::new();
    file.take(SECRET_BYTES_MAX.saturating_add(1)).read_to_string(&mut text).map_err(unreadable)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > SECRET_BYTES_MAX {
        return Err(unusable("is too large for a secret"));
    }
    // Editors end a file with a line break; no secret does.
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(unusable("is empty")),
        secret => Ok(SecretString::from(secret)),
    }
}

/// Root's files are accepted too: service managers hand secrets over that way.
#[cfg(unix)]
fn private_to(path: &Path, mode: u32, owner: u32, me: u32) -> Result<(), SecretProblem> {
    if mode & 0o077 != 0 {
        return Err(SecretProblem::TooOpen { file: path.to_owned(), mode: mode & 0o7777 });
    }
    if owner != me && owner != 0 {
        return Err(SecretProblem::NotOurs { file: path.to_owned(), owner, me });
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn only_a_file_nobody_else_can_touch_is_believed() {
        let judge = |mode, owner, me| private_to(Path::new("key"), mode, owner, me).is_ok();
        for mode in [0o600, 0o400, 0o100_600] {
            assert!(judge(mode, 7, 7), "{mode:o}");
            assert!(judge(mode, 0, 7), "handed over by root, {mode:o}");
            assert!(!judge(mode, 8, 7), "somebody else's, {mode:o}");
        }
        for mode in [0o640, 0o604, 0o620, 0o602, 0o644, 0o601] {
            assert!(!judge(mode, 7, 7), "{mode:o}");
        }
    }

    #[test]
    fn a_file_gives_its_text_without_the_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str, mode| {
            let path = folder.path().join("key");
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            SecretSource::File("key".into()).resolve("s", folder.path(), &Environment::default())
        };
        assert_eq!(read("hunter2\r\n", 0o600).unwrap().expose_secret(), "hunter2");
        assert!(read("hunter2", 0o644).is_err());
        assert!(read("\n", 0o600).is_err());
        let large = "x".repeat(usize::try_from(SECRET_BYTES_MAX).unwrap() + 1);
        assert!(read(&large, 0o600).unwrap_err().to_string().ends_with("is too large for a secret"));
    }

    #[test]
    fn an_empty_variable_is_no_secret_and_a_debug_view_shows_none() {
        let environment = Environment::of([("EMPTY", ""), ("KEY", "hunter2")]);
        let get = |name: &str| SecretSource::Env(name.into()).resolve("s", Path::new(""), &environment);
        assert!(get("EMPTY").is_err() && get("OTHER").is_err());
        let shown = format!("{:?} {environment:?}", get("KEY").unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
