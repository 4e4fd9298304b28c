//! `trueup pax8 orders`: what was ordered, and placing an order.
//!
//! Keeps the invariant that an order is checked against what its products demand before anybody is asked to send it.

mod lines;

use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::pax8::names::{Of, id_of};
use crate::cli::pax8::options::{Format, one};
use crate::cli::pax8::provisioning::{Questions, commitment};
use crate::cli::pax8::read::{Asks, Id, Noun, Read, Reads, flag};
use crate::cli::pax8::show;
use crate::cli::pax8::write::{Act, send};
use crate::cli::written::of_refusal;
use crate::engine::pax8::{Ask, Email, NewLine, NewOrder, Outcome, Remote, RemoteId, Write};

pub(super) use lines::term;
use lines::{Order, Wanted};

const ORDER: Id = ("ORDER_ID", "The order's id");

/// Reads of orders.
#[derive(Debug, Clone)]
pub(super) struct Orders;

impl Noun for Orders {
    const READS: &'static [Read] = &[
        Read {
            verb: "list",
            about: "List orders",
            more: "Pax8 neither filters orders by day or state nor sorts them; an order has no state of its own: its lines \
                   name the subscriptions they made.",
            asks: Asks::Pages(Ask::Orders),
            flags: &[flag("company", "companyId", "Of this company")],
            example: "orders list --company \"Meridian Credit Union\"",
        },
        Read {
            verb: "get",
            about: "Show one order, with the subscriptions it made",
            more: "",
            asks: Asks::Whole(ORDER, Ask::Order),
            flags: &[],
            example: "orders get 1f849d79-e40e-4572-a5ff-274b9910a244",
        },
    ];
}

/// What can be done with orders.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    #[command(flatten)]
    Read(Reads<Orders>),
    Create(Box<Create>),
}

/// Place an order, or have it judged
///
/// Each --line names a product, a quantity and a billing term. The commitment is named by its term, and every answer to the
/// product's questions is held against the words it allows, before anything is sent. An order cannot be taken back here.
///
/// Keys of --line: product, quantity, term, commitment, start (a day), parent (the number of an earlier line),
/// parent-subscription (an id), detail.KEY (an answer; repeat it for several).
///
/// --from takes the order as Pax8's API does: companyId, orderedByUserEmail and lineItems, where commitment may stand, with the
/// term, for commitmentTermId.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  trueup pax8 orders create --company \"Meridian Credit Union\" --line \"product=Microsoft 365 Business Basic quantity=5 term=Monthly commitment=1-Year detail.msDomain=acme detail.msCustExists=No, a tenant is to be made\" --validate-only"
)]
pub(super) struct Create {
    /// Order for this company
    #[arg(long, value_name = "ID|NAME", required_unless_present = "from")]
    company: Option<String>,
    /// Order this; may be repeated
    #[arg(long, value_name = "KEY=VALUE …", required_unless_present = "from")]
    line: Vec<String>,
    /// Order what this JSON file says
    #[arg(long, value_name = "FILE", conflicts_with_all = ["company", "line"])]
    from: Option<PathBuf>,
    /// Order in the name of this user
    #[arg(long, value_name = "MAIL")]
    ordered_by: Option<String>,
    /// Have Pax8 judge the order, and order nothing
    #[arg(long)]
    validate_only: bool,
    #[command(flatten)]
    act: Act,
}

impl Verb {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self {
            Self::Read(reads) => reads.run(context).await,
            Self::Create(args) => args.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let mut wanted = match &self.from {
            Some(file) => Order::of_file(file)?,
            None => Order::of_lines(self.company.as_deref().unwrap_or_default(), &self.line)?,
        };
        let by = match (&self.ordered_by, wanted.ordered_by) {
            (Some(mail), _) => Some(Email::new("--ordered-by", mail)?),
            (None, by) => by,
        };
        let remote = self.act.how.open(context)?;
        wanted.company = id_of(context, &remote, (Of::Company, "--company"), wanted.company.as_str()).await?;
        let (mut lines, mut warnings) = (Vec::new(), Vec::new());
        for (mut line, number) in wanted.lines.into_iter().zip(1u32..) {
            let place = format!("line {number} product");
            line.product = id_of(context, &remote, (Of::Product, &place), line.product.as_str()).await?;
            lines.push(checked(context, &remote, &format!("line {number}"), line, &mut warnings).await?);
        }
        let company = Ask::Company(wanted.company.clone());
        let order = NewOrder::new(wanted.company, by, lines)?;
        if self.validate_only {
            for warning in &warnings {
                context.ui.warn(warning);
            }
            return judge(context, &remote, &order, self.act.how.format).await;
        }
        let company = one(&remote, &company).await?;
        context.ui.say(&format!("for {}", company.text("name").unwrap_or_default()));
        let status = company.text("status").unwrap_or_default();
        if !status.eq_ignore_ascii_case("active") {
            warnings.push(format!("the company is {}: nothing can be ordered for it", status.to_lowercase()));
        }
        Ok(send(context, &remote, &Write::CreateOrder(order), None, &warnings, &self.act).await?.ending)
    }
}

/// A line held against what its product demands.
async fn checked(
    context: &Context,
    remote: &Remote,
    place: &str,
    line: Wanted,
    warnings: &mut Vec<String>,
) -> Result<NewLine, CommandError> {
    let product = one(remote, &Ask::Product(line.product.clone())).await?;
    let asked = (line.commitment.as_deref(), &line.billing_term);
    let commitment = commitment(remote, place, &product, asked).await?;
    let bound = commitment.as_ref().map(|bound| format!(", commitment {}", bound.term)).unwrap_or_default();
    let name = product.text("name").unwrap_or_default();
    context.ui.say(&format!("{place}: {} of {name}, billed {}{bound}", line.quantity, line.billing_term.as_str()));
    let questions = Questions::of(context, remote, &line.product).await?;
    let given = line.details.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let provisioning = questions.answered(place, given)?;
    let open = questions.open(&provisioning);
    if !open.is_empty() {
        warnings.push(format!("{place}: not answered: {}", open.join(", ")));
    }
    Ok(NewLine {
        product: line.product,
        quantity: line.quantity,
        billing_term: line.billing_term,
        commitment: commitment.map(|bound| RemoteId::new("commitment", bound.id)).transpose()?,
        start: line.start,
        parent: line.parent,
        provisioning,
    })
}

/// What Pax8 says of an order that it does not place.
async fn judge(context: &Context, remote: &Remote, order: &NewOrder, format: Format) -> Result<Ending, CommandError> {
    match remote.validate(order).await? {
        Outcome::Done(answered) => {
            context.ui.say("Pax8 would take this order. Nothing was ordered.");
            if let Some(record) = &answered.record {
                show::one(context, remote, record, format)?;
            }
            Ok(Ending::Done)
        }
        Outcome::Refused(refusal) => Err(of_refusal("Pax8", "judge order", &refusal)),
        Outcome::Unknown(why) => {
            let error = CommandError::new(Kind::NotReady, format!("judge order: Pax8 did not say: {why}"));
            Err(error.hint("Nothing was ordered. Run it again later."))
        }
    }
}
