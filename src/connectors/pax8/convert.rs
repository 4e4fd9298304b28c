//! Pax8's records as this program's. Pure; a record that lacks what it must have becomes a [`Flaw`].
//!
//! `usual` is the currency of the settings: it stands in where a record says none, as those of old shape do, and changes none
//! that is said, since an account may be charged in several.

use chrono::NaiveDate;

use crate::connectors::pax8::field::{
    Flaw, amount, currency, day, id, may_currency, quantity, required, required_id, required_text, same_case, text,
    unit_price,
};
use crate::connectors::pax8::wire;
use crate::core::billing::{
    ChargeKind, InvoiceState, Subscription, SubscriptionFields, UsageLine, UsageSummary, VendorCharge, VendorInvoice,
};
use crate::core::customer::{Contact, ContactRole, CustomerFields, VendorCustomer};
use crate::core::id::{ChargeId, InvoiceId, SubscriptionId, VendorProductId};
use crate::core::money::Currency;
use crate::core::outside::excerpt;
use crate::core::product::{CommitmentRule, PriceRow, ProductFields, VendorProduct};
use crate::core::record::Record;
use crate::core::snapshot::Problem;

type Read<T> = Result<T, Flaw>;

/// A company, without its contacts.
pub(super) fn customer(company: wire::Company) -> Read<VendorCustomer> {
    let address = company.address.unwrap_or_default();
    Ok(Record {
        id: required_id("id", company.id)?,
        fields: CustomerFields {
            code: None,
            name: required_text("name", company.name)?,
            street: text(address.street),
            street2: text(address.street2),
            city: text(address.city),
            region: text(address.state_or_province),
            postcode: text(address.postal_code),
            country: text(address.country),
            phone: text(company.phone),
            website: text(company.website),
            external_id: text(company.external_id),
            status: text(company.status),
            contacts: None,
        },
        version: text(company.updated_date),
    })
}

/// A contact of a company.
pub(super) fn contact(contact: wire::Contact) -> Read<Contact> {
    let roles = contact.types.unwrap_or_default().into_iter().map(|role| {
        Ok(ContactRole {
            kind: required_text("types.type", role.kind)?,
            primary: required("types.primary", role.primary)?,
        })
    });
    Ok(Contact {
        roles: roles.collect::<Read<_>>()?,
        id: same_case(required_text("id", contact.id)?),
        first_name: text(contact.first_name),
        last_name: text(contact.last_name),
        email: text(contact.email),
        phone: text(contact.phone).or(text(contact.phone_number)),
    })
}

/// A product of the catalogue.
pub(super) fn product(product: wire::Product) -> Read<VendorProduct> {
    Ok(Record {
        id: required_id("id", product.id)?,
        fields: ProductFields {
            name: required_text("name", product.name)?,
            manufacturer: text(product.vendor_name),
            sku: text(product.sku),
            vendor_sku: text(product.vendor_sku),
            description: text(product.short_description),
            requires_commitment: product.requires_commitment,
            ..ProductFields::default()
        },
        version: None,
    })
}

/// One pricing entry: a row for each of its rates.
pub(super) fn prices(of: &VendorProductId, pricing: wire::Pricing) -> Read<Vec<PriceRow>> {
    let billing_term = required_text("billingTerm", pricing.billing_term)?;
    let rate_type = required_text("type", pricing.kind)?;
    let (commitment_term, unit) = (text(pricing.commitment_term), text(pricing.unit_of_measurement));
    let row = |rate: wire::Rate| {
        Ok(PriceRow {
            product: of.clone(),
            billing_term: billing_term.clone(),
            commitment_term: commitment_term.clone(),
            rate_type: rate_type.clone(),
            charge_type: text(rate.charge_type),
            unit: unit.clone(),
            from: quantity("rates.startQuantityRange", rate.start_quantity_range.as_ref())?,
            to: quantity("rates.endQuantityRange", rate.end_quantity_range.as_ref())?,
            cost: unit_price("rates.partnerBuyRate", rate.partner_buy_rate.as_ref())?,
            retail: unit_price("rates.suggestedRetailPrice", rate.suggested_retail_price.as_ref())?,
        })
    };
    required("rates", pricing.rates)?.into_iter().map(row).collect()
}

/// What one term of a product binds to.
pub(super) fn commitment(of: &VendorProductId, rule: wire::CommitmentDependency) -> Read<CommitmentRule> {
    let term = required_text("term", rule.term)?;
    Ok(CommitmentRule {
        product: of.clone(),
        id: text(rule.id).map_or_else(|| term.clone(), same_case),
        term,
        auto_renew: rule.auto_renew,
        window_days_before: rule.renewal_window_days_before_term_end,
        window_days_after: rule.renewal_window_days_after_term_end,
        may_decrease: rule.allow_for_quantity_decrease,
    })
}

/// A subscription, or an earlier state of one.
pub(super) fn subscription(held: wire::Subscription, usual: Option<Currency>) -> Read<Subscription> {
    let (term, ends) = match held.commitment.or(held.commitment_term) {
        Some(commitment) => (text(commitment.term), commitment.end_date),
        None => (None, None),
    };
    let updated = text(held.updated_date);
    Ok(Record {
        id: required_id("id", held.id)?,
        version: updated.clone(),
        fields: SubscriptionFields {
            company: required_id("companyId", held.company_id)?,
            product: required_id("productId", held.product_id)?,
            quantity: quantity("quantity", held.quantity.as_ref())?,
            start: day("startDate", held.start_date)?,
            end: day("endDate", held.end_date)?,
            billing_start: day("billingStart", held.billing_start)?,
            status: required_text("status", held.status)?,
            price: unit_price("price", held.price.as_ref())?,
            cost: unit_price("partnerCost", held.partner_cost.as_ref())?,
            currency: may_currency("currencyCode", held.currency_code, usual)?,
            billing_term: text(held.billing_term),
            commitment_term: term,
            commitment_end: day("commitment.endDate", ends)?,
            vendor_subscription: text(held.vendor_subscription_id),
            updated,
        },
    })
}

/// The head of an invoice.
pub(super) fn invoice(head: wire::Invoice, usual: Option<Currency>) -> Read<VendorInvoice> {
    Ok(VendorInvoice {
        id: required_id("id", head.id)?,
        date: required("invoiceDate", day("invoiceDate", head.invoice_date)?)?,
        due: day("dueDate", head.due_date)?,
        status: text(head.status),
        total: amount("total", head.total.as_ref())?,
        balance: amount("balance", head.balance.as_ref())?,
        carried: amount("carriedBalance", head.carried_balance.as_ref())?,
        currency: currency("currencyCode", head.currency_code, usual)?,
        partner: text(head.partner_name),
    })
}

/// What is doubtful of a document whose status is a word this version does not know. It is kept, and its lines are cost.
pub(super) fn strange_status(head: &VendorInvoice) -> Option<Problem> {
    let word = head.status.as_deref().filter(|word| InvoiceState::of(word).is_none())?;
    let expected = "expected one of Unpaid, Paid, Void, Carried, Nothing Due, Credited";
    let what = "its lines count as cost, see that the document was not withdrawn";
    let what = format!("{expected}, found `{}`; {what}", excerpt(word, 40));
    Some(Problem::new("GET /invoices", what).record(head.id.as_str()).field("status"))
}

/// A line of an invoice, or of a draft. `place` is the line's id where the source gives none.
pub(super) fn charge(
    invoice: Option<&InvoiceId>,
    place: String,
    item: wire::InvoiceItem,
    usual: Option<Currency>,
) -> Read<VendorCharge> {
    Ok(VendorCharge {
        id: id(item.id).unwrap_or_else(|| ChargeId::new(place)),
        invoice: invoice.cloned(),
        kind: ChargeKind::of(&required_text("type", item.kind)?),
        company: id(item.company_id),
        company_name: text(item.company_name),
        product: id(item.product_id),
        product_name: text(item.product_name),
        sku: text(item.sku),
        subscription: id(item.subscription_id),
        start: required("startPeriod", day("startPeriod", item.start_period)?)?,
        end: day("endPeriod", item.end_period)?,
        end_rule: None,
        quantity: required("quantity", quantity("quantity", item.quantity.as_ref())?)?,
        unit: text(item.unit_of_measure),
        term: text(item.term),
        rate_type: text(item.rate_type),
        charge_type: text(item.charge_type),
        price: required("price", unit_price("price", item.price.as_ref())?)?,
        amount: required("subTotal", amount("subTotal", item.sub_total.as_ref())?)?,
        cost: required("cost", unit_price("cost", item.cost.as_ref())?)?,
        cost_total: required("costTotal", amount("costTotal", item.cost_total.as_ref())?)?,
        tax: amount("salesTax", item.sales_tax.as_ref())?,
        amount_due: amount("amountDue", item.amount_due.as_ref())?,
        currency: currency("currencyCode", item.currency_code, usual)?,
        description: text(item.description),
    })
}

/// A metered total. The subscription is the one asked for: the reply need not name it.
pub(super) fn usage_summary(
    of: &SubscriptionId,
    summary: wire::UsageSummary,
    usual: Option<Currency>,
) -> Read<UsageSummary> {
    Ok(UsageSummary {
        id: same_case(required_text("id", summary.id)?),
        company: id(summary.company_id),
        product: id(summary.product_id),
        subscription: of.clone(),
        resource_group: text(summary.resource_group),
        charges: required("currentCharges", amount("currentCharges", summary.current_charges.as_ref())?)?,
        cost: required("partnerTotal", amount("partnerTotal", summary.partner_total.as_ref())?)?,
        currency: currency("currencyCode", summary.currency_code, usual)?,
    })
}

/// A metered line; `None` when it is of another day than was asked for (a filter the remote did not heed).
pub(super) fn usage_line(
    of: &str,
    asked: NaiveDate,
    line: wire::UsageLine,
    usual: Option<Currency>,
) -> Read<Option<UsageLine>> {
    let day = required("usageDate", day("usageDate", line.usage_date)?)?;
    if day != asked {
        return Ok(None);
    }
    Ok(Some(UsageLine {
        summary: of.to_owned(),
        product: id(line.product_id),
        product_name: text(line.product_name),
        day,
        quantity: required("quantity", quantity("quantity", line.quantity.as_ref())?)?,
        unit: text(line.unit_of_measure),
        price: unit_price("unitPrice", line.unit_price.as_ref())?,
        charges: required("currentCharges", amount("currentCharges", line.current_charges.as_ref())?)?,
        cost: required("partnerTotal", amount("partnerTotal", line.partner_total.as_ref())?)?,
        currency: currency("currencyCode", line.currency_code, usual)?,
    }))
}

#[cfg(test)]
mod tests;
