//! `trueup connectors new`: a first connector file out of an OpenAPI document.

use std::path::PathBuf;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::engine;

/// Draft a connector file from an OpenAPI document
///
/// Prints a file with what the document says: address, credentials, the lists that look like customers, products and billed
/// lines, how they are paged, and which values look like which fields. Every guess is marked `# check:`; what could not be
/// guessed is empty, and `trueup connectors lint` names it. Reads JSON; convert YAML first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup connectors new \"Acme PSA\" --from openapi.json")]
pub(super) struct Args {
    /// What the system is called
    name: String,
    /// The OpenAPI document, 3.x or 2.0, as JSON
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
}

impl Args {
    pub(super) fn run(&self, context: &Context) -> Result<(), CommandError> {
        let draft = engine::draft_connector_file(&self.name, &self.from)?;
        context.ui.result(draft)?;
        context.ui.say("Save it as a .toml file, and look at each line marked `# check`.");
        Ok(())
    }
}
