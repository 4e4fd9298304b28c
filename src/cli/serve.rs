//! `trueup serve`: hear what distributors say has changed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::engine::{self, Extra};
use crate::serve::{self, Limits, Reader, Reading};

/// Receive webhooks of Pax8 and read what they name
///
/// Listens for POST /hooks/pax8/CONNECTION until it is stopped. A webhook is a hint: nothing in it is believed. It is noted in the
/// database and answered at once; then the companies, products, subscriptions or last month's invoices of the connection are pulled
/// as by `trueup pull`, each once in [serve] read_pause_seconds_min at most, when no other run holds the lock. A connection is heard
/// that has `webhook_secret` in the configuration: Pax8 sends it in the header Authorization. Speaks plain HTTP: let a reverse proxy
/// on this machine do TLS. Prints the addresses to put behind it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  trueup serve\n  trueup serve --listen 127.0.0.1:9000 --with-contacts")]
pub(super) struct Args {
    /// Listen here [default: [serve] listen, else 127.0.0.1:8787]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Listen to other machines, in the clear
    #[arg(long)]
    allow_remote: bool,
    /// Read the contacts of every company along with the companies
    #[arg(long)]
    with_contacts: bool,
}

/// How long another run may hold the lock before it is tried again.
const LOCKED_PAUSE: Duration = Duration::from_secs(15);

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let config = context.config()?;
        let address = self.listen.unwrap_or(config.serve.listen);
        if !address.ip().is_loopback() && !self.allow_remote {
            let what = format!("{address} can be reached from other machines, and would be spoken to without TLS");
            let error = CommandError::new(Kind::Usage, what);
            return Err(error.hint(
                "Listen on 127.0.0.1 behind a reverse proxy with TLS, or say --allow-remote where the network is your own.",
            ));
        }
        let secrets = engine::webhook_secrets(&config, &context.environment)?;
        let connections: Result<Vec<_>, _> =
            secrets.keys().map(|name| engine::connect(&config, name, &context.environment)).collect();
        let connections = connections?;
        let who = format!("{}, for webhooks", context.who());
        let engine = Arc::new(context.engine_for(&config, &who).await?);
        let listening = serve::listen(address, Arc::clone(&engine), &secrets, Limits::default()).await;
        let mut serving = listening.map_err(|error| {
            let error = CommandError::new(Kind::Failed, format!("cannot listen on {address}: {error}"));
            error.hint("Choose another address with --listen or [serve] listen; port 0 takes a free one.")
        })?;
        for name in secrets.keys() {
            context.ui.result(format!("http://{}/hooks/pax8/{name}\n", serving.address()))?;
        }
        let reading = Reading {
            pause: Duration::from_secs(config.serve.read_pause_seconds_min),
            locked: LOCKED_PAUSE,
            extras: if self.with_contacts { vec![Extra::Contacts] } else { Vec::new() },
        };
        let bell = serving.bell();
        let reader = Reader::new(engine, connections, reading);
        tokio::select! {
            () = reader.read_on(&bell) => {}
            () = serving.wait() => {}
        }
        Ok(Ending::Done)
    }
}
