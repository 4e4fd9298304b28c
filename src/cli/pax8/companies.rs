//! `trueup pax8 companies`: the customers at Pax8.
//!
//! Keeps the invariant that who makes a company is told that it stays inactive without primary contacts.

use clap::Subcommand;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending};
use crate::cli::pax8::clear::{self, Clear};
use crate::cli::pax8::contacts::{asked, inactive, of_text};
use crate::cli::pax8::names::{Of, id_of};
use crate::cli::pax8::options::{complete, one};
use crate::cli::pax8::read::{Asks, Id, Noun, Read, Reads, flag};
use crate::cli::pax8::write::{Act, send};
use crate::engine::pax8::{
    Address, AddressChange, AddressChanges, Ask, Clearable, CompanyChanges, CompanyFlags, CompanyPatch, ContactBody,
    ContactRole, Country, Filled, Invalid, NewCompany, Record, Remote, Write, duties_open,
};

const COMPANY: Id = ("COMPANY", "The company's id or name, or the beginning of either; of an id at least 6 characters");

/// Reads of companies.
#[derive(Debug, Clone)]
pub(super) struct Companies;

impl Noun for Companies {
    const READS: &'static [Read] = &[
        Read {
            verb: "list",
            about: "List companies",
            more: "Pax8 has no filter by name or external id; `--all --format csv` gives every company to search in.",
            asks: Asks::Pages(Ask::Companies),
            flags: &[
                flag("status", "status", "In this state"),
                flag("city", "city", "In this town"),
                flag("state", "stateOrProvince", "In this state or province"),
                flag("postcode", "postalCode", "With this postcode"),
                flag("country", "country", "In this country"),
                flag("self-service", "selfServiceAllowed", "That may order for themselves, or may not"),
                flag("bill-on-behalf", "billOnBehalfOfEnabled", "That Pax8 bills for the partner, or does not"),
                flag("order-approval", "orderApprovalRequired", "Whose own orders need approval, or do not"),
            ],
            example: "companies list --status active --sort name --all",
        },
        Read {
            verb: "get",
            about: "Show one company",
            more: "",
            asks: Asks::Whole(COMPANY, Ask::Company),
            flags: &[],
            example: "companies get \"Meridian Credit Union\" --format json",
        },
    ];
}

/// What can be done with companies.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    #[command(flatten)]
    Read(Reads<Companies>),
    Create(Box<Create>),
    Update(Box<Update>),
}

/// Make a company
///
/// It stays inactive, and nothing can be ordered for it, until each of Admin, Billing and Technical has a primary contact: name
/// them with --contact, or be asked for them on a terminal.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  trueup pax8 companies create --name \"Harbour & Finch Ltd\" --street \"4 Quay Row\" --city Bristol --postcode \"BS1 4ZZ\" --country GB --phone \"0117 496 0000\" --website https://harbour.example --contact \"first=Ada last=Moss email=ada@harbour.example phone=1 primary=admin,billing,technical\""
)]
pub(super) struct Create {
    #[command(flatten)]
    about: About,
    /// Add a contact: first= last= email= phone= primary= role=; may be repeated
    #[arg(long, value_name = "KEY=VALUE …")]
    contact: Vec<String>,
    #[command(flatten)]
    act: Act,
}

/// Change a company
///
/// Only what is named is sent; of an address the rest is sent as it is now, also what this program does not know, since Pax8
/// takes it as a whole. --clear empties street2, state or external-id; the rest is demanded.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup pax8 companies update \"Meridian Credit Union\" --phone \"0117 496 0009\"")]
pub(super) struct Update {
    /// The company's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "COMPANY")]
    company: String,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    clear: Clear,
    #[command(flatten)]
    act: Act,
}

/// What a company is.
#[derive(Debug, clap::Args)]
struct About {
    /// Name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Street and number
    #[arg(long, value_name = "TEXT")]
    street: Option<String>,
    /// More of the street
    #[arg(long, value_name = "TEXT")]
    street2: Option<String>,
    /// Town
    #[arg(long, value_name = "TEXT")]
    city: Option<String>,
    /// State, county or province
    #[arg(long, value_name = "TEXT")]
    state: Option<String>,
    /// Postcode
    #[arg(long, value_name = "TEXT")]
    postcode: Option<String>,
    /// Country, two letters; a new company's is the connection's unless named
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// Telephone
    #[arg(long, value_name = "TEXT")]
    phone: Option<String>,
    /// Website
    #[arg(long, value_name = "URL")]
    website: Option<String>,
    /// Your own key for it
    #[arg(long, value_name = "TEXT")]
    external_id: Option<String>,
    /// Whether it may order for itself; a new company's is the connection's setting unless named
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    self_service: Option<bool>,
    /// Whether Pax8 bills it for the partner; likewise
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    bill_on_behalf: Option<bool>,
    /// Whether its own orders need approval; likewise
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    order_approval: Option<bool>,
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err("expected yes or no".to_owned()),
    }
}

impl Verb {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self {
            Self::Read(reads) => reads.run(context).await,
            Self::Create(args) => args.run(context).await,
            Self::Update(args) => args.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let remote = self.act.how.open(context)?;
        let mut new = self.new_company(&remote)?;
        remote.may_write(&Write::CreateCompany(Box::new(new.clone())))?;
        if !self.act.yes && context.ui.can_ask() {
            loop {
                let open = duties_open(all_roles(&new.contacts));
                if open.is_empty() {
                    break;
                }
                for lacks in inactive(all_roles(&new.contacts)) {
                    context.ui.warn(&lacks);
                }
                let Some(contact) = asked(context, &open)? else { break };
                new.contacts.push(contact);
            }
        }
        let lacks = inactive(all_roles(&new.contacts));
        let write = Write::CreateCompany(Box::new(new));
        let sent = send(context, &remote, &write, None, &lacks, &self.act).await?;
        if let Some(id) = sent.now.as_ref().and_then(Record::id).filter(|_| !lacks.is_empty()) {
            context.ui.say(&format!(
                "Add its contacts: trueup pax8 contacts create {id} --primary admin,billing,technical …"
            ));
        }
        Ok(sent.ending)
    }

    fn new_company(&self, remote: &Remote) -> Result<NewCompany, CommandError> {
        let settings = remote.settings();
        let defaults = settings.company_flags();
        let about = &self.about;
        let country = about.country.clone().or_else(|| settings.country.clone());
        complete(&[
            ("--name", about.name.is_some()),
            ("--street", about.street.is_some()),
            ("--city", about.city.is_some()),
            ("--postcode", about.postcode.is_some()),
            ("--country", country.is_some()),
            ("--phone", about.phone.is_some()),
            ("--website", about.website.is_some()),
        ])?;
        let contacts: Result<Vec<_>, CommandError> = self.contact.iter().map(|text| of_text(text)).collect();
        Ok(NewCompany {
            name: need("--name", about.name.as_ref())?,
            address: Address {
                street: need("--street", about.street.as_ref())?,
                street2: may("--street2", about.street2.as_ref())?,
                city: need("--city", about.city.as_ref())?,
                region: may("--state", about.state.as_ref())?,
                postcode: need("--postcode", about.postcode.as_ref())?,
                country: Country::new("--country", country.unwrap_or_default())?,
            },
            phone: need("--phone", about.phone.as_ref())?,
            website: need("--website", about.website.as_ref())?,
            external_id: may("--external-id", about.external_id.as_ref())?,
            flags: CompanyFlags {
                self_service_allowed: about.self_service.unwrap_or(defaults.self_service_allowed),
                bill_on_behalf: about.bill_on_behalf.unwrap_or(defaults.bill_on_behalf),
                order_approval_required: about.order_approval.unwrap_or(defaults.order_approval_required),
            },
            contacts: contacts?,
        })
    }
}

fn all_roles(contacts: &[ContactBody]) -> Vec<ContactRole> {
    contacts.iter().flat_map(|contact| contact.roles.clone()).collect()
}

fn need(option: &str, text: Option<&String>) -> Result<Filled, Invalid> {
    Filled::new(option, text.map(String::as_str).unwrap_or_default())
}

fn may(option: &str, text: Option<&String>) -> Result<Option<Filled>, Invalid> {
    text.map(|text| Filled::new(option, text)).transpose()
}

impl Update {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let (mut changes, address) = self.changes()?;
        let moves = address != AddressChanges::default();
        if !moves {
            // Told before anything is read.
            let _some = CompanyPatch::new(changes.clone())?;
        }
        let remote = self.act.how.open(context)?;
        let company = id_of(context, &remote, (Of::Company, "COMPANY"), &self.company).await?;
        let now = one(&remote, &Ask::Company(company.clone())).await?;
        if moves {
            changes.address = Some(AddressChange::of(&now, &address)?);
        }
        let patch = Box::new(CompanyPatch::new(changes)?.differs_from(&now)?);
        let write = Write::UpdateCompany { company, patch };
        Ok(send(context, &remote, &write, Some(&now), &[], &self.act).await?.ending)
    }

    fn changes(&self) -> Result<(CompanyChanges, AddressChanges), CommandError> {
        let about = &self.about;
        let given = [
            ("street2", about.street2.is_some()),
            ("state", about.state.is_some()),
            ("external-id", about.external_id.is_some()),
        ];
        let given: Vec<&str> = given.iter().filter(|(_, is_given)| *is_given).map(|(word, _)| *word).collect();
        let (of_company, of_address): (Vec<_>, Vec<_>) =
            self.clear.of(CLEARED, &given)?.into_iter().partition(|api| *api == "externalId");
        let external_id = may("--external-id", about.external_id.as_ref())?.map(Clearable::To);
        let changes = CompanyChanges {
            name: may("--name", about.name.as_ref())?,
            address: None,
            phone: may("--phone", about.phone.as_ref())?,
            website: may("--website", about.website.as_ref())?,
            external_id: external_id.or((!of_company.is_empty()).then_some(Clearable::Cleared)),
            self_service_allowed: about.self_service,
            bill_on_behalf: about.bill_on_behalf,
            order_approval_required: about.order_approval,
        };
        let address = AddressChanges {
            street: may("--street", about.street.as_ref())?,
            street2: may("--street2", about.street2.as_ref())?,
            city: may("--city", about.city.as_ref())?,
            region: may("--state", about.state.as_ref())?,
            postcode: may("--postcode", about.postcode.as_ref())?,
            country: about.country.as_ref().map(|code| Country::new("--country", code)).transpose()?,
            clear: of_address,
        };
        Ok((changes, address))
    }
}

/// What of a company can be emptied.
const CLEARED: &[clear::Field] = &[("street2", "street2"), ("state", "stateOrProvince"), ("external-id", "externalId")];
