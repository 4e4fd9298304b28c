//! `trueup pax8 contacts`: a company's people and their duties.
//!
//! Keeps the invariant that a contact is deleted by a person's explicit act alone, who was told what the company then lacks.

use clap::Subcommand;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::pax8::clear::{self, Clear};
use crate::cli::pax8::names::{Of, contact_of, id_of};
use crate::cli::pax8::options::{complete, one, refused};
use crate::cli::pax8::pairs::Pairs;
use crate::cli::pax8::read::{Asks, Id, Noun, Read, Reads};
use crate::cli::pax8::write::{Act, send};
use crate::cli::ui::is_yes;
use crate::engine::pax8::{
    Ask, ContactBody, ContactChange, ContactChanges, ContactRole, Duty, DutyChange, Email, Extent, Filled, Invalid,
    Query, Record, Remote, RemoteId, Write, duties_open,
};

const COMPANY: Id = ("COMPANY", "The company's id or name, or the beginning of either; of an id at least 6 characters");
const CONTACT: Id = ("CONTACT", "The contact's id, mail address or name");

/// Reads of contacts.
#[derive(Debug, Clone)]
pub(super) struct Contacts;

impl Noun for Contacts {
    const READS: &'static [Read] = &[
        Read {
            verb: "list",
            about: "List the contacts of a company",
            more: "The newest first, as Pax8 lists them.",
            asks: Asks::PagesOf(COMPANY, |company| Ask::Contacts { company }),
            flags: &[],
            example: "contacts list \"Meridian Credit Union\"",
        },
        Read {
            verb: "get",
            about: "Show one contact",
            more: "",
            asks: Asks::WholeOf(COMPANY, CONTACT, |company, contact| Ask::Contact { company, contact }),
            flags: &[],
            example: "contacts get \"Meridian Credit Union\" jo@meridiancreditunionllc.example",
        },
    ];
}

/// What can be done with contacts.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    #[command(flatten)]
    Read(Reads<Contacts>),
    Create(Create),
    Update(Update),
    Delete(Delete),
}

/// Add a contact to a company
///
/// A company is active once each of Admin, Billing and Technical has a primary contact; one contact may be primary for all.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  trueup pax8 contacts create \"Meridian Credit Union\" --first-name Ada --last-name Moss --email ada@acme.example --phone 555-0100 --role billing"
)]
pub(super) struct Create {
    /// The company's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "COMPANY")]
    company: String,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    act: Act,
}

/// Change a contact
///
/// Pax8 replaces a contact as a whole: what is not named here is sent as it is now, also what this program does not know.
///
/// --primary and --role add to the duties it has; --no-primary and --no-role take away. --clear empties roles,
/// phone-country-code or phone-country-calling-code; the names, the mail address and the telephone are demanded.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  trueup pax8 contacts update \"Meridian Credit Union\" jo@meridiancreditunionllc.example --phone 555-0199 --role technical"
)]
pub(super) struct Update {
    /// The company's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "COMPANY")]
    company: String,
    /// The contact's id, mail address or name
    #[arg(value_name = "CONTACT")]
    contact: String,
    #[command(flatten)]
    person: Person,
    /// No longer the first to be asked about it; may be repeated
    #[arg(long, value_name = "DUTY", value_delimiter = ',')]
    no_primary: Vec<String>,
    /// No longer to be asked about it; may be repeated
    #[arg(long, value_name = "DUTY", value_delimiter = ',')]
    no_role: Vec<String>,
    #[command(flatten)]
    clear: Clear,
    #[command(flatten)]
    act: Act,
}

/// Delete a contact
///
/// Only ever here, and only the one named. Pax8 may refuse to let the last primary contact go.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trueup pax8 contacts delete \"Meridian Credit Union\" ada@acme.example")]
pub(super) struct Delete {
    /// The company's id or name, or the beginning of either; of an id at least 6 characters
    #[arg(value_name = "COMPANY")]
    company: String,
    /// The contact's id, mail address or name
    #[arg(value_name = "CONTACT")]
    contact: String,
    #[command(flatten)]
    act: Act,
}

/// Who it is.
#[derive(Debug, clap::Args)]
struct Person {
    /// First name
    #[arg(long, value_name = "TEXT")]
    first_name: Option<String>,
    /// Last name
    #[arg(long, value_name = "TEXT")]
    last_name: Option<String>,
    /// Mail address
    #[arg(long, value_name = "MAIL")]
    email: Option<String>,
    /// Telephone
    #[arg(long, value_name = "TEXT")]
    phone: Option<String>,
    /// The first to be asked about admin, billing or technical; may be repeated
    #[arg(long, value_name = "DUTY", value_delimiter = ',')]
    primary: Vec<String>,
    /// Also to be asked about it; may be repeated
    #[arg(long, value_name = "DUTY", value_delimiter = ',')]
    role: Vec<String>,
}

impl Verb {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        match self {
            Self::Read(reads) => reads.run(context).await,
            Self::Create(args) => args.run(context).await,
            Self::Update(args) => args.run(context).await,
            Self::Delete(args) => args.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let person = &self.person;
        complete(&[
            ("--first-name", person.first_name.is_some()),
            ("--last-name", person.last_name.is_some()),
            ("--email", person.email.is_some()),
            ("--phone", person.phone.is_some()),
        ])?;
        let roles = roles(&person.primary, &person.role)?;
        let text = |option: &str, text: &Option<String>| Filled::new(option, text.as_deref().unwrap_or_default());
        let contact = ContactBody {
            first_name: text("--first-name", &person.first_name)?,
            last_name: text("--last-name", &person.last_name)?,
            email: Email::new("--email", person.email.as_deref().unwrap_or_default())?,
            phone: text("--phone", &person.phone)?,
            roles,
        };
        let remote = self.act.how.open(context)?;
        let company = id_of(context, &remote, (Of::Company, "COMPANY"), &self.company).await?;
        let write = Write::CreateContact { company: company.clone(), contact: contact.clone() };
        remote.may_write(&write)?;
        let others = people(context, &remote, &company, None).await?;
        let mut told = inactive(contact.roles.iter().copied().chain(all_roles(&others)));
        told.extend(stepping_back(&contact.roles, &[], &others));
        Ok(send(context, &remote, &write, None, &told, &self.act).await?.ending)
    }
}

impl Update {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let changes = self.changes()?;
        if changes == ContactChanges::default() {
            return Err(CommandError::new(Kind::Usage, "nothing is to be changed: name at least one option"));
        }
        let remote = self.act.how.open(context)?;
        let company = id_of(context, &remote, (Of::Company, "COMPANY"), &self.company).await?;
        let id = contact_of(context, &remote, &company, &self.contact).await?;
        let now = one(&remote, &Ask::Contact { company: company.clone(), contact: id.clone() }).await?;
        let change = ContactChange::of(&now, &changes)?;
        let others = people(context, &remote, &company, Some(&id)).await?;
        let mut told = inactive(change.roles().into_iter().chain(all_roles(&others)));
        told.extend(stepping_back(&change.roles(), &ContactRole::all_of(&now), &others));
        let write = Write::ReplaceContact { company, contact: id, change };
        Ok(send(context, &remote, &write, Some(&now), &told, &self.act).await?.ending)
    }

    fn changes(&self) -> Result<ContactChanges, CommandError> {
        let person = &self.person;
        let text =
            |option: &str, text: &Option<String>| text.as_ref().map(|text| Filled::new(option, text)).transpose();
        let duties = self.duties()?;
        let given = if duties.is_empty() { &[][..] } else { &["roles"][..] };
        Ok(ContactChanges {
            first_name: text("--first-name", &person.first_name)?,
            last_name: text("--last-name", &person.last_name)?,
            email: person.email.as_ref().map(|mail| Email::new("--email", mail)).transpose()?,
            phone: text("--phone", &person.phone)?,
            duties,
            clear: self.clear.of(CLEARED, given)?,
        })
    }

    /// What is to become of its duties, each named once.
    fn duties(&self) -> Result<Vec<DutyChange>, CommandError> {
        let made: [fn(Duty) -> DutyChange; 4] =
            [DutyChange::Primary, DutyChange::Has, DutyChange::NotPrimary, DutyChange::Without];
        let typed = [&self.person.primary, &self.person.role, &self.no_primary, &self.no_role];
        let options = ["--primary", "--role", "--no-primary", "--no-role"].into_iter().zip(typed);
        let (mut named, mut changes) = (Vec::new(), Vec::new());
        for ((option, typed), change) in options.zip(made) {
            for duty in duties(option, typed)? {
                if named.contains(&duty) {
                    let what = format!("{} is named twice", duty.as_str());
                    return Err(Invalid { field: option.to_owned(), what }.into());
                }
                named.push(duty);
                changes.push(change(duty));
            }
        }
        Ok(changes)
    }
}

/// What of a contact can be emptied.
const CLEARED: &[clear::Field] = &[
    ("roles", "types"),
    ("phone-country-code", "phoneCountryCode"),
    ("phone-country-calling-code", "phoneCountryCallingCode"),
];

/// Who stops being the first to be asked, since a duty has one primary contact.
fn stepping_back(roles: &[ContactRole], before: &[ContactRole], others: &[Record]) -> Vec<String> {
    let new = roles.iter().filter(|role| role.primary && !before.contains(role)).map(|role| role.duty);
    let told = |duty: Duty| {
        let is_primary =
            |other: &&Record| ContactRole::all_of(other).iter().any(|role| role.primary && role.duty == duty);
        let other = others.iter().find(is_primary)?;
        let name =
            [other.text("firstName"), other.text("lastName")].into_iter().flatten().collect::<Vec<_>>().join(" ");
        Some(format!("{name} is the primary contact for {} now and will no longer be", duty.as_str()))
    };
    new.filter_map(told).collect()
}

impl Delete {
    async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let remote = self.act.how.open(context)?;
        let company = id_of(context, &remote, (Of::Company, "COMPANY"), &self.company).await?;
        let contact = contact_of(context, &remote, &company, &self.contact).await?;
        let write = Write::DeleteContact { company: company.clone(), contact: contact.clone() };
        let now = one(&remote, &Ask::Contact { company: company.clone(), contact: contact.clone() }).await?;
        let rest = people(context, &remote, &company, Some(&contact)).await?;
        Ok(send(context, &remote, &write, Some(&now), &inactive(all_roles(&rest)), &self.act).await?.ending)
    }
}

/// Duties as typed.
fn duties(option: &str, typed: &[String]) -> Result<Vec<Duty>, CommandError> {
    let known = Duty::ALL.map(Duty::as_str);
    let words = typed.iter().flat_map(|words| words.split(',')).map(str::trim).filter(|word| !word.is_empty());
    let duty = |word: &str| {
        Duty::of(word).ok_or_else(|| {
            let what = format!("expected {}; found {word}", known.join(", "));
            refused(Invalid { field: option.to_owned(), what }, word, &known)
        })
    };
    words.map(duty).collect()
}

/// The duties of a new contact.
fn roles(primary: &[String], also: &[String]) -> Result<Vec<ContactRole>, CommandError> {
    let mut all: Vec<ContactRole> = Vec::new();
    for (typed, option, primary) in [(primary, "--primary", true), (also, "--role", false)] {
        for duty in duties(option, typed)? {
            if all.iter().all(|role| role.duty != duty) {
                all.push(ContactRole { duty, primary });
            }
        }
    }
    Ok(all)
}

/// A contact as `companies create` takes it.
pub(super) fn of_text(text: &str) -> Result<ContactBody, CommandError> {
    let given = Pairs::read("--contact", text, &["first", "last", "email", "phone", "primary", "role"])?;
    let words = |key: &str| given.get(key).map(str::to_owned).into_iter().collect::<Vec<_>>();
    Ok(ContactBody {
        first_name: Filled::new("--contact first", given.need("first")?)?,
        last_name: Filled::new("--contact last", given.need("last")?)?,
        email: Email::new("--contact email", given.need("email")?)?,
        phone: Filled::new("--contact phone", given.need("phone")?)?,
        roles: roles(&words("primary"), &words("role"))?,
    })
}

/// Asks for a contact that is primary for duties; nothing where none is wanted.
pub(super) fn asked(context: &Context, open: &[Duty]) -> Result<Option<ContactBody>, CommandError> {
    let ui = &context.ui;
    let named = open.iter().map(|duty| duty.as_str()).collect::<Vec<_>>().join(", ");
    let wanted = ui.ask(&format!("Add a contact now, primary for {named}? [y/N]"))?;
    if !wanted.as_deref().is_some_and(is_yes) {
        return Ok(None);
    }
    let text = |label: &str| ui.ask_until(&format!("  {label}:"), |answer| Filled::new(label, answer));
    let (first_name, last_name) = (text("First name")?, text("Last name")?);
    let email = ui.ask_until("  Mail address:", |answer| Email::new("Mail address", answer))?;
    Ok(Some(ContactBody {
        first_name,
        last_name,
        email,
        phone: text("Telephone")?,
        roles: open.iter().map(|duty| ContactRole { duty: *duty, primary: true }).collect(),
    }))
}

/// What a company lacks whose contacts have these duties.
pub(super) fn inactive(roles: impl IntoIterator<Item = ContactRole>) -> Vec<String> {
    let open = duties_open(roles);
    let named = open.iter().map(|duty| duty.as_str()).collect::<Vec<_>>().join(", ");
    let told =
        format!("without a primary contact for {named} the company is inactive, and nothing can be ordered for it");
    if open.is_empty() { Vec::new() } else { vec![told] }
}

fn all_roles(contacts: &[Record]) -> Vec<ContactRole> {
    contacts.iter().flat_map(ContactRole::all_of).collect()
}

/// The contacts a company has, without one of them.
async fn people(
    context: &Context,
    remote: &Remote,
    company: &RemoteId,
    without: Option<&RemoteId>,
) -> Result<Vec<Record>, CommandError> {
    let ask = Ask::Contacts { company: company.clone() };
    let answer = remote.ask(&ask, &Query::default(), Extent::All, &*context.ui).await?;
    let is_other = |contact: &&Record| {
        without.is_none_or(|without| !contact.id().is_some_and(|id| id.eq_ignore_ascii_case(without.as_str())))
    };
    Ok(answer.records.into_iter().filter(|contact| is_other(&contact)).collect())
}
