//! `trueup pax8 webhooks update|enable|disable`: how a webhook delivers, and whether it does.
//!
//! Keeps the invariants that what is not named stays as it is, and that the text a delivery is to carry is named on the command
//! line and never written there.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::pax8::clear::{self, Clear};
use crate::cli::pax8::names::{Of, id_of};
use crate::cli::pax8::options::one;
use crate::cli::pax8::write::{Act, send};
use crate::config::{ConfigError, SecretProblem, SecretSource};
use crate::engine::pax8::{Ask, Email, Filled, Hidden, Invalid, Record, Threshold, WebhookSettings, WebhookUrl, Write};

/// What a delivery carries in `Authorization`, by where it is kept.
#[derive(Debug, clap::Args)]
pub(super) struct Authorization {
    /// Carry what this variable holds in Authorization
    #[arg(long, value_name = "NAME", required_unless_present = "authorization_file")]
    authorization_env: Option<String>,
    /// Carry what this file holds in Authorization
    #[arg(long, value_name = "FILE", conflicts_with = "authorization_env")]
    authorization_file: Option<PathBuf>,
}

impl Authorization {
    pub(super) fn read(&self, context: &Context) -> Result<Hidden, CommandError> {
        let (option, source) = match (&self.authorization_env, &self.authorization_file) {
            (_, Some(file)) => ("--authorization-file", SecretSource::File(file.clone())),
            (name, None) => ("--authorization-env", SecretSource::Env(name.clone().unwrap_or_default())),
        };
        let secret = source.resolve(option, Path::new(""), &context.environment);
        let secret = secret.map_err(|error| match &error.problem {
            SecretProblem::NotSet(name) => {
                let hint = format!("Set {name} for this command, or name a file with --authorization-file.");
                CommandError::new(Kind::Usage, error).hint(hint)
            }
            SecretProblem::Unreadable { .. }
            | SecretProblem::Unusable { .. }
            | SecretProblem::TooOpen { .. }
            | SecretProblem::NotOurs { .. } => ConfigError::Secret(error).into(),
        })?;
        Ok(Hidden::new(option, secret.expose_secret())?)
    }
}

/// Change how a webhook delivers
///
/// Pax8 replaces all of it at once, and never says what deliveries carry in Authorization: that must be named again, the same or
/// a new one. What else is not named stays as it is; --clear empties contact-email, or error-threshold, which Pax8 then takes
/// for 3. Topics have commands of their own.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  trueup pax8 webhooks update trueup --url https://hooks.acme.example/new --authorization-env PAX8_HOOK_SECRET --clear contact-email"
)]
pub(super) struct Update {
    /// The webhook's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "WEBHOOK")]
    webhook: String,
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Deliver to this address, https
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    authorization: Authorization,
    /// Tell this mail address when deliveries fail
    #[arg(long, value_name = "MAIL")]
    contact_email: Option<String>,
    /// After so many failures, from 1 to 20
    #[arg(long, value_name = "NUMBER")]
    error_threshold: Option<u8>,
    #[command(flatten)]
    clear: Clear,
    #[command(flatten)]
    act: Act,
}

/// What of a webhook can be emptied.
const CLEARED: &[clear::Field] = &[("contact-email", "contactEmail"), ("error-threshold", "errorThreshold")];

/// Let a webhook deliver
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup pax8 webhooks enable trueup")]
pub(super) struct Enable {
    #[command(flatten)]
    switch: Switch,
}

/// Stop a webhook from delivering
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup pax8 webhooks disable trueup")]
pub(super) struct Disable {
    #[command(flatten)]
    switch: Switch,
}

#[derive(Debug, clap::Args)]
struct Switch {
    /// The webhook's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "WEBHOOK")]
    webhook: String,
    #[command(flatten)]
    act: Act,
}

impl Update {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let set =
            [("contact-email", self.contact_email.is_some()), ("error-threshold", self.error_threshold.is_some())];
        let set: Vec<&str> = set.iter().filter(|(_, is_set)| *is_set).map(|(word, _)| *word).collect();
        let cleared = self.clear.of(CLEARED, &set)?;
        let authorization = self.authorization.read(context)?;
        let remote = self.act.how.open(context)?;
        let webhook = id_of(context, &remote, (Of::Webhook, "WEBHOOK"), &self.webhook).await?;
        let now = one(&remote, &Ask::Webhook(webhook.clone())).await?;
        let mut settings = self.settings(&now, authorization)?;
        if cleared.contains(&"contactEmail") {
            settings.contact_email = None;
        }
        let mut warnings = Vec::new();
        if cleared.contains(&"errorThreshold") {
            settings.error_threshold = None;
            warnings.push("the error threshold is left to Pax8, which takes 3".to_owned());
        }
        let write = Write::ConfigureWebhook { webhook, settings: Box::new(settings) };
        Ok(send(context, &remote, &write, Some(&now), &warnings, &self.act).await?.ending)
    }

    /// What is named, and the rest as it is.
    fn settings(&self, now: &Record, authorization: Hidden) -> Result<WebhookSettings, Invalid> {
        let given = |given: &Option<String>, path: &str| given.clone().or_else(|| now.text(path));
        let email = given(&self.contact_email, "contactEmail");
        let held = || now.text("errorThreshold").and_then(|text| text.parse().ok());
        Ok(WebhookSettings {
            name: Filled::new("--name", given(&self.name, "displayName").unwrap_or_default())?,
            url: WebhookUrl::new("--url", given(&self.url, "url").unwrap_or_default())?,
            authorization,
            contact_email: email.map(|email| Email::new("--contact-email", email)).transpose()?,
            error_threshold: self.error_threshold.or_else(held).map(Threshold::new).transpose()?,
        })
    }
}

impl Enable {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        self.switch.send(context, true).await
    }
}

impl Disable {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        self.switch.send(context, false).await
    }
}

impl Switch {
    async fn send(self, context: &Context, active: bool) -> Result<Ending, CommandError> {
        let remote = self.act.how.open(context)?;
        let webhook = id_of(context, &remote, (Of::Webhook, "WEBHOOK"), &self.webhook).await?;
        let now = one(&remote, &Ask::Webhook(webhook.clone())).await?;
        let write = Write::SwitchWebhook { webhook, active };
        Ok(send(context, &remote, &write, Some(&now), &[], &self.act).await?.ending)
    }
}
