//! What each entity holds: its fields with their types, lengths and rights, and what of it is written.
//!
//! Source: the published description of Autotask's REST interface and the lists of fields its entities tell of themselves.
//! Invariant: what is not listed here is refused, by name.

use serde_json::{Value, json};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    Text(u32),
    Whole,
    Number,
    Flag,
    /// A moment; days are midnight.
    Moment,
    /// A number of a list that each tenant has its own of.
    Pick,
    /// The id of a record of another entity.
    Of(Kind),
    /// Somebody who works there.
    Resource,
}

/// What a writer may do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    Set,
    /// A new record needs it.
    Need,
    /// A new record needs it, and it stays as it is.
    NeedOnce,
    /// A new record may have it, and it stays as it is.
    Once,
    Read,
}

pub(super) type Field = (&'static str, Is, May);

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Company,
    Product,
    Service,
    Contract,
    ContractService,
    Unit,
    Adjustment,
    Ticket,
    BillingCode,
}

impl Kind {
    pub(super) const ALL: [Self; 9] = [
        Self::Company,
        Self::Product,
        Self::Service,
        Self::Contract,
        Self::ContractService,
        Self::Unit,
        Self::Adjustment,
        Self::Ticket,
        Self::BillingCode,
    ];

    /// As addresses name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Company => "Companies",
            Self::Product => "Products",
            Self::Service => "Services",
            Self::Contract => "Contracts",
            Self::ContractService => "ContractServices",
            Self::Unit => "ContractServiceUnits",
            Self::Adjustment => "ContractServiceAdjustments",
            Self::Ticket => "Tickets",
            Self::BillingCode => "BillingCodes",
        }
    }

    /// One of them.
    pub(super) fn one(self) -> &'static str {
        match self {
            Self::Company => "Company",
            Self::Product => "Product",
            Self::Service => "Service",
            Self::Contract => "Contract",
            Self::ContractService => "ContractService",
            Self::Unit => "ContractServiceUnit",
            Self::Adjustment => "ContractServiceAdjustment",
            Self::Ticket => "Ticket",
            Self::BillingCode => "BillingCode",
        }
    }

    /// The name does not mind its case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// The member below a contract that it is written through.
    pub(super) fn below_contract(name: &str) -> Option<Self> {
        let all = [
            ("Services", Self::ContractService),
            ("ServiceUnits", Self::Unit),
            ("ServiceAdjustments", Self::Adjustment),
        ];
        all.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, kind)| kind)
    }

    pub(super) fn fields(self) -> &'static [Field] {
        match self {
            Self::Company => COMPANY,
            Self::Product => PRODUCT,
            Self::Service => SERVICE,
            Self::Contract => CONTRACT,
            Self::ContractService => CONTRACT_SERVICE,
            Self::Unit => UNIT,
            Self::Adjustment => ADJUSTMENT,
            Self::Ticket => TICKET,
            Self::BillingCode => BILLING_CODE,
        }
    }

    /// Whether it is written at its own address.
    pub(super) fn is_written(self) -> bool {
        match self {
            Self::Company | Self::Product | Self::Service | Self::Contract | Self::Ticket => true,
            Self::ContractService | Self::Unit | Self::Adjustment | Self::BillingCode => false,
        }
    }

    /// The names of the fields the tenant added.
    pub(super) fn own_fields(self) -> &'static [&'static str] {
        match self {
            Self::Company => &["Pax8 Id", "Tier"],
            Self::Product | Self::Contract | Self::Ticket => &["Pax8 Id"],
            Self::Service | Self::ContractService | Self::Unit | Self::Adjustment | Self::BillingCode => &[],
        }
    }

    /// A field by its name, which does not mind its case.
    pub(super) fn field(self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))
    }
}

const COMPANY: &[Field] = &[
    ("id", Is::Whole, May::Read),
    ("additionalAddressInformation", Is::Text(100), May::Set),
    ("address1", Is::Text(128), May::Set),
    ("address2", Is::Text(128), May::Set),
    ("city", Is::Text(50), May::Set),
    ("companyName", Is::Text(100), May::Need),
    ("companyNumber", Is::Text(50), May::Set),
    ("companyType", Is::Pick, May::Need),
    ("countryID", Is::Whole, May::Set),
    ("createDate", Is::Moment, May::Read),
    ("currencyID", Is::Whole, May::Set),
    ("isActive", Is::Flag, May::Set),
    ("isTaxExempt", Is::Flag, May::Set),
    ("lastActivityDate", Is::Moment, May::Read),
    ("lastTrackedModifiedDateTime", Is::Moment, May::Read),
    ("ownerResourceID", Is::Resource, May::Need),
    ("parentCompanyID", Is::Of(Kind::Company), May::Set),
    ("phone", Is::Text(25), May::Need),
    ("postalCode", Is::Text(10), May::Set),
    ("state", Is::Text(40), May::Set),
    ("taxID", Is::Text(50), May::Set),
    ("webAddress", Is::Text(255), May::Set),
];

const PRODUCT: &[Field] = &[
    ("id", Is::Whole, May::Read),
    ("description", Is::Text(2000), May::Set),
    ("externalProductID", Is::Text(50), May::Set),
    ("internalProductID", Is::Text(50), May::Set),
    ("isActive", Is::Flag, May::Need),
    ("isSerialized", Is::Flag, May::Need),
    ("manufacturerName", Is::Text(100), May::Set),
    ("manufacturerProductName", Is::Text(50), May::Set),
    ("name", Is::Text(100), May::Need),
    ("productBillingCodeID", Is::Of(Kind::BillingCode), May::Need),
    ("sku", Is::Text(31), May::Set),
    ("unitCost", Is::Number, May::Set),
    ("unitPrice", Is::Number, May::Set),
    ("vendorProductNumber", Is::Text(50), May::Set),
];

const SERVICE: &[Field] = &[
    ("id", Is::Whole, May::Read),
    ("billingCodeID", Is::Of(Kind::BillingCode), May::Need),
    ("catalogNumberPartNumber", Is::Text(50), May::Set),
    ("createDate", Is::Moment, May::Read),
    ("description", Is::Text(400), May::Set),
    ("externalID", Is::Text(100), May::Set),
    ("internalID", Is::Text(100), May::Set),
    ("invoiceDescription", Is::Text(1000), May::Set),
    ("isActive", Is::Flag, May::Set),
    ("lastModifiedDate", Is::Moment, May::Read),
    ("manufacturerServiceProvider", Is::Text(100), May::Set),
    ("manufacturerServiceProviderProductNumber", Is::Text(100), May::Set),
    ("markupRate", Is::Number, May::Read),
    ("name", Is::Text(150), May::Need),
    ("periodType", Is::Pick, May::NeedOnce),
    ("sku", Is::Text(100), May::Set),
    ("unitCost", Is::Number, May::Set),
    ("unitPrice", Is::Number, May::Need),
    ("url", Is::Text(255), May::Set),
    ("vendorCompanyID", Is::Of(Kind::Company), May::Set),
];

const CONTRACT: &[Field] = &[
    ("id", Is::Whole, May::Read),
    ("companyID", Is::Of(Kind::Company), May::NeedOnce),
    ("contractName", Is::Text(100), May::Need),
    ("contractNumber", Is::Text(50), May::Set),
    ("contractPeriodType", Is::Pick, May::Set),
    ("contractType", Is::Pick, May::NeedOnce),
    ("description", Is::Text(2000), May::Set),
    ("endDate", Is::Moment, May::Need),
    ("lastModifiedDateTime", Is::Moment, May::Read),
    ("startDate", Is::Moment, May::NeedOnce),
    ("status", Is::Pick, May::Need),
    ("timeReportingRequiresStartAndStopTimes", Is::Whole, May::Need),
];

/// What a contract's own price is does not come back under its name.
const CONTRACT_SERVICE: &[Field] = &[
    ("id", Is::Whole, May::Read),
    ("adjustedPrice", Is::Number, May::Set),
    ("contractID", Is::Of(Kind::Contract), May::NeedOnce),
    ("internalCurrencyAdjustedPrice", Is::Number, May::Read),
    ("internalCurrencyUnitPrice", Is::Number, May::Read),
    ("internalDescription", Is::Text(100), May::Once),
    ("invoiceDescription", Is::Text(1000), May::Set),
    ("quoteItemID", Is::Whole, May::Once),
    ("serviceID", Is::Of(Kind::Service), May::NeedOnce),
    ("unitCost", Is::Number, May::Read),
    ("unitPrice", Is::Number, May::Read),
];

const UNIT: &[Field] = &[
    ("id", Is::Whole, May::Read),
    ("approveAndPostDate", Is::Moment, May::Read),
    ("contractID", Is::Of(Kind::Contract), May::Read),
    ("contractServiceID", Is::Of(Kind::ContractService), May::Read),
    ("cost", Is::Number, May::Read),
    ("endDate", Is::Moment, May::Read),
    ("price", Is::Number, May::Read),
    ("serviceID", Is::Of(Kind::Service), May::Read),
    ("startDate", Is::Moment, May::Read),
    ("units", Is::Whole, May::Read),
    ("vendorCompanyID", Is::Of(Kind::Company), May::Read),
];

const ADJUSTMENT: &[Field] = &[
    ("id", Is::Whole, May::Read),
    ("adjustedUnitCost", Is::Number, May::Once),
    ("adjustedUnitPrice", Is::Number, May::Once),
    ("allowRepeatService", Is::Flag, May::Once),
    ("contractID", Is::Of(Kind::Contract), May::Once),
    ("contractServiceID", Is::Of(Kind::ContractService), May::Once),
    ("effectiveDate", Is::Moment, May::NeedOnce),
    ("quoteItemID", Is::Whole, May::Once),
    ("serviceID", Is::Of(Kind::Service), May::Once),
    ("unitChange", Is::Whole, May::NeedOnce),
];

const TICKET: &[Field] = &[
    ("id", Is::Whole, May::Read),
    ("assignedResourceID", Is::Resource, May::Set),
    ("assignedResourceRoleID", Is::Whole, May::Set),
    ("companyID", Is::Of(Kind::Company), May::Need),
    ("contractID", Is::Of(Kind::Contract), May::Set),
    ("createDate", Is::Moment, May::Read),
    ("description", Is::Text(8000), May::Set),
    ("dueDateTime", Is::Moment, May::Set),
    ("externalID", Is::Text(50), May::Set),
    ("lastActivityDate", Is::Moment, May::Read),
    ("priority", Is::Pick, May::Need),
    ("queueID", Is::Pick, May::Set),
    ("source", Is::Pick, May::Set),
    ("status", Is::Pick, May::Need),
    ("ticketNumber", Is::Text(50), May::Read),
    ("title", Is::Text(255), May::Need),
];

const BILLING_CODE: &[Field] = &[
    ("id", Is::Whole, May::Read),
    ("isActive", Is::Flag, May::Read),
    ("name", Is::Text(200), May::Read),
    ("useType", Is::Pick, May::Read),
];

/// What this tenant's lists hold: number and label.
pub(super) fn picks(kind: Kind, field: &str) -> &'static [(i64, &'static str)] {
    match (kind, field) {
        (Kind::Company, "companyType") => &[(1, "Customer"), (2, "Lead"), (3, "Prospect"), (7, "Vendor")],
        (Kind::Service, "periodType") => &[(1, "Monthly"), (2, "Quarterly"), (3, "Semi-Annual"), (4, "Yearly")],
        (Kind::Contract, "contractPeriodType") => &[(2, "Monthly"), (3, "Quarterly"), (5, "Yearly")],
        (Kind::Contract, "contractType") => &[
            (1, "Time and Materials"),
            (3, "Fixed Price"),
            (4, "Block Hours"),
            (6, "Retainer"),
            (7, "Recurring Service"),
        ],
        (Kind::Contract, "status") => &[
            (1, "Active"),
            (0, "Inactive"),
            (2, "Cancelled"),
            (3, "Expired"),
            (4, "Pending"),
            (5, "Draft"),
            (6, "Suspended"),
            (8, "On Hold"),
        ],
        (Kind::Ticket, "priority") => &[(1, "High"), (2, "Medium"), (3, "Low")],
        (Kind::Ticket, "queueID") => &[(5, "Client Portal"), (29_682_833, "Renewals")],
        (Kind::Ticket, "source") => &[(4, "Email"), (2, "Phone")],
        (Kind::Ticket, "status") => &[(1, "New"), (5, "Complete"), (8, "In Progress")],
        (Kind::BillingCode, "useType") => &[(1, "General Allocation Code"), (5, "Recurring Contract Service Code")],
        _ => &[],
    }
}

/// What an entity tells of its fields.
pub(super) fn information(kind: Kind) -> Value {
    let one = |(name, is, may): &Field| {
        let (data_type, length) = match is {
            Is::Text(most) => ("string", *most),
            Is::Whole | Is::Pick | Is::Of(_) | Is::Resource => ("integer", 0),
            Is::Number => ("double", 0),
            Is::Flag => ("boolean", 0),
            Is::Moment => ("datetime", 0),
        };
        let refers = match is {
            Is::Of(other) => Some(other.one()),
            Is::Resource => Some("Resource"),
            Is::Text(_) | Is::Whole | Is::Number | Is::Flag | Is::Moment | Is::Pick => None,
        };
        let listed: Vec<Value> = picks(kind, name)
            .iter()
            .zip(1_u32..)
            .map(|((value, label), order)| {
                json!({ "value": value.to_string(), "label": label, "isDefaultValue": false, "sortOrder": order,
                    "parentValue": "", "isActive": true, "isSystem": false })
            })
            .collect();
        json!({
            "name": name, "dataType": data_type, "length": length,
            "isRequired": matches!(may, May::Need | May::NeedOnce), "isReadOnly": matches!(may, May::Read | May::Once | May::NeedOnce),
            "isQueryable": kind != Kind::Adjustment, "isReference": refers.is_some(),
            "referenceEntityType": refers.unwrap_or(""), "isPickList": *is == Is::Pick,
            "picklistValues": listed,
            "picklistParentValueField": "", "isSupportedWebhookField": false,
        })
    };
    json!({ "fields": kind.fields().iter().map(one).collect::<Vec<_>>() })
}

/// What an entity tells of itself.
pub(super) fn about(kind: Kind) -> Value {
    let writes = kind.is_written() || matches!(kind, Kind::ContractService);
    let word = |may: bool| if may { "All" } else { "None" };
    json!({ "info": {
        "name": kind.one(), "canCreate": writes || kind == Kind::Adjustment, "canDelete": false,
        "canQuery": kind != Kind::Adjustment, "canUpdate": writes,
        "userAccessForCreate": word(writes || kind == Kind::Adjustment), "userAccessForDelete": "None",
        "userAccessForQuery": word(kind != Kind::Adjustment), "userAccessForUpdate": word(writes),
        "hasUserDefinedFields": !kind.own_fields().is_empty(), "supportsWebhookCallouts": kind == Kind::Company,
    } })
}

/// What an entity tells of the fields the tenant added.
pub(super) fn own_information(kind: Kind) -> Value {
    let one = |name: &&str| {
        json!({ "name": name, "label": name, "type": "string", "length": 255, "description": "", "isRequired": false,
            "isReadOnly": false, "isQueryable": true, "isReference": false, "referenceEntityType": "", "isPickList": false,
            "picklistValues": [], "picklistParentValueField": "", "defaultValue": "", "isSupportedWebhookField": false })
    };
    json!({ "fields": kind.own_fields().iter().map(one).collect::<Vec<_>>() })
}
