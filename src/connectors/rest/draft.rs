//! A first connector file out of an OpenAPI document: what can be guessed is guessed, and marked for a person to check.
//!
//! Keeps the invariant that no guess goes unmarked, and that what cannot be guessed is left empty, so that lint names it.

mod openapi;

use std::fmt::Write as _;

use super::canonical::{self, Canonical};
use super::codec::Kind;
use openapi::{Collection, Document, Form, Property, Security};

/// What lists of ours are called elsewhere, the likeliest first.
const LISTS: [(&str, &[&str]); 3] = [
    ("customer", &["customer", "client", "company", "account", "party", "organization", "organisation", "contact"]),
    ("product", &["product", "item", "catalog", "catalogitem", "article", "service"]),
    ("line", &["subscription", "addition", "contractservice", "recurringline", "recurringinvoice", "line", "service"]),
];

/// What fields of ours are called elsewhere, without capitals and signs.
const NAMES: [(&str, &[&str]); 22] = [
    ("name", &["name", "displayname", "fullname", "companyname", "businessname", "title", "description"]),
    ("street", &["addressline1", "street", "address1", "streetaddress", "line1", "address"]),
    ("street2", &["addressline2", "address2", "line2"]),
    ("city", &["city", "town"]),
    ("region", &["state", "region", "province", "county"]),
    ("postcode", &["zip", "postcode", "postalcode", "zipcode"]),
    ("country", &["country", "countrycode", "countryname"]),
    ("phone", &["phone", "phonenumber", "telephone", "mainphone"]),
    ("website", &["website", "web", "webaddress", "url", "domain"]),
    ("code", &["code", "identifier", "accountnumber", "customernumber", "number", "reference"]),
    ("status", &["status", "state", "isactive", "active", "statusname"]),
    ("sku", &["sku", "productcode", "partnumber", "itemcode", "code", "identifier"]),
    ("vendor_sku", &["vendorsku", "manufacturerpartnumber", "vendorpartnumber", "mpn"]),
    ("manufacturer", &["manufacturer", "manufacturername", "brand", "vendor"]),
    ("unit", &["unit", "unitofmeasure", "uom"]),
    ("description", &["description", "longdescription", "notes", "text"]),
    ("category", &["category", "categoryname"]),
    ("price", &["price", "unitprice", "listprice", "saleprice", "rate"]),
    ("cost", &["cost", "unitcost", "purchaseprice", "costprice"]),
    ("quantity", &["quantity", "qty", "units", "seats"]),
    ("effective", &["startdate", "effectivedate", "start", "from", "validfrom"]),
    ("cancelled", &["enddate", "cancelleddate", "end", "until", "validto"]),
];
const COMPANY: [&str; 8] =
    ["customerid", "companyid", "clientid", "accountid", "organizationid", "customer", "company", "client"];
const PRODUCT: [&str; 5] = ["productid", "itemid", "serviceid", "product", "item"];
const CURRENCY: [&str; 3] = ["currency", "currencycode", "currencyid"];

/// What a line has where the system has no such thing.
const CONSTANTS: [(&str, &str); 5] = [
    ("agreement_status", "Active"),
    ("kind", "recurring"),
    ("included", "0"),
    ("bill", "Billable"),
    ("currency", "USD"),
];

/// Drafts a connector file from an OpenAPI document in JSON.
///
/// # Errors
/// Why it is no such document.
pub fn draft(name: &str, openapi: &str) -> Result<String, String> {
    let document = Document::parse(openapi)?;
    let collections = document.collections();
    let mut text = head(name, &document);
    let customers = LISTS.iter().find(|(name, _)| *name == "customer");
    let customers = customers.and_then(|(_, words)| best(&collections, words, None));
    for (entity, words) in LISTS {
        let section = best(&collections, words, customers.filter(|_| entity == "line")).map_or_else(
            || format!("\n# check: no list looks like one of {entity}s; describe it as [entity.{entity}]\n"),
            |found| drafted(entity, found),
        );
        text.push_str(&section);
    }
    Ok(text)
}

fn head(name: &str, document: &Document) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut text = format!(
        "# A draft out of an OpenAPI document. Look at each `# check:`, correct the line, and take the mark away; then\n\
         # `trueup connectors lint FILE`, and `trueup connectors try FILE list customers` to see rows.\n\n\
         schema = 1\nname   = {}\n\n[settings]\n",
        quoted(name)
    );
    let example = document.server().filter(|server| !server.contains('{'));
    let example = example.map_or_else(String::new, |server| format!(", example = {}", quoted(&server)));
    let _ = writeln!(text, "url = {{ kind = \"url\"{example} }}");
    let (settings, auth) = match document.security() {
        Some(Security::Bearer) => {
            ("token = { kind = \"secret\" }\n", "{ kind = \"bearer\", token = \"{token}\" }".to_owned())
        }
        Some(Security::Basic) => (
            "user = { kind = \"text\" }\npass = { kind = \"secret\" }\n",
            "{ kind = \"basic\", user = \"{user}\", pass = \"{pass}\" }".to_owned(),
        ),
        Some(Security::Header(name)) => (
            "key = { kind = \"secret\" }\n",
            format!("{{ kind = \"header\", name = {}, value = \"{{key}}\" }}", quoted(&name)),
        ),
        Some(Security::Query(name)) => (
            "key = { kind = \"secret\" }\n",
            format!("{{ kind = \"query\", name = {}, value = \"{{key}}\" }}", quoted(&name)),
        ),
        Some(Security::ClientCredentials { token }) => (
            "client = { kind = \"text\" }\nsecret = { kind = \"secret\" }\n",
            format!(
                "{{ kind = \"oauth2\", token = {}, client = \"{{client}}\", secret = \"{{secret}}\" }}",
                quoted(&token)
            ),
        ),
        None => ("", "{ kind = \"none\" }".to_owned()),
    };
    let _ = write!(
        text,
        "{settings}\n[http]\nbase    = \"{{url}}\"\nauth    = {auth} # check: how calls are let in\n\
         numbers = \"number\" # check: \"number\" for 22.10, \"string\" for \"22.10\"\n\n\
         [limits]\nrate = [{{ calls = 60, per = \"1m\" }}] # check: what the system allows\n"
    );
    text
}

/// The list whose name fits best; a shorter address before a longer one. It may be below each record of another.
fn best<'c>(collections: &'c [Collection], words: &[&str], above: Option<&Collection>) -> Option<&'c Collection> {
    let ranked = collections.iter().filter_map(|collection| {
        let fits = collection.above.is_empty() || above.is_some_and(|above| is_below(collection, above));
        let last = collection.path.rsplit('/').find(|part| !part.is_empty())?;
        let rank = rank(&plain(last), words).filter(|_| fits)?;
        Some(((rank, collection.above.len(), collection.path.len(), collection.path.as_str()), collection))
    });
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, collection)| collection)
}

fn rank(name: &str, words: &[&str]) -> Option<usize> {
    let plural = |word: &str| match word.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{word}s"),
    };
    let exact = words.iter().position(|word| *word == name || plural(word) == name);
    exact.or_else(|| words.iter().position(|word| name.contains(word)).map(|at| at + words.len()))
}

/// A name without capitals and signs.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn drafted(entity: &str, of: &Collection) -> String {
    let mut text = format!("\n[entity.{entity}] # check: made of {}\n", of.path);
    let id = ["id", "uuid", "guid", &format!("{entity}id")]
        .iter()
        .find_map(|wanted| of.row.iter().find(|property| plain(&property.at) == **wanted))
        .map_or_else(String::new, |property| property.at.clone());
    let mark = if id.is_empty() { " # check: where a row has its id" } else { "" };
    let _ = writeln!(text, "id = {}{mark}", quoted(&id));
    let mut get = of.path.clone();
    if let Some(parameter) = of.above.first() {
        get = get.replace(&format!("{{{parameter}}}"), "{customer}");
        text.push_str("parent = \"customer\" # check: one list below each customer\n");
    }
    let records = of.records.as_deref().unwrap_or("$");
    let why = if of.records.is_some() { "" } else { " # check: where the answer has the rows" };
    let _ = write!(
        text,
        "\n[entity.{entity}.list]\nget     = {}\nrecords = {}{why}\npage    = {}\n",
        quoted(&get),
        quoted(records),
        paged(&of.query)
    );
    let writes = entity != "line";
    text.push_str(&one(entity, of, writes));
    let written = writes && writable(of);
    let _ = writeln!(text, "\n[entity.{entity}.fields]");
    for known in canonical::fields_of(entity).into_iter().flatten() {
        text.push_str(&field(entity, known, of, written));
    }
    text
}

fn is_below(of: &Collection, above: &Collection) -> bool {
    of.above.len() == 1 && of.path.starts_with(&format!("{}/{{", above.path.trim_end_matches('/')))
}

fn writable(of: &Collection) -> bool {
    of.item.as_ref().is_some_and(|item| item.reads && (of.creates || item.changes.is_some()))
}

/// How one record is read, made and changed.
fn one(entity: &str, of: &Collection, writes: bool) -> String {
    let mut text = String::new();
    let Some(item) = of.item.as_ref().filter(|item| item.reads && writes) else { return text };
    let own = item.path.rsplit('/').next().unwrap_or_default();
    let address = quoted(&item.path.replace(own, "{id}"));
    let _ = write!(text, "\n[entity.{entity}.get]\nget = {address}\n");
    if of.creates {
        let _ = write!(
            text,
            "\n[entity.{entity}.create]\npost  = {} # check: whether the answer is the record itself, else `reply`\n\
             probe = [\"name\"] # check: what finds a record again whose answer was lost\n",
            quoted(&of.path)
        );
    }
    if let Some(verb) = item.changes {
        let style = if verb == "put" { "full" } else { "merge" };
        let _ = write!(
            text,
            "\n[entity.{entity}.update]\n{verb} = {address}\n\
             style = \"{style}\" # check: what a change sends: merge, sparse, json_patch, full\n\
             clear = \"null\" # check: how a value is cleared: null, empty, remove, never\n\
             guard = {{ recheck = true }} # check: a header or a place for a version, if there is one\n"
        );
    }
    text
}

fn paged(query: &[String]) -> String {
    let named = |words: &[&str]| query.iter().find(|name| words.contains(&plain(name).as_str()));
    let size = named(&["pagesize", "perpage", "limit", "size", "top", "take", "pagelimit", "maxresults"]);
    let sized = size.map_or_else(String::new, |size| format!(", size = {{ param = {}, value = 100 }}", quoted(size)));
    let page = named(&["page", "pagenumber", "pageno", "pageindex"]);
    let offset = named(&["offset", "skip", "start", "startindex", "startposition"]);
    let cursor = named(&["cursor", "after", "nexttoken", "pagetoken", "continuationtoken"]);
    match (page, offset, cursor) {
        (Some(page), _, _) => {
            format!(
                "{{ kind = \"number\", page = {}, first = 1{sized} }} # check: the first page, the size",
                quoted(page)
            )
        }
        (None, Some(offset), _) if size.is_some() => {
            format!("{{ kind = \"offset\", offset = {}{sized} }} # check: the size of a page", quoted(offset))
        }
        (None, _, Some(cursor)) => format!(
            "{{ kind = \"cursor\", next = \"\", param = {}{sized} }} # check: where the answer has the next mark",
            quoted(cursor)
        ),
        (None, _, None) => "{ kind = \"none\", at_most = 1000 } # check: how the list is cut into pages".to_owned(),
    }
}

fn field(entity: &str, known: &Canonical, of: &Collection, written: bool) -> String {
    let is_below = !of.above.is_empty();
    let name = known.name;
    let constant = CONSTANTS.iter().find(|(of, _)| entity == "line" && *of == name);
    match (entity, name) {
        ("line", "company") if is_below => return "company = { from_parent = \"id\" }\n".to_owned(),
        ("line", "company_name") if is_below => return "company_name = { from_parent = \"name\" }\n".to_owned(),
        ("line", "amount") => return "amount = { product_of = [\"price\", \"quantity\"] }\n".to_owned(),
        ("line", "cost_total") => return "cost_total = { product_of = [\"cost\", \"quantity\"] }\n".to_owned(),
        ("line", "agreement_status") => {}
        _ => {
            if let Some(found) = found(name, &of.row).filter(|found| fits(known.kind, found.kind)) {
                return format!("{name} = {} # check\n", placed(known, found, written));
            }
        }
    }
    match constant {
        Some((_, value)) => format!("{name} = {{ default = {} }} # check: the same for all\n", quoted(value)),
        None if known.required => {
            let codec = codec(known.kind, Form::Number).map_or_else(String::new, |codec| format!(", codec = {codec}"));
            format!("{name} = {{ at = \"\"{codec} }} # check: where it is\n")
        }
        None => String::new(),
    }
}

/// The property that is likeliest a field of ours.
fn found<'p>(name: &str, row: &'p [Property]) -> Option<&'p Property> {
    let words = match name {
        "company" => &COMPANY[..],
        "product" => &PRODUCT[..],
        "currency" => &CURRENCY[..],
        _ => NAMES.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)?,
    };
    let last = |property: &Property| plain(property.at.rsplit('.').next().unwrap_or_default());
    let whole = |word: &str| row.iter().find(|property| plain(&property.at) == word);
    let below =
        |word: &str| row.iter().find(|property| last(property) == word && !matches!(word, "name" | "description"));
    words.iter().find_map(|word| whole(word)).or_else(|| words.iter().find_map(|word| below(word)))
}

fn fits(kind: Kind, form: Form) -> bool {
    match (kind, form) {
        (Kind::Number, Form::Number | Form::Text) | (Kind::Day, Form::Day | Form::Time) => true,
        (Kind::Text, Form::Text | Form::Number | Form::Flag) | (Kind::Flag, Form::Flag) => true,
        (Kind::Number | Kind::Day | Kind::Text | Kind::Flag, _) => false,
    }
}

fn placed(known: &Canonical, found: &Property, written: bool) -> String {
    let mut parts = vec![format!("at = {}", quoted(&found.at))];
    let codec = match (known.kind, found.kind) {
        (Kind::Text, Form::Flag) => Some("{ kind = \"enum\", map = { Active = true, Inactive = false } }".to_owned()),
        (kind, form) => codec(kind, form),
    };
    if written && known.kind == Kind::Number {
        parts.push("dir = \"read\"".to_owned());
    }
    parts.extend(codec.map(|codec| format!("codec = {codec}")));
    format!("{{ {} }}", parts.join(", "))
}

fn codec(kind: Kind, form: Form) -> Option<String> {
    let text = match (kind, form) {
        (Kind::Number, Form::Text) => "{ kind = \"decimal\", wire = \"string\" }",
        (Kind::Number, _) => "{ kind = \"decimal\" }",
        (Kind::Day, Form::Time) => "{ kind = \"date\", format = \"rfc3339\" }",
        (Kind::Day, _) => "{ kind = \"date\", format = \"%Y-%m-%d\" }",
        (Kind::Text | Kind::Flag, _) => return None,
    };
    Some(text.to_owned())
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
