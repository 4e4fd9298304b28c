//! The remembered column profile of a folder: `columns.toml`, written once by a person's word, held against every later file.
//!
//! Keeps the invariant that a column which was remembered and is gone refuses the file: it never silently becomes empty.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::encoding::Encoding;
use super::entity::{Entity, Kind, PSA_ENTITIES, VENDOR_ENTITIES};
use super::folder;
use super::header::{self, Column};
use super::limits;
use super::notation::{Dates, Decimals, Evidence, Verdict};
use super::sheet::Sheet;
use crate::connectors::{ErrorKind, Side};
use crate::core::nearest::nearest;
use crate::core::outside::excerpt;

/// The name of the file that holds a folder's profile.
pub const FILE: &str = "columns.toml";

/// What can be written under the name of a file, and what it says. What is left out is found out from the file.
pub const KEYS: [(&str, &str); 9] = [
    ("file", "the file's name in the folder; one * stands for anything"),
    ("delimiter", "what parts the fields: a comma, a semicolon, a bar or a tab"),
    ("decimal", "the decimal mark: \".\" or \",\""),
    ("dates", "yyyy-mm-dd, dd/mm/yyyy or mm/dd/yyyy; with dots or dashes as well"),
    ("encoding", "utf-8, utf-16le, utf-16be or windows-1252"),
    ("header", "the header as it was; a changed one is told"),
    ("columns", "which column holds a field: FIELD = \"HEADER\""),
    ("constants", "what a field is in every row, where no column holds it: FIELD = \"VALUE\""),
    ("words", "what the words of a field mean: FIELD = { WORD = \"MEANING\" }"),
];

/// How the files of a folder are to be read, by entity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Profile {
    layouts: BTreeMap<String, Layout>,
}

/// How one file is to be read. What is left out is found out from the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layout {
    /// The file's name in the folder; one `*` stands for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// `,`, `;`, `|` or a tab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// `"."` or `","`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<Decimals>,
    /// `yyyy-mm-dd`, `dd/mm/yyyy` or `mm/dd/yyyy`; with dots or dashes as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dates: Option<Dates>,
    /// `utf-8`, `utf-16le`, `utf-16be` or `windows-1252`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// The header as it was when the profile was written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<String>,
    /// Which column holds a field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// What a field is in every row, where the file has no column for it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub constants: BTreeMap<String, String>,
    /// What the words of a field mean: `words.lineType = { Gutschrift = "credit" }`. Other words stay as they are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub words: BTreeMap<String, BTreeMap<String, String>>,
}

/// A parser's error: the line, what stands there, and what is wrong with it.
pub(super) fn in_one_line(text: &str, refused: &toml::de::Error) -> String {
    let what = refused.message().replace('\n', ", ").replace("invalid type: map", "invalid type: a table");
    let Some(before) = refused.span().and_then(|span| text.get(..span.start)) else { return format!(": {what}") };
    let line = before.matches('\n').count();
    let written = text.lines().nth(line).map(str::trim).unwrap_or_default();
    format!(":{}: `{}`: {what}", line.saturating_add(1), excerpt(written, 80))
}

impl Profile {
    /// What is remembered of an entity.
    #[must_use]
    pub fn layout(&self, entity: &Entity) -> Option<&Layout> {
        self.layouts.get(entity.name)
    }

    /// Reads a folder's profile; `None` where it has none.
    ///
    /// # Errors
    /// Says what in the file is wrong, with the nearest name that would be right.
    pub fn load(folder: &Path) -> Result<Option<Self>, ErrorKind> {
        let path = folder.join(FILE);
        match fs::metadata(&path) {
            Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(other) => return Err(ErrorKind::Settings(format!("{FILE} cannot be read: {other}"))),
            Ok(there) if there.len() > limits::PROFILE_BYTES => {
                return Err(ErrorKind::Limit(format!("{FILE} is larger than {} bytes", limits::PROFILE_BYTES)));
            }
            Ok(_) => {}
        }
        let text = fs::read_to_string(&path)
            .map_err(|refused| ErrorKind::Settings(format!("{FILE} cannot be read: {refused}")))?;
        Self::parse(&text).map(Some)
    }

    /// Reads a profile's text.
    ///
    /// # Errors
    /// As [`Profile::load`].
    pub fn parse(text: &str) -> Result<Self, ErrorKind> {
        let profile: Self = toml::from_str(text)
            .map_err(|refused| ErrorKind::Settings(format!("{FILE}{}", in_one_line(text, &refused))))?;
        for (name, layout) in &profile.layouts {
            let Some(entity) = all_entities().find(|entity| entity.name == name) else {
                let near = nearest(name, all_entities().map(|entity| entity.name));
                return Err(ErrorKind::Settings(format!(
                    "{FILE}: there is no file kind [{name}]{}",
                    did_you_mean(near)
                )));
            };
            layout.check(entity)?;
        }
        Ok(profile)
    }

    /// Writes the profile into a folder, whole or not at all.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ErrorKind> {
        let refused = |what: String| ErrorKind::Settings(format!("{FILE} cannot be written: {what}"));
        let body = toml::to_string_pretty(self).map_err(|e| refused(e.to_string()))?;
        let text = format!("# How the files of this folder are read. A file that no longer fits is refused.\n\n{body}");
        let draft = folder.join(format!(".{FILE}.new"));
        let write = || {
            let mut file = fs::File::create(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, folder.join(FILE))
        };
        write().map_err(|e| {
            let _removed = fs::remove_file(&draft);
            refused(e.to_string())
        })
    }

    /// Proposes a profile from the files of a folder: what was recognised, and what their columns prove. A person completes
    /// what is missing.
    ///
    /// # Errors
    /// Where a file cannot be opened at all.
    pub fn learn(folder_path: &Path, sides: &[Side]) -> Result<Self, ErrorKind> {
        let names = folder::list(folder_path)?;
        let mut layouts = BTreeMap::new();
        for entity in sides.iter().flat_map(|side| entities(*side)).copied() {
            if let Some(file) = folder::find(&names, entity, None)? {
                let sheet = Sheet::open(folder_path, &file, entity, None)?;
                layouts.insert(entity.name.to_owned(), Layout::proposed(&sheet));
            }
        }
        Ok(Self { layouts })
    }

    /// The fields a file must have and no column was recognised for, each with its file and the columns there are.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        for (entity, layout) in all_entities().filter_map(|entity| Some((entity, self.layout(entity)?))) {
            let said = |name: &str| layout.columns.contains_key(name) || layout.constants.contains_key(name);
            let open = entity.fields.iter().filter(|field| field.required && !said(field.name));
            let open: Vec<&str> = open.map(|field| field.name).collect();
            if !open.is_empty() {
                let file = layout.file.as_deref().unwrap_or(entity.name);
                let (open, header) = (open.join(", "), layout.header.join(", "));
                gaps.push(format!("{file}, [{}]: no column for {open}; there are {header}", entity.name));
            }
        }
        gaps
    }

    /// Whether no file was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layouts.is_empty()
    }
}

/// The file names a folder of some sides may have, in words.
#[must_use]
pub fn known_files(sides: &[Side]) -> String {
    let names = sides.iter().flat_map(|side| entities(*side)).map(|entity| format!("{}.csv", entity.name));
    names.collect::<Vec<_>>().join(", ")
}

fn entities(side: Side) -> &'static [&'static Entity] {
    match side {
        Side::Vendor => &VENDOR_ENTITIES,
        Side::Psa => &PSA_ENTITIES,
    }
}

fn all_entities() -> impl Iterator<Item = &'static Entity> {
    VENDOR_ENTITIES.into_iter().chain(PSA_ENTITIES)
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

impl Layout {
    fn check(&self, entity: &Entity) -> Result<(), ErrorKind> {
        let refused = |what: String| Err(ErrorKind::Settings(format!("{FILE}: [{}]: {what}", entity.name)));
        for field in self.columns.keys().chain(self.constants.keys()).chain(self.words.keys()) {
            if entity.position(field).is_none() {
                let near = nearest(field, entity.fields.iter().map(|f| f.name));
                return refused(format!("there is no field `{field}`{}", did_you_mean(near)));
            }
        }
        if let Some(delimiter) = self.delimiter
            && !matches!(delimiter, ',' | ';' | '|' | '\t')
        {
            return refused(format!("delimiter `{delimiter}` is none of `,` `;` `|` and tab"));
        }
        if let Some(file) = &self.file
            && (file.contains(['/', '\\']) || file.contains("..") || file.matches('*').count() > 1)
        {
            return refused(format!("file `{file}` must be the name of a file in the folder, with at most one `*`"));
        }
        Ok(())
    }

    fn proposed(sheet: &Sheet) -> Self {
        let columns = header::recognised(&sheet.header, sheet.entity);
        // A notation without a column to prove it is left open.
        let (mut numbers, mut days): (Option<Evidence>, Option<Evidence>) = (None, None);
        for ((field, column), evidence) in sheet.entity.fields.iter().zip(&columns).zip(sheet.evidence(&columns)) {
            match (field.kind, column) {
                (Kind::Number, Column::At(_)) => numbers.get_or_insert_default().absorb(evidence.cells),
                (Kind::Date, Column::At(_)) => days.get_or_insert_default().absorb(evidence.cells),
                (Kind::Number | Kind::Date | Kind::Text | Kind::Flag, _) => {}
            }
        }
        let named = sheet.entity.fields.iter().zip(&columns).filter_map(|(field, column)| match column {
            Column::At(at) => Some((field.name.to_owned(), sheet.header.get(*at)?.clone())),
            Column::Constant(_) | Column::Absent => None,
        });
        Self {
            file: Some(sheet.file.clone()),
            delimiter: sheet.delimiter.map(char::from),
            decimal: numbers.and_then(|evidence| match evidence.verdict() {
                Verdict::First | Verdict::Plain => Some(Decimals::Point),
                Verdict::Second => Some(Decimals::Comma),
                Verdict::Undecided | Verdict::Mixed => None,
            }),
            dates: days.and_then(|evidence| match evidence.verdict() {
                Verdict::First => Some(Dates::DayFirst),
                Verdict::Second => Some(Dates::MonthFirst),
                Verdict::Plain => Some(Dates::Iso),
                Verdict::Undecided | Verdict::Mixed => None,
            }),
            encoding: Some(sheet.encoding),
            header: sheet.header.clone(),
            columns: named.collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_the_profile_is_named_with_what_would_be_right() {
        for (text, told) in [
            ("[psa_agrement_lines]\n", "did you mean `psa_agreement_lines`?"),
            ("[psa_companies.columns]\nnaem = \"x\"\n", "did you mean `name`?"),
            ("[psa_companies]\ndelimiter = \"x\"\n", "none of"),
            ("[psa_companies]\nfile = \"../secret.csv\"\n", "must be the name of a file"),
            ("[psa_companies]\ndecimals = \",\"\n", "unknown field `decimals`"),
            ("[psa_companies]\ndates = \"yy\"\n", "unknown variant `yy`"),
        ] {
            let refused = Profile::parse(text).unwrap_err().to_string();
            assert!(refused.contains(told), "{text}: {refused}");
        }
    }

    #[test]
    fn every_key_is_told() {
        let refused = Profile::parse("[psa_companies]\nnone = 1\n").unwrap_err().to_string();
        let expected: Vec<&str> =
            refused.split("expected one of ").nth(1).unwrap().split(", ").map(str::trim).collect();
        assert_eq!(expected, KEYS.map(|(key, _)| format!("`{key}`")));
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let text = "[psa_companies]\nfile = \"k*.csv\"\ndelimiter = \";\"\ndecimal = \",\"\ndates = \"dd.mm.yyyy\"\nencoding = \"windows-1252\"\n[psa_companies.columns]\nid = \"Nr.\"\n[psa_companies.constants]\nstatus = \"Active\"\n";
        let profile = Profile::parse(text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Profile::load(folder.path()).unwrap(), None);
        profile.save(folder.path()).unwrap();
        assert_eq!(Profile::load(folder.path()).unwrap(), Some(profile));
    }
}
