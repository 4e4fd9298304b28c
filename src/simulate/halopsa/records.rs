//! The records of HaloPSA, made of the tables.
//!
//! Invariant: a figure goes out with the digits it came in with; what is no day or no record is one of the values the system has
//! for it, never missing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::state::{field_of, fields};
use crate::simulate::data::{Data, File, Row, eve};
use crate::simulate::json::{id, number, small_id};

/// What stands for no day.
pub(super) const NO_DAY: &str = "1899-12-30T00:00:00";
/// The same elsewhere.
const NEVER: &str = "1901-01-01T00:00:00";
/// The currency of the tenant, which invoices have that name none.
const HOME: &str = "GBP";

/// A day as the system writes it; a text that is none goes out as it is.
fn moment(day: &str) -> String {
    match day.len() {
        0 => NO_DAY.to_owned(),
        10 => format!("{day}T00:00:00"),
        _ => day.to_owned(),
    }
}

fn address(row: Row<'_>) -> Value {
    json!({ "id": small_id(row.get("id")), "line1": row.get("addressLine1"), "line2": "", "line3": row.get("city"),
        "line4": row.get("state"), "postcode": row.get("zip") })
}

pub(super) fn client(row: Row<'_>) -> Value {
    let inactive = row.get("deletedFlag") == "true" || row.get("status") == "Inactive";
    json!({
        "id": id(row.get("id")), "name": row.get("name"), "toplevel_id": 1, "toplevel_name": "Customers",
        "inactive": inactive, "main_site_id": small_id(row.get("id")), "main_site_name": "Main",
        "website": row.get("website"), "notes": "", "accountsid": row.get("identifier"),
        "main_delivery_address": address(row), "main_phonenumber": row.get("phoneNumber"),
        "datecreated": "2024-01-01T09:00:00.123", "alastupdate": NEVER, "connectwiseid": 0, "autotaskid": -1,
        "external_links": [], "customfields": fields("Client"), "use": "client",
    })
}

pub(super) fn item(row: Row<'_>) -> Value {
    json!({
        "id": id(row.get("id")), "name": row.get("description"), "description": "", "type": 0, "status": 0,
        "assetgroup_id": small_id(row.get("category")), "assetgroup_name": row.get("category"), "supplier_id": -1,
        "supplier_name": "", "supplier_part_code": row.get("manufacturerPartNumber"),
        "internalreference": row.get("identifier"), "externalreference": "", "accountsid": "",
        "baseprice": number(row.get("price")), "costprice": number(row.get("cost")),
        "recurringprice": number(row.get("price")), "recurringcost": number(row.get("cost")),
        "isrecurringitem": true, "taxcode": 0, "nominalcode": "", "linked_item_id": 0,
        "update_recurring_invoice_price": false, "update_recurring_invoice_cost": false,
        "external_links": [], "customfields": fields("Item"), "lastmodified": NEVER, "use": "item",
    })
}

/// Every currency that an invoice has.
pub(super) fn currencies(data: &Data) -> Vec<Value> {
    let codes =
        data.table(File::PsaAgreementLines).rows().map(|row| row.get("currencyCode")).filter(|code| code.len() == 3);
    let mut codes: Vec<&str> = codes.chain([HOME]).collect();
    codes.sort_unstable();
    codes.dedup();
    let one = |(number, code): (usize, &&str)| json!({ "id": number + 1, "name": code, "symbol": "", "code": code, "conversion_rate": 1 });
    codes.iter().enumerate().map(one).collect()
}

/// The recurring invoices with their lines, and the licences that some of these are computed from. Lines of one agreement that
/// disagree about its name, status, customer or currency stand on invoices of their own, so that nothing is lost.
pub(super) fn invoices(data: &Data, currencies: &[Value]) -> (Vec<Value>, Vec<Value>) {
    type Head<'a> = [&'a str; 5];
    let mut heads: BTreeMap<&str, Vec<(Head<'_>, usize)>> = BTreeMap::new();
    let (mut invoices, mut licences) = (Vec::<Value>::new(), Vec::<Value>::new());
    for row in data.table(File::PsaAgreementLines).rows() {
        let head: Head<'_> = ["agreementName", "agreementStatus", "companyId", "companyName", "currencyCode"]
            .map(|column| row.get(column));
        let seen = heads.entry(row.get("agreementId")).or_default();
        let at = seen.iter().find(|(known, _)| *known == head).map(|(_, at)| *at);
        let at = at.unwrap_or_else(|| {
            invoices.push(invoice(row, seen.len(), currencies));
            seen.push((head, invoices.len() - 1));
            invoices.len() - 1
        });
        let Some(invoice) = invoices.get_mut(at) else { continue };
        let line = line(row, invoice, &mut licences);
        if let Some(lines) = invoice.get_mut("lines").and_then(Value::as_array_mut) {
            lines.push(line);
        }
    }
    invoices.sort_by_key(|invoice| invoice.get("id").and_then(Value::as_i64));
    (invoices, licences)
}

fn invoice(row: Row<'_>, nth: usize, currencies: &[Value]) -> Value {
    let own = row
        .get("agreementId")
        .parse::<i64>()
        .unwrap_or_else(|_| i64::try_from(small_id(row.get("agreementId"))).unwrap_or_default());
    let nth = i64::try_from(nth).unwrap_or_default();
    let code = row.get("currencyCode");
    let known = currencies.iter().find(|currency| currency.get("code").is_some_and(|known| known == code));
    let currency =
        if code == HOME { json!(0) } else { known.and_then(|known| known.get("id")).cloned().unwrap_or(json!(-9)) };
    json!({
        "id": -(own + nth * 1_000_000), "client_id": id(row.get("companyId")), "client_name": row.get("companyName"),
        "site_name": "Main", "contract_id": -1, "name": row.get("agreementName"), "period": 1, "period_type": 0,
        "periodname": "Monthly", "startdate": "2024-01-01T00:00:00", "enddate": NO_DAY, "lastcreated": NEVER,
        "nextcreationdate": "2026-12-01T00:00:00", "disabled": row.get("agreementStatus") != "Active", "schedule_id": 0,
        "currency_code": currency, "tax_total": 0, "total": 0, "invoice_prorata_periods_ahead": 0,
        "last_modified": NEVER, "external_links": [], "customfields": [], "lines": [],
    })
}

fn line(row: Row<'_>, invoice: &Value, licences: &mut Vec<Value>) -> Value {
    let (quantity, whole) = (row.get("billedQuantity"), row.get("billedQuantity").parse::<u32>());
    // of a made world, some lines follow a licence
    let follows = row.get("id").ends_with('7') && whole.is_ok();
    let mut sources = Vec::new();
    if follows {
        let own = 50_000 + licences.len();
        licences.push(json!({
            "id": own, "type": 1, "name": row.get("description"), "count": number(quantity), "licences_in_use": 0,
            "client_id": id(row.get("companyId")), "client_name": row.get("companyName"), "site_id": -1, "vendor": "",
            "distributor": "", "is_active": true, "deleted": false, "start_date": NEVER, "end_date": NO_DAY,
            "status": "Active",
        }));
        sources.push(json!({ "id": own, "invoice_line_id": id(row.get("id")), "kind": 1, "licence_id": own,
            "licence_name": row.get("description"), "assigned_licences": false, "qty_free": 0, "minimum_qty": 0 }));
    }
    json!({
        "id": id(row.get("id")), "ihid": invoice.get("id"), "_itemid": id(row.get("productId")),
        "item_code": row.get("productIdentifier"), "item_shortdescription": row.get("description"),
        "item_longdescription": "", "qty_order": number(quantity), "unit_price": number(row.get("unitPrice")),
        "unit_cost": number(row.get("unitCost")), "baseprice": number(row.get("unitPrice")),
        "net_amount": number(row.get("extendedPrice")), "tax_rate": 0, "tax_amount": 0, "tax_code": "0",
        "nominal_code": "", "discount_perc": 0, "startdate": moment(row.get("effectiveDate")),
        "enddate": moment(&eve(row.get("cancelledDate"))), "autorenew": false, "isinactive": row.get("billCustomer") != "Billable",
        "billingperiod": 1, "onetimecharge": false, "recurring_invoice_quantity_type": if follows { 2 } else { 0 },
        "quantity_licences": sources, "quantity_subscriptions": [], "quantity_assets": [], "quantity_users": [],
        "prorata_data": [], "group_id": 0, "isgroupdesc": false, "is_bundled_line": false, "sequenceid": 1,
        "customfields": [field_of("InvoiceDetail", &Value::Null)],
    })
}
