//! What a body may hold: the members that are written, and their types.
//!
//! Source: the published description, schemas `Area`, `Item`, `InvoiceHeader`, `InvoiceDetail`, `Licence_List`, `Faults`.
//! Invariant: what is of another type is refused; what is not described is let go without a word, as the system does.

use serde_json::{Map, Value};

use super::state::Kind;

/// What a member holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    Text,
    Whole,
    Number,
    Flag,
    Moment,
    List,
    Object,
}

type Members = &'static [(&'static str, Is)];

const CLIENT: Members = &[
    ("id", Is::Whole),
    ("name", Is::Text),
    ("toplevel_id", Is::Whole),
    ("inactive", Is::Flag),
    ("website", Is::Text),
    ("notes", Is::Text),
    ("customfields", Is::List),
    ("newclient_sitename", Is::Text),
    ("newclient_contactname", Is::Text),
    ("newclient_contactemail", Is::Text),
    ("newclient_phonenumber", Is::Text),
    ("newclient_delivery_address", Is::Object),
];
const ITEM: Members = &[
    ("id", Is::Whole),
    ("name", Is::Text),
    ("description", Is::Text),
    ("assetgroup_id", Is::Whole),
    ("supplier_id", Is::Whole),
    ("supplier_part_code", Is::Text),
    ("internalreference", Is::Text),
    ("externalreference", Is::Text),
    ("baseprice", Is::Number),
    ("costprice", Is::Number),
    ("recurringprice", Is::Number),
    ("recurringcost", Is::Number),
    ("isrecurringitem", Is::Flag),
    ("update_recurring_invoice_price", Is::Flag),
    ("update_recurring_invoice_cost", Is::Flag),
    ("customfields", Is::List),
];
const INVOICE: Members = &[
    ("id", Is::Whole),
    ("client_id", Is::Whole),
    ("name", Is::Text),
    ("startdate", Is::Moment),
    ("enddate", Is::Moment),
    ("disabled", Is::Flag),
    ("lines", Is::List),
];
const LICENCE: Members = &[
    ("id", Is::Whole),
    ("type", Is::Whole),
    ("name", Is::Text),
    ("count", Is::Whole),
    ("client_id", Is::Whole),
    ("vendor", Is::Text),
    ("distributor", Is::Text),
    ("is_active", Is::Flag),
];
const TICKET: Members = &[
    ("id", Is::Whole),
    ("summary", Is::Text),
    ("details", Is::Text),
    ("tickettype_id", Is::Whole),
    ("client_id", Is::Whole),
    ("site_id", Is::Whole),
    ("third_party_id", Is::Whole),
    ("customfields", Is::List),
];
/// Of a line; the rest of it travels back as it was read.
const LINE: Members = &[
    ("id", Is::Whole),
    ("ihid", Is::Whole),
    ("_itemid", Is::Whole),
    ("item_code", Is::Text),
    ("item_shortdescription", Is::Text),
    ("item_longdescription", Is::Text),
    ("qty_order", Is::Number),
    ("unit_price", Is::Number),
    ("unit_cost", Is::Number),
    ("startdate", Is::Moment),
    ("enddate", Is::Moment),
    ("isinactive", Is::Flag),
    ("isgroupdesc", Is::Flag),
    ("quantity_licences", Is::List),
    ("customfields", Is::List),
];

/// What an element of a body holds that is taken, or what is wrong with it.
pub(super) fn taken(kind: Kind, sent: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let members = match kind {
        Kind::Client => CLIENT,
        Kind::Site => &[],
        Kind::Item => ITEM,
        Kind::Invoice => INVOICE,
        Kind::Licence => LICENCE,
        Kind::Ticket => TICKET,
    };
    check(members, &sent)?;
    // null is not given
    let known = |name: &String| members.iter().any(|(known, _)| known == name);
    Ok(sent.into_iter().filter(|(name, value)| known(name) && !value.is_null()).collect())
}

/// Whether a line is as described.
pub(super) fn line(sent: &Map<String, Value>) -> Result<(), String> {
    check(LINE, sent)
}

fn check(members: Members, sent: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in sent {
        let Some((_, is)) = members.iter().find(|(known, _)| known == name) else { continue };
        let fits = value.is_null()
            || match is {
                Is::Text => value.is_string(),
                Is::Whole => value.is_i64(),
                Is::Number => value.is_number(),
                Is::Flag => value.is_boolean(),
                Is::Moment => value.as_str().is_some_and(|text| {
                    chrono::NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), "%Y-%m-%dT%H:%M:%S%.f").is_ok()
                }),
                Is::List => value.is_array(),
                Is::Object => value.is_object(),
            };
        if !fits {
            return Err(format!("Error converting value {value}. Path '[0].{name}'"));
        }
    }
    Ok(())
}
