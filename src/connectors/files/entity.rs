//! What an export may hold: the entities, their file names, their fields and the headers known to mean them.
//!
//! Field names are those of the Pax8 API on the vendor's side and of ConnectWise additions on the PSA's. A header is found
//! by name, never by position; case, blanks, underscores, dashes and dots are spelling.

/// How the text of a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As it is.
    Text,
    /// A decimal number.
    Number,
    /// A day.
    Date,
    /// `true` or `false`.
    Flag,
}

/// One field of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name in the canonical layout.
    pub name: &'static str,
    /// How it is written.
    pub kind: Kind,
    /// Whether a file without a column for it is refused.
    pub required: bool,
    /// Whether its absence changes what lines mean, so that a file that may have it under another name is doubted.
    pub missed: bool,
    /// Other headers that mean it, squeezed.
    pub aliases: &'static [&'static str],
}

impl Field {
    const fn new(name: &'static str, kind: Kind, aliases: &'static [&'static str]) -> Self {
        Self { name, kind, required: false, missed: false, aliases }
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn missed(mut self) -> Self {
        self.missed = true;
        self
    }

    /// Whether a squeezed header means this field.
    #[must_use]
    pub fn is_meant_by(&self, squeezed: &str) -> bool {
        squeeze(self.name) == squeezed || self.aliases.contains(&squeezed)
    }
}

/// One kind of record and where it is found in a folder.
#[derive(Debug, PartialEq, Eq)]
pub struct Entity {
    /// The file's name without its ending in the canonical layout; also the name of its part of the profile.
    pub name: &'static str,
    /// Other names of the file, squeezed; a `*` at the end stands for anything.
    pub stems: &'static [&'static str],
    /// Its fields.
    pub fields: &'static [Field],
}

impl Entity {
    /// Where a field stands among the fields.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

/// A header as it is compared: lower case, without blanks, `_`, `-` and `.`.
#[must_use]
pub fn squeeze(header: &str) -> String {
    header
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '_' | '-' | '.' | '\u{feff}'))
        .flat_map(char::to_lowercase)
        .collect()
}

const fn text(name: &'static str, aliases: &'static [&'static str]) -> Field {
    Field::new(name, Kind::Text, aliases)
}
const fn number(name: &'static str, aliases: &'static [&'static str]) -> Field {
    Field::new(name, Kind::Number, aliases)
}
const fn date(name: &'static str, aliases: &'static [&'static str]) -> Field {
    Field::new(name, Kind::Date, aliases)
}
const fn flag(name: &'static str, aliases: &'static [&'static str]) -> Field {
    Field::new(name, Kind::Flag, aliases)
}

/// The distributor's customers.
pub static VENDOR_COMPANIES: Entity = Entity {
    name: "vendor_companies",
    stems: &["vendorcompanies", "vendorcustomers", "pax8companies", "companies"],
    fields: &[
        text("id", &["companyid", "customerid"]).required(),
        text("name", &["companyname", "customername", "company", "customer"]).required(),
        text("street", &["address", "address1", "addressline1"]),
        text("street2", &["address2", "addressline2"]),
        text("city", &["town"]),
        text("stateOrProvince", &["state", "province", "region"]),
        text("postalCode", &["postcode", "zip", "zipcode"]),
        text("country", &[]),
        text("phone", &["phonenumber", "telephone"]),
        text("website", &["url", "web"]),
        text("externalId", &[]),
        text("status", &[]),
    ],
};

/// The distributor's catalogue.
pub static VENDOR_PRODUCTS: Entity = Entity {
    name: "vendor_products",
    stems: &["vendorproducts", "pax8products", "products"],
    fields: &[
        text("id", &["productid"]).required(),
        text("name", &["productname", "product"]).required(),
        text("vendorName", &["vendor", "manufacturer"]),
        text("shortDescription", &["description"]),
        text("sku", &["productsku"]),
        text("vendorSku", &["manufacturerpartnumber", "mpn"]),
        text("unitOfMeasure", &["uom", "unit"]),
        flag("requiresCommitment", &[]),
    ],
};

/// What is held at the distributor.
pub static VENDOR_SUBSCRIPTIONS: Entity = Entity {
    name: "vendor_subscriptions",
    stems: &["vendorsubscriptions", "pax8subscriptions", "subscriptions"],
    fields: &[
        text("id", &["subscriptionid"]).required(),
        text("companyId", &["customerid"]).required(),
        text("productId", &[]).required(),
        number("quantity", &["qty", "seats"]).required(),
        date("startDate", &["start"]),
        date("endDate", &["end"]),
        date("billingStart", &["billingstartdate"]),
        text("status", &["state"]).required(),
        number("price", &["unitprice"]),
        number("partnerCost", &["cost", "unitcost"]),
        text("currencyCode", &["currency"]),
        text("billingTerm", &["term"]),
        text("commitmentTerm", &["commitment"]),
        date("commitmentEndDate", &["commitmentend"]),
        text("vendorSubscriptionId", &[]),
        text("updatedDate", &["updated"]),
    ],
};

/// The lines of the distributor's invoices; also the invoice export of the Pax8 portal.
pub static VENDOR_INVOICE_ITEMS: Entity = Entity {
    name: "vendor_invoice_items",
    stems: &["vendorinvoiceitems", "invoiceitems", "invoicelines", "invoice*"],
    fields: &[
        text("id", &["itemid", "lineid", "invoiceitemid", "invoicelineid"]).missed(),
        text("invoiceId", &["invoicenumber", "invoice"]),
        text("type", &["itemtype", "linetype"]).required(),
        text("companyId", &["customerid"]).required(),
        text("companyName", &["company", "customername", "customer"]),
        text("productId", &[]).missed(),
        text("productName", &["product"]),
        text("sku", &["productsku"]),
        text("subscriptionId", &[]),
        date("startPeriod", &["periodstart", "startdate"]).required(),
        date("endPeriod", &["periodend", "enddate"]),
        number("quantity", &["qty"]).required(),
        text("unitOfMeasure", &["uom", "unit"]),
        text("term", &["billingterm"]).missed(),
        text("rateType", &[]),
        text("chargeType", &[]).missed(),
        number("price", &["unitprice"]).required(),
        number("subTotal", &[]).required(),
        number("cost", &["unitcost"]).required(),
        number("costTotal", &["totalcost"]).required(),
        number("salesTax", &["tax"]),
        number("amountDue", &[]),
        text("currencyCode", &["currency"]).required(),
        text("description", &[]),
    ],
};

/// The heads of the distributor's invoices.
pub static VENDOR_INVOICES: Entity = Entity {
    name: "vendor_invoices",
    stems: &["vendorinvoices", "pax8invoices", "invoices"],
    fields: &[
        text("id", &["invoiceid", "invoicenumber"]).required(),
        date("invoiceDate", &["date"]).required(),
        date("dueDate", &["due"]),
        text("status", &[]),
        number("total", &[]),
        number("balance", &[]),
        number("carriedBalance", &["carried"]),
        text("currencyCode", &["currency"]).required(),
        text("partnerName", &["partner"]),
    ],
};

/// Seats given to people, as an export of the maker's or a tool's counts them.
pub static ASSIGNMENTS: Entity = Entity {
    name: "assignments",
    stems: &["assignments", "vendorassignments", "assignedlicenses", "assignedlicences"],
    fields: &[
        text("companyId", &["customerid", "vendorcompanyid"]).required(),
        text("productId", &["vendorproductid"]).required(),
        number("assigned", &["assignedseats", "used", "consumed"]).required(),
        date("day", &["date", "asof"]),
    ],
};

/// The MSP's own customer list.
pub static PSA_COMPANIES: Entity = Entity {
    name: "psa_companies",
    stems: &["psacompanies", "psacustomers", "psaclients", "companies", "customers", "clients"],
    fields: &[
        text("id", &["companyid", "companyrecid", "customerid", "clientid"]).required(),
        text("name", &["companyname", "customername", "clientname", "company", "customer", "client"]).required(),
        text("identifier", &["companyidentifier", "code", "shortname"]),
        text("status", &["companystatus"]),
        text("addressLine1", &["address", "address1", "street"]),
        text("addressLine2", &["address2", "street2"]),
        text("city", &["town"]),
        text("state", &["province", "stateorprovince", "region"]),
        text("zip", &["postcode", "postalcode", "zipcode"]),
        text("country", &[]),
        text("phoneNumber", &["phone", "telephone"]),
        text("website", &["url", "web"]),
        text("externalId", &["pax8id", "vendorid"]),
        flag("deletedFlag", &["deleted"]),
    ],
};

/// The MSP's own product list.
pub static PSA_PRODUCTS: Entity = Entity {
    name: "psa_products",
    stems: &["psaproducts", "psaitems", "products", "catalog", "catalogue", "items"],
    fields: &[
        text("id", &["productid", "catalogid", "itemid", "productrecid"]).required(),
        text("description", &["name", "productname", "productdescription"]).required(),
        text("identifier", &["sku", "code", "productcode", "productidentifier"]),
        text("category", &["productcategory"]),
        text("unitOfMeasure", &["uom", "unit"]),
        number("price", &["unitprice", "listprice"]),
        number("cost", &["unitcost", "standardcost"]),
        text("manufacturerPartNumber", &["mpn", "vendorsku", "partnumber"]),
        text("manufacturer", &["manufacturername", "vendorname"]),
        flag("inactiveFlag", &["inactive"]),
    ],
};

/// What the MSP bills: the additions of its agreements.
pub static PSA_AGREEMENT_LINES: Entity = Entity {
    name: "psa_agreement_lines",
    stems: &["psaagreementlines", "psalines", "agreementlines", "agreementadditions", "additions", "contractlines"],
    fields: &[
        text("id", &["lineid", "additionid", "additionrecid"]).required(),
        text("agreementId", &["agreementrecid", "contractid", "agreement"]),
        text("agreementStatus", &["contractstatus"]).required(),
        text("companyId", &["companyrecid", "customerid", "clientid"]).required(),
        text("companyName", &["company", "customername", "customer", "client"]),
        text("productId", &["productrecid", "catalogid"]).required(),
        text("productIdentifier", &["productcode", "sku", "product"]),
        text("description", &["invoicedescription"]),
        text("lineType", &["type", "additiontype"]).required(),
        number("quantity", &["qty"]).required(),
        number("lessIncluded", &["included", "includedquantity"]).required(),
        number("unitPrice", &["price"]).required(),
        number("unitCost", &["cost"]).required(),
        number("extendedPrice", &["extprice", "totalprice"]).required(),
        number("extendedCost", &["extcost", "totalcost"]).required(),
        text("billCustomer", &["billable", "billcustomerflag"]).required(),
        date("effectiveDate", &["startdate"]).required(),
        date("cancelledDate", &["canceleddate", "enddate", "canceldate"]).missed(),
        text("currencyCode", &["currency"]).required(),
    ],
};

/// The recipes of the PSA's bundles.
pub static BUNDLES: Entity = Entity {
    name: "bundles",
    stems: &["bundles", "psabundles"],
    fields: &[
        text("bundlePsaId", &["bundleid", "bundle"]).required(),
        text("psaId", &["productid", "componentid"]).required(),
        number("perUnit", &[]).required(),
        number("weightFrom", &[]).required(),
        number("weightTo", &[]).required(),
    ],
};

/// Links decided elsewhere; read by its path, not looked for in a folder.
pub static LINKS: Entity = Entity {
    name: "links",
    stems: &[],
    fields: &[
        text("kind", &[]).required(),
        text("vendorId", &[]).required(),
        text("psaId", &[]).required(),
        text("compare", &[]).missed(),
        text("bundlePsaId", &[]),
        number("perUnit", &[]),
        number("weightFrom", &[]),
        number("weightTo", &[]),
    ],
};

/// Every entity that is looked for in a vendor's folder.
pub static VENDOR_ENTITIES: [&Entity; 6] =
    [&VENDOR_COMPANIES, &VENDOR_PRODUCTS, &VENDOR_SUBSCRIPTIONS, &VENDOR_INVOICES, &VENDOR_INVOICE_ITEMS, &ASSIGNMENTS];

/// Every entity that is looked for in a PSA's folder.
pub static PSA_ENTITIES: [&Entity; 4] = [&PSA_COMPANIES, &PSA_PRODUCTS, &PSA_AGREEMENT_LINES, &BUNDLES];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_header_means_two_fields_and_aliases_are_squeezed() {
        for entity in VENDOR_ENTITIES.iter().chain(&PSA_ENTITIES).copied().chain([&LINKS]) {
            let mut meant = BTreeMap::new();
            for field in entity.fields {
                for word in field.aliases.iter().map(|a| (*a).to_owned()).chain([squeeze(field.name)]) {
                    assert_eq!(squeeze(&word), word, "{} {}", entity.name, field.name);
                    let before = meant.insert(word.clone(), field.name);
                    assert_eq!(before, None, "{}: `{word}` also means {}", entity.name, field.name);
                }
            }
        }
    }

    #[test]
    fn headers_are_compared_without_spelling() {
        for (header, squeezed) in
            [("Ext. Price", "extprice"), ("cost_total", "costtotal"), ("\u{feff}Start-Period ", "startperiod")]
        {
            assert_eq!(squeeze(header), squeezed);
        }
    }
}
