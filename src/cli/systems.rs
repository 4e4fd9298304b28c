//! The systems `trueup init` writes a section for, as data: what each needs, what is asked, which secrets it names.

use clap::ValueEnum;

/// A system the user names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum System {
    /// The distributor Pax8
    Pax8,
    /// ConnectWise PSA
    Connectwise,
    /// Tryton
    Tryton,
    /// Any other PSA or ERP with a JSON interface, described by a connector file
    Rest,
    /// Folders of exports, for whichever side no other system speaks for
    Files,
}

/// One connection to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    /// What it is, and where its credentials are made: comment lines.
    pub(super) about: &'static [&'static str],
    /// `[connectors.<name>]`.
    pub(super) name: &'static str,
    /// `kind`.
    pub(super) kind: &'static str,
    /// `side`.
    pub(super) side: &'static str,
    /// The connector's own settings.
    pub(super) settings: &'static [Setting],
    /// Settings of a connector file, in `[connectors.<name>.settings]`.
    pub(super) inner: &'static [Setting],
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub(super) enum Setting {
    /// The same for everybody.
    Fixed(&'static str, &'static str),
    /// Asked for, with an answer for those who have none; an empty one has to be filled in.
    Asked(&'static str, &'static str, &'static str),
    /// A secret, and the variable it is in.
    Secret(&'static str, &'static str),
}

use Setting::{Asked, Fixed, Secret};

pub(super) const PAX8: Section = Section {
    about: &["The distributor. Credentials are made in Pax8 under Settings > Integrations; reading is enough."],
    name: "pax8",
    kind: "pax8",
    side: "vendor",
    settings: &[
        Asked("client_id", "the client id of the integration", ""),
        Secret("client_secret", "PAX8_CLIENT_SECRET"),
    ],
    inner: &[],
};

pub(super) const CONNECTWISE: Section = Section {
    about: &[
        "The PSA. Make an API member under System > Members > API Members that may inquire on companies, agreements and",
        "products, and a clientId at developer.connectwise.com.",
    ],
    name: "connectwise",
    kind: "rest",
    side: "psa",
    settings: &[Fixed("file", "builtin:connectwise")],
    inner: &[
        Asked("url", "the address of your region", "https://api-na.myconnectwise.net/v4_6_release/apis/3.0"),
        Asked("company", "the company name you log in with", ""),
        Asked("public_key", "the public key of the API member", ""),
        Secret("private_key", "CONNECTWISE_PRIVATE_KEY"),
        Secret("client_id", "CONNECTWISE_CLIENT_ID"),
    ],
};

pub(super) const TRYTON: Section = Section {
    about: &[
        "The ERP. Make an application key of kind rest for a user who may read parties, products and subscriptions.",
    ],
    name: "tryton",
    kind: "rest",
    side: "psa",
    settings: &[Fixed("file", "builtin:tryton")],
    inner: &[Asked("url", "the address of the server with its database", ""), Secret("key", "TRYTON_KEY")],
};

pub(super) const REST: Section = Section {
    about: &[
        "The PSA or ERP. The connector file says how it is called and where its fields are. The values of the file's settings",
        "go below; `trueup connectors lint FILE` checks the file.",
    ],
    name: "psa",
    kind: "rest",
    side: "psa",
    settings: &[Asked("file", "the connector file", "psa.toml")],
    inner: &[Secret("secret", "PSA_SECRET")],
};

pub(super) const VENDOR_FILES: Section = Section {
    about: &["The distributor's exports: CSV or JSON files in one folder."],
    name: "vendor_files",
    kind: "files",
    side: "vendor",
    settings: &[Asked("folder", "the folder with the distributor's exports", "exports/vendor")],
    inner: &[],
};

pub(super) const PSA_FILES: Section = Section {
    about: &["The PSA's exports: CSV or JSON files in one folder."],
    name: "psa_files",
    kind: "files",
    side: "psa",
    settings: &[Asked("folder", "the folder with the PSA's exports", "exports/psa")],
    inner: &[],
};
