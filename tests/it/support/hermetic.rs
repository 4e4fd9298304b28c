//! A place to run the program in: its own folder and home, no inherited environment, everything it says kept together.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A configuration of both sides, read from the folder `exports`.
pub(crate) const EXPORTS: &str = r#"
[store]
url = "sqlite:trueup.db"

[connectors.distributor]
kind = "files"
side = "vendor"
folder = "exports"

[connectors.psa]
kind = "files"
side = "psa"
folder = "exports"
"#;

/// A folder of its own.
pub(crate) struct Place {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// Everything a command said and how it ended, as one text.
#[must_use]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: Option<i32>,
    line: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// A variable the program sees; it sees no other but its home and the search path.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Runs `trueup` in the folder, with words split at blanks; what stands in double quotes is one word.
    pub(crate) fn run(&self, line: &str) -> Ran {
        let output = self.start(line).wait_with_output().unwrap();
        let text = |bytes: &[u8]| self.without_folder(std::str::from_utf8(bytes).unwrap());
        Ran {
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            status: output.status.code(),
            line: line.to_owned(),
        }
    }

    /// Starts `trueup` in the folder, to be waited for.
    pub(crate) fn start(&self, line: &str) -> Child {
        self.start_in(Path::new(""), line)
    }

    /// The same in a folder below it.
    pub(crate) fn start_in(&self, folder: &Path, line: &str) -> Child {
        self.command(folder, line).spawn().unwrap()
    }

    /// The command that [`Place::start_in`] starts.
    pub(crate) fn command(&self, folder: &Path, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trueup"));
        command
            .args(words(line))
            .current_dir(self.path().join(folder))
            .env_clear()
            .env("HOME", self.path().join("home"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn without_folder(&self, text: &str) -> String {
        text.replace(&self.path().display().to_string(), "<folder>")
    }
}

/// The words of a line; a quote opens only where a word begins.
pub(crate) fn words(line: &str) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), line.trim());
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap(),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

impl Ran {
    /// Standard output, standard error and status together, for a golden text.
    pub(crate) fn transcript(&self) -> String {
        let mut text = format!("$ trueup {}\n", self.line);
        for (name, said) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !said.is_empty() {
                let _ =
                    write!(text, "--- {name}\n{said}{}", if said.ends_with('\n') { "" } else { "<no line break>\n" });
            }
        }
        let status = self.status.map_or_else(|| "killed".to_owned(), |status| status.to_string());
        let _ = writeln!(text, "--- status {status}");
        text
    }

    /// Panics with everything that was said unless the command ended so.
    pub(crate) fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}", self.transcript());
        self
    }
}

/// Compares a text with a golden one; `INSTA_UPDATE=always` writes it anew, to be read before it is committed.
macro_rules! golden {
    ($folder:literal, $name:expr, $text:expr) => {
        insta::with_settings!({
            snapshot_path => concat!("golden/", $folder),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!($name, $text) })
    };
}
pub(crate) use golden;
