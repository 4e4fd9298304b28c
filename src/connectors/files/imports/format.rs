//! `import.toml`: which import files a system without an interface takes, and how its answers to them are read.
//!
//! Keeps the invariants that a field goes into one column, that no two kinds of file share a name, and that nothing is taken
//! back or left empty where the file does not say how the system understands that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::fields::{Kept, of};
use crate::connectors::ErrorKind;
use crate::connectors::files::limits;
use crate::connectors::files::notation::Decimals;
use crate::connectors::files::profile::in_one_line;
use crate::core::nearest::nearest;

/// The name of the file that says it, in the folder of the import files.
pub const FILE: &str = "import.toml";

/// How the section of an answer is named for people.
pub const RESULT: &str = "import.toml result";
/// What must be written under a kind of record.
pub const REQUIRED: [&str; 2] = ["file", "columns"];

/// What can be written under `[customer]`, `[product]` or `[line]`, and what it says.
pub const KEYS: [(&str, &str); 17] = [
    ("file", "the name of an import file; one * stands for its number"),
    ("new_file", "the name of a file of its own for new records"),
    ("takes", "what the system imports: \"create\", \"update\"; both where it is not said"),
    ("delimiter", "what parts the fields: a comma, a semicolon, a bar or a tab"),
    ("decimal", "the decimal mark: \".\" or \",\""),
    ("dates", "yyyy-mm-dd, yyyymmdd, dd.mm.yyyy, dd/mm/yyyy, dd-mm-yyyy, mm/dd/yyyy or mm-dd-yyyy"),
    ("encoding", "utf-8, utf-8-bom or windows-1252"),
    ("header", "every column in its order; one that nothing fills stays empty"),
    ("columns", "which column a field goes into: FIELD = \"HEADER\"; besides fields id, below, from and marker"),
    ("constants", "columns that hold the same in every row: HEADER = \"VALUE\""),
    ("words", "the system's words for those of a field: FIELD = { WORD = \"ITS WORD\" }"),
    (
        "action",
        "the column that tells new records from changes: { column = \"HEADER\", create = \"N\", update = \"U\" }",
    ),
    ("always", "fields that stand in every row, changed or not"),
    ("empty", "what an empty cell does: \"keeps\" what is there, or \"clears\" it, and then every field is sent"),
    ("clear", "the word that empties a field, where an empty cell keeps it"),
    (
        "formulas",
        "text that a spreadsheet might run: \"refuse\" it, \"quote\" it, or \"keep\" it where no spreadsheet opens the file",
    ),
    ("same", "the fields by which a new record is known to be there already"),
];

/// What can be written under `[KIND.result]`, and what it says.
pub const RESULT_KEYS: [(&str, &str); 9] = [
    ("row", "the column with the number of the row in the import file"),
    ("first_row", "the number that the first row below the header has there"),
    ("id", "the column with the record's id"),
    ("marker", "the column with the marker of a new record"),
    ("status", "the column that says what came of a row"),
    ("imported", "its words for rows that were imported"),
    ("refused", "its words for rows that were not"),
    ("message", "the column with the reason"),
    ("lists", "\"all\" rows, or only those \"refused\": then the others were imported"),
];

/// The import files a system takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Format {
    customer: Option<Form>,
    product: Option<Form>,
    line: Option<Form>,
}

/// The import file of one kind of record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Its name; one `*` stands for its number.
    pub file: String,
    /// The name of a file of its own for new records.
    pub new_file: Option<String>,
    /// What the system imports.
    #[serde(default = "both")]
    pub takes: BTreeSet<Act>,
    /// `,`, `;`, `|` or a tab.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// `"."` or `","`.
    #[serde(default = "point")]
    pub decimal: Decimals,
    /// How days are written.
    #[serde(default)]
    pub dates: Days,
    /// How the text becomes bytes.
    #[serde(default)]
    pub encoding: Coding,
    /// Every column in its order.
    #[serde(default)]
    pub header: Vec<String>,
    /// Which column a field goes into.
    pub columns: BTreeMap<String, String>,
    /// Columns that hold the same in every row.
    #[serde(default)]
    pub constants: BTreeMap<String, String>,
    /// The system's words for those of a field.
    #[serde(default)]
    pub words: BTreeMap<String, BTreeMap<String, String>>,
    /// The column that tells new records from changes.
    pub action: Option<Action>,
    /// Fields that stand in every row.
    #[serde(default)]
    pub always: BTreeSet<String>,
    /// What an empty cell does.
    #[serde(default)]
    pub empty: Empty,
    /// The word that empties a field.
    pub clear: Option<String>,
    /// What becomes of text that a spreadsheet might run.
    #[serde(default)]
    pub formulas: Formulas,
    /// The fields by which a new record is known to be there already.
    #[serde(default)]
    pub same: BTreeSet<String>,
    /// How the system's answer is read.
    pub result: Option<ResultForm>,
}

/// What is done to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// It is made.
    Create,
    /// It is changed.
    Update,
}

/// How a day is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Days {
    /// `2026-04-03`
    #[default]
    #[serde(rename = "yyyy-mm-dd")]
    Iso,
    /// `20260403`
    #[serde(rename = "yyyymmdd")]
    Digits,
    /// `03.04.2026`
    #[serde(rename = "dd.mm.yyyy")]
    Dotted,
    /// `03/04/2026`
    #[serde(rename = "dd/mm/yyyy")]
    DayFirst,
    /// `03-04-2026`
    #[serde(rename = "dd-mm-yyyy")]
    DayFirstDashed,
    /// `04/03/2026`
    #[serde(rename = "mm/dd/yyyy")]
    MonthFirst,
    /// `04-03-2026`
    #[serde(rename = "mm-dd-yyyy")]
    MonthFirstDashed,
}

impl Days {
    /// As chrono spells it.
    #[must_use]
    pub fn pattern(self) -> &'static str {
        match self {
            Self::Iso => "%Y-%m-%d",
            Self::Digits => "%Y%m%d",
            Self::Dotted => "%d.%m.%Y",
            Self::DayFirst => "%d/%m/%Y",
            Self::DayFirstDashed => "%d-%m-%Y",
            Self::MonthFirst => "%m/%d/%Y",
            Self::MonthFirstDashed => "%m-%d-%Y",
        }
    }
}

/// How text becomes bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Coding {
    /// Without a byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// With one: what Excel takes for UTF-8.
    #[serde(rename = "utf-8-bom")]
    Utf8Marked,
    /// Western European.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// What an empty cell does to a record that is changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Empty {
    /// The field stays as it is.
    #[default]
    Keeps,
    /// The field is emptied.
    Clears,
}

/// What becomes of text that a spreadsheet might run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Formulas {
    /// It is not written.
    #[default]
    Refuse,
    /// An apostrophe goes before it.
    Quote,
    /// It is written as it is.
    Keep,
}

/// The column that tells new records from changes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Its header.
    pub column: String,
    /// Its word for a new record.
    pub create: String,
    /// Its word for a change.
    pub update: String,
}

/// How the answer of the system is read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultForm {
    /// The column with the number of the row.
    pub row: Option<String>,
    /// The number of the first row below the header.
    #[serde(default = "one")]
    pub first_row: u64,
    /// The column with the record's id.
    pub id: Option<String>,
    /// The column with the marker of a new record.
    pub marker: Option<String>,
    /// The column that says what came of a row.
    pub status: String,
    /// Its words for rows that were imported.
    pub imported: BTreeSet<String>,
    /// Its words for rows that were not.
    pub refused: BTreeSet<String>,
    /// The column with the reason.
    pub message: Option<String>,
    /// Which rows it lists.
    #[serde(default)]
    pub lists: Lists,
}

/// Which rows an answer lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lists {
    /// Every one.
    #[default]
    All,
    /// Those that were not imported.
    Refused,
}

fn both() -> BTreeSet<Act> {
    [Act::Create, Act::Update].into()
}

fn comma() -> char {
    ','
}

fn point() -> Decimals {
    Decimals::Point
}

fn one() -> u64 {
    1
}

impl Format {
    /// Reads the format of a folder of import files.
    ///
    /// # Errors
    /// What in it is wrong, or that it is not there.
    pub fn load(folder: &Path) -> Result<Self, ErrorKind> {
        let path = folder.join(FILE);
        let unread = |what: String| ErrorKind::Settings(format!("{} cannot be read: {what}", path.display()));
        let size = fs::metadata(&path).map_err(|error| unread(error.to_string()))?.len();
        if size > limits::PROFILE_BYTES {
            return Err(ErrorKind::Limit(format!("{FILE} is larger than {} bytes", limits::PROFILE_BYTES)));
        }
        Self::parse(&fs::read_to_string(&path).map_err(|error| unread(error.to_string()))?)
    }

    /// Reads a format's text.
    ///
    /// # Errors
    /// What in it is wrong, with the nearest name that would be right.
    pub fn parse(text: &str) -> Result<Self, ErrorKind> {
        let format: Self = toml::from_str(text)
            .map_err(|refused| ErrorKind::Settings(format!("{FILE}{}", in_one_line(text, &refused))))?;
        let mut names = BTreeSet::new();
        for (entity, form) in format.forms() {
            let refused = |what: String| ErrorKind::Settings(format!("{FILE}: [{entity}]: {what}"));
            let kept = of(entity).ok_or_else(|| refused("is no kind of record".to_owned()))?;
            form.check(&kept).map_err(refused)?;
            for name in [Some(&form.file), form.new_file.as_ref()].into_iter().flatten() {
                if !names.insert(name) {
                    return Err(refused(format!("`{name}` is the name of two files")));
                }
            }
        }
        Ok(format)
    }

    fn forms(&self) -> impl Iterator<Item = (&'static str, &Form)> {
        let all = [("customer", &self.customer), ("product", &self.product), ("line", &self.line)];
        all.into_iter().filter_map(|(entity, form)| Some((entity, form.as_ref()?)))
    }

    /// The form of a kind of record.
    ///
    /// # Errors
    /// That there is none.
    pub fn form(&self, entity: &str) -> Result<&Form, String> {
        let found = self.forms().find(|(name, _)| *name == entity).map(|(_, form)| form);
        found.ok_or_else(|| format!("{FILE} has no [{entity}]: the system is not said to take such records"))
    }

    /// The form and its kind of record that has this name of a file.
    #[must_use]
    pub fn form_of_file(&self, pattern: &str) -> Option<&Form> {
        let has = |form: &&Form| form.file == pattern || form.new_file.as_deref() == Some(pattern);
        self.forms().map(|(_, form)| form).find(has)
    }

    /// The names of every file.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.forms().flat_map(|(_, form)| [Some(form.file.as_str()), form.new_file.as_deref()]).flatten()
    }
}

impl Form {
    fn check(&self, kept: &Kept) -> Result<(), String> {
        for name in [Some(&self.file), self.new_file.as_ref()].into_iter().flatten() {
            if name.contains(['/', '\\']) || name.starts_with('.') || name.matches('*').count() != 1 {
                return Err(format!("file `{name}` must be the name of a file with one `*` for its number"));
            }
        }
        if !matches!(self.delimiter, ',' | ';' | '|' | '\t') {
            return Err(format!("delimiter `{}` is none of `,` `;` `|` and tab", self.delimiter));
        }
        let fields: Vec<&str> = kept.names().collect();
        let places = fields.iter().copied().chain(kept.places().iter().copied());
        known("columns", self.columns.keys(), &places.collect::<Vec<_>>())?;
        known("words", self.words.keys(), &fields)?;
        known("always", self.always.iter(), &fields)?;
        known("same", self.same.iter(), &fields)?;
        if let Some(field) = self.always.iter().find(|field| !self.columns.contains_key(*field)) {
            return Err(format!("`{field}` of always has no column: under columns, {field} = \"HEADER\""));
        }
        if self.takes.contains(&Act::Update) && !self.columns.contains_key("id") {
            return Err("a change needs the record's id: under columns, id = \"HEADER\"".to_owned());
        }
        if self.takes.is_empty() {
            return Err("takes nothing; leave the section out".to_owned());
        }
        if self.clear.is_some() && self.empty == Empty::Clears {
            return Err("clear is for empty = \"keeps\"; here an empty cell clears".to_owned());
        }
        self.check_header()?;
        self.result.as_ref().map_or(Ok(()), ResultForm::check)
    }

    fn check_header(&self) -> Result<(), String> {
        let mut filled: BTreeMap<&str, &str> = BTreeMap::new();
        let action = self.action.iter().map(|action| ("action", action.column.as_str()));
        let constants = self.constants.keys().map(|header| ("constants", header.as_str()));
        let columns = self.columns.iter().map(|(field, header)| (field.as_str(), header.as_str()));
        for (field, header) in columns.chain(action).chain(constants) {
            let before = filled.insert(header, field);
            // what a new record is found by may be the id that it has elsewhere
            let shared = [before, Some(field)].map(|field| matches!(field, Some("marker" | "external_id")));
            if let Some(before) = before.filter(|_| shared != [true, true]) {
                return Err(format!("`{before}` and `{field}` both go into the column `{header}`"));
            }
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.header.iter().find(|header| !seen.insert(header.as_str())) {
            return Err(format!("header has `{twice}` twice"));
        }
        match filled.iter().find(|(header, _)| !self.header.is_empty() && !seen.contains(*header)) {
            Some((header, field)) => Err(format!("header lacks `{header}`, the column of {field}")),
            None => Ok(()),
        }
    }

    /// The columns in their order: as `header` says, else what is done, to which record, its fields, and what never changes.
    #[must_use]
    pub(super) fn order(&self, kept: &Kept) -> Vec<String> {
        if !self.header.is_empty() {
            return self.header.clone();
        }
        let first = ["id", "below"].into_iter().chain(kept.names()).chain(["from", "marker"]);
        let columns = first.filter_map(|field| self.columns.get(field));
        let mut order: Vec<String> = Vec::new();
        for header in self.action.iter().map(|action| &action.column).chain(columns).chain(self.constants.keys()) {
            if !order.contains(header) {
                order.push(header.clone());
            }
        }
        order
    }

    /// The name of the files that such rows go into.
    #[must_use]
    pub(super) fn pattern(&self, act: Act) -> &str {
        match (act, &self.new_file) {
            (Act::Create, Some(file)) => file,
            (Act::Create, None) | (Act::Update, _) => &self.file,
        }
    }
}

/// Refuses a name that is none, with the nearest one that is.
fn known<'n>(key: &str, mut used: impl Iterator<Item = &'n String>, known: &[&str]) -> Result<(), String> {
    let Some(unknown) = used.find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let near = nearest(unknown, known.iter().copied());
    let near = near.map_or_else(|| known.join(", "), |near| format!("did you mean `{near}`?"));
    Err(format!("{key}: there is no field `{unknown}`; {near}"))
}

impl ResultForm {
    fn check(&self) -> Result<(), String> {
        if self.row.is_none() && self.id.is_none() && self.marker.is_none() {
            return Err("result: a row is known by `row`, `id` or `marker`, and none is said".to_owned());
        }
        if let Some(word) = self.imported.intersection(&self.refused).next() {
            return Err(format!("result: `{word}` means both imported and refused"));
        }
        if self.imported.is_empty() && self.lists == Lists::All {
            return Err("result: which words mean imported is not said".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: &str = "[customer]\nfile = \"c-*.csv\"\n[customer.columns]\nid = \"Id\"\nname = \"Name\"\n";

    #[test]
    fn a_slip_in_the_format_is_named_with_what_would_be_right() {
        for (text, told) in [
            ("[custommer]\nfile = \"c-*.csv\"\n", "unknown field `custommer`"),
            ("[customer]\nfile = \"c-*.csv\"\n", "missing field `columns`"),
            ("[customer]\nfile = \"c.csv\"\n[customer.columns]\nid = \"Id\"\n", "with one `*` for its number"),
            ("[customer]\nfile = \"../c-*.csv\"\n[customer.columns]\nid = \"Id\"\n", "must be the name of a file"),
            ("[customer]\nfile = \"c-*.csv\"\n[customer.columns]\nid = \"Id\"\nnaem = \"N\"\n", "did you mean `name`?"),
            (
                "[customer]\nfile = \"c-*.csv\"\n[customer.columns]\nid = \"N\"\nname = \"N\"\n",
                "both go into the column `N`",
            ),
            ("[customer]\nfile = \"c-*.csv\"\n[customer.columns]\nname = \"N\"\n", "a change needs the record's id"),
            ("[customer]\nfile = \"c-*.csv\"\nfrom = \"x\"\n[customer.columns]\nid = \"Id\"\n", "unknown field `from`"),
            (
                "[customer]\nfile = \"c-*.csv\"\n[customer.columns]\nid = \"Id\"\nfrom = \"x\"\n",
                "there is no field `from`",
            ),
            (
                "[customer]\nfile = \"c-*.csv\"\nalways = [\"city\"]\n[customer.columns]\nid = \"Id\"\n",
                "`city` of always has no column",
            ),
            (
                "[customer]\nfile = \"c-*.csv\"\nheader = [\"Id\"]\n[customer.columns]\nid = \"Id\"\nname = \"N\"\n",
                "header lacks `N`",
            ),
            (
                "[customer]\nfile = \"c-*.csv\"\nempty = \"clears\"\nclear = \"-\"\n[customer.columns]\nid = \"Id\"\n",
                "clear is for empty",
            ),
            (
                "[customer]\nfile = \"c-*.csv\"\ndates = \"yy\"\n[customer.columns]\nid = \"Id\"\n",
                "unknown variant `yy`",
            ),
            ("[customer]\nfile = \"c-*.csv\"\ndelimiter = \"x\"\n[customer.columns]\nid = \"Id\"\n", "is none of"),
        ] {
            let refused = Format::parse(text).unwrap_err().to_string();
            assert!(refused.starts_with("import.toml") && refused.contains(told), "{text}: {refused}");
        }
        let twice = format!("{CUSTOMER}{}", CUSTOMER.replace("customer", "product"));
        assert!(Format::parse(&twice).unwrap_err().to_string().contains("`c-*.csv` is the name of two files"));
        for (result, told) in [
            ("status = \"S\"\nimported = [\"a\"]\nrefused = []", "is known by `row`, `id` or `marker`"),
            ("row = \"R\"\nstatus = \"S\"\nimported = [\"a\"]\nrefused = [\"a\"]", "`a` means both"),
            ("row = \"R\"\nstatus = \"S\"\nimported = []\nrefused = [\"a\"]", "which words mean imported"),
        ] {
            let refused = Format::parse(&format!("{CUSTOMER}[customer.result]\n{result}\n")).unwrap_err().to_string();
            assert!(refused.contains(told), "{result}: {refused}");
        }
    }

    #[test]
    fn every_key_is_told() {
        for (section, keys) in [
            ("customer", KEYS.map(|(key, _)| key).to_vec()),
            ("customer.result", RESULT_KEYS.map(|(key, _)| key).to_vec()),
        ] {
            let text = if section == "customer" {
                "[customer]\nnone = 1\n".to_owned()
            } else {
                format!("{CUSTOMER}[{section}]\nnone = 1\n")
            };
            let refused = Format::parse(&text).unwrap_err().to_string();
            let mut expected: Vec<String> = refused
                .split("expected one of ")
                .nth(1)
                .unwrap()
                .split(", ")
                .map(|key| key.trim_matches(['`', ' ']).to_owned())
                .collect();
            expected.retain(|key| key != "result");
            assert_eq!(expected, keys, "{section}");
        }
    }

    #[test]
    fn the_sample_is_read_and_its_columns_stand_in_order() {
        let format = Format::parse(include_str!("../../../../samples/csv/psa-german/import/import.toml")).unwrap();
        let (form, kept) = (format.form("customer").unwrap(), of("customer").unwrap());
        assert_eq!(form.order(&kept).join(";"), "Aktion;Kunden-Nr;Firma;Straße;Ort;PLZ;Land;Kürzel;Mandant");
        assert_eq!(format.form("line").unwrap().pattern(Act::Create), "Neue-Positionen-*.csv");
    }
}
