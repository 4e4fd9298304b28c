//! `trueup connectors try`: rows as a connector file decodes them.

use std::collections::BTreeMap;

use clap::ValueEnum;

use crate::cli::args::Shown;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::engine::{self, Trial, TrialSettings, Watch};
use crate::report::table::Kind::{Id, Text};
use crate::report::table::{Cell, Column, Table};

/// Look at rows as a connector file decodes them
///
/// Reads the first page of a list and shows each field of the first rows: where the file says it is, and what was read there.
/// What could not be read stands beside it. Settings come from the configured connection of kind rest, if there is only one or
/// it is named, and from --set and --env. Writes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connectors try acme-psa.toml list customers --set host=psa.example --env \
                        secret=ACME_SECRET")]
pub(super) struct Args {
    /// The connector file, one that comes with the program too
    file: String,
    /// What to try
    #[arg(value_enum)]
    what: What,
    /// The entity, as the file calls it; its plural is understood
    entity: String,
    /// Read the whole list, page by page, not its first page alone
    #[arg(long)]
    all: bool,
    /// Show so many rows
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    rows: usize,
    /// Take the settings of this configured connection
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Give a setting its value
    #[arg(long, value_name = "SETTING=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Give a setting the value of a variable of the environment, for secrets
    #[arg(long, value_name = "SETTING=VARIABLE", value_parser = pair)]
    env: Vec<(String, String)>,
    #[command(flatten)]
    shown: Shown,
}

/// What can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// A list
    List,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
    pair.filter(|(name, _)| !name.is_empty()).ok_or_else(|| format!("`{text}` is not written NAME=VALUE"))
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let What::List = self.what;
        let config = context.config_file().exists().then(|| context.config()).transpose()?;
        let given = TrialSettings { connection: self.connection, values: self.set, variables: self.env };
        let watch: &dyn Watch = &*context.ui;
        let whole = self.all.then_some(watch);
        let environment = &context.environment;
        let tried =
            engine::try_connector_file(&self.file, config.as_ref(), environment, given, &self.entity, whole).await?;
        self.shown.show(&context.ui, &table(&tried, self.rows, self.all))?;
        if tried.problems.is_empty() {
            return Ok(Ending::Done);
        }
        let what = format!("{} of what was read cannot be decoded", tried.problems.len());
        Err(CommandError::new(Kind::NotReady, what).hint("Correct the field in the connector file, or the record."))
    }
}

const FIELD: &[Column] = &[
    Column::new("record", Id),
    Column::new("field", Text),
    Column::new("at", Text),
    Column::new("value", Text),
    Column::new("problem", Text),
];

fn table(tried: &Trial, most: usize, whole: bool) -> Table {
    let of_field = |record: &str, field: &str| {
        let fitting = tried
            .problems
            .iter()
            .filter(|problem| problem.record.as_deref() == Some(record) && problem.field.as_deref() == Some(field));
        fitting.map(|problem| problem.what.clone()).collect::<Vec<_>>().join("; ")
    };
    let has_problem = |id: &str| tried.problems.iter().any(|problem| problem.record.as_deref() == Some(id));
    // rows with problems first: they are what a person looks for
    let (bad, good): (Vec<_>, Vec<_>) = tried.rows.iter().partition(|row| has_problem(&row.id));
    let shown: Vec<_> = bad.into_iter().chain(good).take(most).collect();
    let mut rows = Vec::new();
    for row in &shown {
        for field in &row.fields {
            let value = field.value.clone().map_or(Cell::Unknown, Cell::text);
            let problem = Some(of_field(&row.id, &field.name)).filter(|text| !text.is_empty());
            let problem = problem.map_or(Cell::Unknown, Cell::text);
            rows.push(vec![Cell::text(&row.id), Cell::text(&field.name), Cell::text(&field.at), value, problem]);
        }
    }
    let extent = if whole { "the whole list" } else { "the first page" };
    Table {
        name: "try",
        title: "Rows as decoded",
        about: "What the connector file makes of rows the system sent",
        head: vec![
            ("entity".to_owned(), tried.entity.clone()),
            ("rows".to_owned(), format!("{} on {extent}, {} shown", tried.rows.len(), shown.len())),
        ],
        columns: FIELD,
        rows,
        notes: notes(tried, &shown.iter().map(|row| row.id.as_str()).collect::<Vec<_>>()),
    }
}

/// Fields no row has a value of, and the problems that no line of the table shows.
fn notes(tried: &Trial, shown: &[&str]) -> Vec<String> {
    let mut values: BTreeMap<&str, bool> = BTreeMap::new();
    for field in tried.rows.iter().flat_map(|row| &row.fields) {
        *values.entry(&field.name).or_default() |= field.value.is_some();
    }
    let empty: Vec<&str> = values.iter().filter(|(_, has)| !**has).map(|(name, _)| *name).collect();
    let mut notes = Vec::new();
    if !empty.is_empty() {
        notes.push(format!("No row has a value for: {}. Is the place right?", empty.join(", ")));
    }
    let hidden = tried.problems.iter().filter(|problem| {
        let id = problem.record.as_deref();
        let is_shown = id.is_some_and(|id| shown.contains(&id));
        !(is_shown && problem.field.as_deref().is_some_and(|field| values.contains_key(field)))
    });
    notes.extend(hidden.map(ToString::to_string).take(PROBLEMS_SHOWN));
    notes
}

/// So many further problems are shown.
const PROBLEMS_SHOWN: usize = 20;
