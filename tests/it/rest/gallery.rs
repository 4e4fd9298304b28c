//! Mistakes in connector files and settings, one each, with the exact words they are refused with.

use trueup::connectors::rest::{ConnectorFile, Rest, lint};

use super::{file, settings};

pub(super) const GOOD: &str = r#"schema = 1
name = "Good"

[settings]
host = { kind = "host", example = "psa.example" }
token = { kind = "secret", note = "from the profile page" }

[http]
base = "https://{host}/api"
auth = { kind = "bearer", token = "{token}" }
numbers = "number"

[entity.customer]
id = "id"

[entity.customer.list]
get = "/clients"
records = "items"
page = { kind = "cursor", next = "meta.next", param = "cursor" }

[entity.customer.get]
get = "/clients/{id}"

[entity.customer.update]
patch = "/clients/{id}"
style = "merge"
clear = "null"
guard = { recheck = true }

[entity.customer.fields]
name = { at = "name" }
status = { at = "state", codec = { kind = "enum", map = { Active = "A" } } }
"#;

fn faults(text: &str) -> Vec<String> {
    lint(&file(text)).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn the_shipped_files_and_the_good_one_pass() {
    assert_eq!(faults(GOOD), [""; 0]);
    let names: Vec<String> = ConnectorFile::builtins().collect();
    assert!(names.is_sorted() && names.len() > 2, "{names:?}");
    for system in trueup::simulate::SYSTEMS {
        assert!(
            names.contains(&format!("builtin:{}", system.name)),
            "{} is simulated, and no file comes with it",
            system.name
        );
    }
    for name in names {
        let file = ConnectorFile::builtin(&name).unwrap();
        assert_eq!(lint(&file).err().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    }
    assert_eq!(ConnectorFile::builtin("builtin:other"), None);
    assert_eq!(ConnectorFile::builtin("connectwise"), None);
}

/// What to change in the good file, and what is said then.
pub(super) const GALLERY: &[(&str, &str, &str)] = &[
    // the text
    ("schema = 1", "schema = ", "test.toml:1:10: string values must be quoted, expected literal string"),
    (
        "style = \"merge\"",
        "styel = \"merge\"",
        "test.toml:26:1: entity.customer.update.styel: unknown field `styel`, did you mean `style`?",
    ),
    (
        "style = \"merge\"",
        "style = \"merged\"",
        "test.toml:26:1: entity.customer.update.style: unknown word `merged`, did you mean `merge`?",
    ),
    (
        "token = \"{token}\" }",
        "tokn = \"{token}\" }",
        "test.toml:10:27: http.auth.tokn: unknown field `tokn`, did you mean `token`?",
    ),
    (
        "kind = \"cursor\"",
        "kind = \"curser\"",
        "test.toml:19:10: entity.customer.list.page.kind: unknown word `curser`, did you mean `cursor`?",
    ),
    ("numbers = \"number\"\n", "", "test.toml:8:2: http: missing field `numbers`"),
    (
        "get = \"/clients\"\n",
        "get = 3\n",
        "test.toml:17:1: entity.customer.list.get: invalid type: integer `3`, expected a string",
    ),
    (
        "page = { kind = \"cursor\", next = \"meta.next\", param = \"cursor\" }\n",
        "",
        "test.toml:16:18: entity.customer.list: missing field `page`",
    ),
    (
        "[entity.customer]\nid",
        "[entity.custmer]\nid",
        "test.toml:16:9: entity.customer: missing field `id`; `custmer` in line 13 has one: is `customer` meant?",
    ),
    // names and places
    ("schema = 1", "schema = 2", "test.toml:1:1: schema: this program reads schema 1, found 2"),
    ("{host}/api", "{hots}/api", "test.toml:9:1: http.base: `{hots}` is no setting, did you mean `host`?"),
    (
        "https://{host}/api",
        "{host}/api",
        "test.toml:9:1: http.base: the base must begin with `https://` or a setting of kind url",
    ),
    (
        "/clients/{id}\"\nstyle",
        "/clients/{idd}\"\nstyle",
        "test.toml:25:1: entity.customer.update.patch: `{idd}` is no setting, did you mean `id`?",
    ),
    (
        "at = \"name\"",
        "at = \"name[\"",
        "test.toml:31:10: entity.customer.fields.name.at: path `name[`: `key=value` expected in the brackets at ``",
    ),
    (
        "records = \"items\"",
        "records = \"\"",
        "test.toml:18:1: entity.customer.list.records: path ``: a name expected at ``",
    ),
    (
        "get = \"/clients\"\n",
        "get = \"clients\"\n",
        "test.toml:17:1: entity.customer.list.get: `clients` must begin with `/`",
    ),
    // settings
    (
        "example = \"psa.example\"",
        "default = \"https://psa.example\"",
        "test.toml:5:25: settings.host.default: a host such as api.example or api.example:8443 is expected",
    ),
    ("note = \"from", "default = \"from", "test.toml:6:28: settings.token.default: a secret has no default"),
    (
        "host = { kind",
        "id = { kind = \"text\" }\nhost = { kind",
        "test.toml:5:1: settings.id: `{id}` would mean two things; give the setting another name",
    ),
    // entities and fields
    (
        "[entity.customer]",
        "[entity.custmer]\nid = \"id\"\nlist = { get = \"/x\", records = \"$\", page = { kind = \"none\", at_most = 5 } }\n[entity.customer]",
        "test.toml:13:9: entity.custmer: no record of ours is made of `custmer`, and no parent or ref names it, did you mean `customer`?",
    ),
    (
        "[entity.customer]\n",
        "[entity.customer]\nparent = \"account\"\n",
        "test.toml:14:1: entity.customer.parent: there is no entity `account`; known here: customer",
    ),
    (
        "[entity.customer]\n",
        "[entity.customer]\nparent = \"customer\"\n",
        "test.toml:14:1: entity.customer.parent: `customer` is its own ancestor",
    ),
    (
        "name = { at",
        "nmae = { at",
        "test.toml:30:18: entity.customer.fields: a customer needs `name`: say where it is, or give a `default`",
    ),
    (
        "name = { at",
        "nmae = { at",
        "test.toml:31:1: entity.customer.fields.nmae: a customer has no field `nmae`, did you mean `name`?",
    ),
    (
        "name = { at = \"name\" }",
        "name = { dir = \"read\" }",
        "test.toml:31:1: entity.customer.fields.name: one of `at`, `custom`, `from_parent`, `of_stretch`, `product_of`, `default` is needed",
    ),
    (
        "name = { at = \"name\" }",
        "name = { at = \"name\", from_parent = \"name\" }",
        "test.toml:31:23: entity.customer.fields.name.from_parent: `from_parent` needs an entity with a `parent`",
    ),
    (
        "name = { at = \"name\" }",
        "name = { or_at = \"title\", default = \"x\" }",
        "test.toml:31:10: entity.customer.fields.name.or_at: `or_at` is the place after `at`, which is not given",
    ),
    (
        "name = { at = \"name\" }",
        "name = { at = \"name\", or_at = \"name\" }",
        "test.toml:31:23: entity.customer.fields.name.or_at: the same place as `at`",
    ),
    (
        "name = { at = \"name\" }",
        "name = { at = \"name\", or_at = \"a[1]\" }",
        "test.toml:31:23: entity.customer.fields.name.or_at: path `a[1]`: `key=value` expected in the brackets at `1]`",
    ),
    (
        "name = { at = \"name\" }",
        "name = { from_parent = \"name\" }",
        "test.toml:31:10: entity.customer.fields.name.from_parent: `from_parent` needs an entity with a `parent`",
    ),
    (
        "name = { at = \"name\" }",
        "name = { at = \"name\" }\ncity = { default = true }",
        "test.toml:32:10: entity.customer.fields.city.default: a text is expected here, found true",
    ),
    (
        "name = { at = \"name\" }",
        "name = { at = \"name\" }\ncity = { product_of = [\"name\", \"nam\"] }",
        "test.toml:32:10: entity.customer.fields.city.product_of: a product is a number",
    ),
    (
        "name = { at = \"name\" }",
        "name = { at = \"name\" }\ncity = { at = \"c\", codec = { kind = \"date\", format = \"%Y\" } }",
        "test.toml:32:20: entity.customer.fields.city.codec: `%Y` is no date format; rfc3339, tagged, json_date, or a pattern with year, month and day such as %Y-%m-%d",
    ),
    (
        "name = { at = \"name\" }",
        "name = { at = \"name\" }\ncity = { at = \"c\", dir = \"read\", codec = { kind = \"money\", unit = \"minor\" } }",
        "test.toml:32:1: entity.customer.fields.city: text needed, the codec gives a number",
    ),
    (
        "name = { at = \"name\" }",
        "name = { at = \"name\" }\ncity = { at = \"c\", dir = \"read\", codec = { kind = \"money\", unit = \"minor\" } }",
        "test.toml:32:34: entity.customer.fields.city.codec: unit `minor` needs `scale`: how many decimals the currency has",
    ),
    (
        "name = { at = \"name\" }",
        "name = { at = \"name\" }\ncity = { at = \"c\", codec = { kind = \"ref\", entity = \"town\" } }",
        "test.toml:32:20: entity.customer.fields.city.codec: there is no entity `town`; known here: customer",
    ),
    (
        "map = { Active = \"A\" }",
        "map = { Active = \"A\", Live = \"A\" }",
        "test.toml:32:26: entity.customer.fields.status.codec: \"A\" stands for two words; it could not be read back",
    ),
    (
        "map = { Active = \"A\" }",
        "map = { Active = [\"A\", \"B\"], Live = [\"B\"] }",
        "test.toml:32:26: entity.customer.fields.status.codec: \"B\" stands for two words; it could not be read back",
    ),
    (
        "map = { Active = \"A\" }",
        "map = { Active = [] }",
        "test.toml:32:26: entity.customer.fields.status.codec: a word without a value cannot be written",
    ),
    // the tenant's own fields, and rows inside others
    (
        "name = { at = \"name\" }",
        "name = { at = \"name\" }\ncity = { custom = \"City\" }",
        "test.toml:32:10: entity.customer.fields.city.custom: `[custom_fields]` must say where such fields are",
    ),
    (
        "[entity.customer]\n",
        "[custom_fields]\nshape = \"prefix\"\nat = \"$\"\n[entity.customer]\n",
        "test.toml:13:2: custom_fields: `prefix` is for shape `prefix`, which needs it",
    ),
    (
        "[entity.customer]\n",
        "[custom_fields]\nshape = \"map\"\nat = \"own\"\n[entity.customer]\n",
        "test.toml:13:2: custom_fields: no field has `custom`: nothing is read or written there",
    ),
    (
        "[entity.customer]\nid",
        "[entity.part]\nid = \"id\"\ninside = \"rows[]\"\n[entity.customer]\nid",
        "test.toml:15:1: entity.part.inside: `parent` is needed: what they are inside of",
    ),
    (
        "[entity.customer]\nid",
        "[entity.part]\nid = \"id\"\ninside = \"rows[]\"\n[entity.customer]\nid",
        "test.toml:15:1: entity.part.inside: a plain place is needed, such as `lines`",
    ),
    (
        "[entity.customer]\nid",
        "[entity.bundle]\nid = \"id\"\nparent = \"customer\"\ninside = \"rows\"\nversion = { at = \"rev\" }\n[entity.customer]\nid",
        "test.toml:16:1: entity.bundle.inside: `version` is the record's they are inside of: say it there",
    ),
    (
        "[entity.customer]\nid",
        "[entity.bundle]\nid = \"id\"\nparent = \"customer\"\ninside = \"rows\"\ncreate = { post = \"/x\", probe = [] }\n[entity.customer]\nid",
        "test.toml:17:1: entity.bundle.create: a row is added by `update`, which replaces the set; only `probe`, `find` and `body` belong here",
    ),
    // lists
    (
        "param = \"cursor\" }",
        "param = \"cursor\", size = { param = \"n\", value = 0 } }",
        "test.toml:19:1: entity.customer.list.page: a page of 0 rows never ends",
    ),
    (
        "{ kind = \"cursor\", next = \"meta.next\", param = \"cursor\" }",
        "{ kind = \"none\", at_most = 0 }",
        "test.toml:19:1: entity.customer.list.page: `at_most` must be at least 1",
    ),
    (
        "records = \"items\"",
        "records = \"items\"\nquery = { a = { b = 1 } }",
        "test.toml:19:11: entity.customer.list.query.a: a text, a number, true or false, or a list of these is expected",
    ),
    (
        "get = \"/clients\"\n",
        "get = \"/clients\"\npost = \"/clients\"\n",
        "test.toml:16:18: entity.customer.list: exactly one of get, post is needed, 2 are given",
    ),
    (
        "get = \"/clients\"\n",
        "get = \"/clients\"\npage_in = \"body\"\n",
        "test.toml:18:1: entity.customer.list.page_in: a list asked for by GET has no body",
    ),
    (
        "get = \"/clients\"\n",
        "get = \"/clients\"\nbody = { a = 1 }\n",
        "test.toml:18:1: entity.customer.list.body: a list asked for by GET has no body; say `post`",
    ),
    (
        "get = \"/clients\"\n",
        "get = \"/clients\"\nsince = { field = \"at\" }\n",
        "test.toml:18:1: entity.customer.list.since: unknown field `since`; known here: get, post, body, page_in, query, statement, records, empty, page, count, gone, read_each, has",
    ),
    // how the system is called
    (
        "kind = \"bearer\", token = \"{token}\"",
        "kind = \"body\", name = \"k\", value = \"{token}\"",
        "test.toml:10:1: http.auth: `customer` is read by GET, which has no body: use `query` with `also_body`",
    ),
    (
        "kind = \"bearer\", token = \"{token}\"",
        "kind = \"exchange\", post = \"https://{host}/t\", fields = { k = \"{host}\" }, token = \"a[].b\"",
        "test.toml:10:56: http.auth.fields: one of them must be a setting of kind secret, written as `{name}`: the key that is exchanged",
    ),
    (
        "kind = \"bearer\", token = \"{token}\"",
        "kind = \"exchange\", post = \"https://{host}/t\", fields = { k = \"{host}\" }, token = \"a[].b\"",
        "test.toml:10:83: http.auth.token: a plain place is needed, such as `data.token`",
    ),
    (
        "kind = \"bearer\", token = \"{token}\"",
        "kind = \"exchange\", post = \"http://psa.example/t\", fields = { k = \"{token}\" }, token = \"t\", value = \"{token}!\", lives = \"1\"",
        "test.toml:10:29: http.auth.post: psa.example would be spoken to without TLS; write https",
    ),
    (
        "kind = \"bearer\", token = \"{token}\"",
        "kind = \"exchange\", post = \"https://{host}/t\", fields = { k = \"{token}\" }, token = \"t\", value = \"{token}!\", lives = \"1\"",
        "test.toml:10:97: http.auth.value: it must end with `{token}`, the token that was answered",
    ),
    (
        "numbers = \"number\"",
        "numbers = \"number\"\ndiscover = { get = \"/zone\", at = \"url\", within = [] }",
        "test.toml:12:41: http.discover.within: name the domains the address may lie in, such as `psa.example`",
    ),
    (
        "numbers = \"number\"",
        "numbers = \"number\"\ndiscover = { get = \"/zone\", at = \"url\", within = [\"example\"], append = \"v1\" }",
        "test.toml:12:41: http.discover.within: `example` is no domain; write one such as `psa.example`",
    ),
    (
        "[entity.customer]\n",
        "[limits]\nendpoints = [{ path = \"clients\", concurrency = 2 }]\n[entity.customer]\n",
        "test.toml:14:16: limits.endpoints.0.path: `clients` must begin with `/`, and names nothing in braces",
    ),
    (
        "[entity.customer]\n",
        "[limits]\nobserve = { remaining = \"x left\", reset = \"x-reset\", unit = \"seconds\" }\n[entity.customer]\n",
        "test.toml:14:13: limits.observe.remaining: `x left` is not a header name",
    ),
    // limits and errors
    (
        "[entity.customer]\n",
        "[limits]\nrate = [{ calls = 60, per = \"1d\" }]\n[entity.customer]\n",
        "test.toml:14:23: limits.rate.0.per: `1d` is not a length of time written like 30s, 5m, 24h",
    ),
    (
        "[entity.customer]\n",
        "[limits]\nconcurrency = 100\n[entity.customer]\n",
        "test.toml:14:1: limits.concurrency: 1 to 32 expected, found 100",
    ),
    (
        "[entity.customer]\n",
        "[[errors]]\nwhen = { status = [400], eq = 1 }\nis = \"rejected\"\n[entity.customer]\n",
        "test.toml:14:1: errors.0.when: `eq`, `in` and `like` need `at`",
    ),
    (
        "[entity.customer]\n",
        "[[errors]]\nwhen = { status = [400] }\nis = \"dupe\"\n[entity.customer]\n",
        "test.toml:15:1: errors.0.is: unknown word `dupe`; known here: throttled, transient, unknown, auth, forbidden, missing, conflict, duplicate, locked, rejected, fatal",
    ),
    // what writing needs
    ("guard = { recheck = true }\n", "", "test.toml:24:18: entity.customer.update: missing field `guard`"),
    (
        "guard = { recheck = true }\n",
        "guard = { header = \"If-Match\" }\n",
        "test.toml:28:1: entity.customer.update.guard: a guard sends the entity's `version`, which is not declared",
    ),
    (
        "patch = \"/clients/{id}\"\n",
        "",
        "test.toml:24:18: entity.customer.update: exactly one of patch, put, post is needed, 0 are given",
    ),
    (
        "[entity.customer.fields]",
        "[entity.customer.create]\npost = \"/clients\"\n[entity.customer.fields]",
        "test.toml:30:18: entity.customer.create: `link` or `probe` is needed: a record whose answer was lost must be found again, not made twice",
    ),
    (
        "[entity.customer.fields]",
        "[entity.customer.create]\npost = \"/clients\"\nprobe = [\"nam\"]\n[entity.customer.fields]",
        "test.toml:32:1: entity.customer.create.probe: there is no field `nam`, did you mean `name`?",
    ),
    (
        "clear = \"null\"",
        "clear = \"remove\"",
        "test.toml:24:18: entity.customer.update: clear `remove` needs style `json_patch`",
    ),
    (
        "map = { Active = \"A\" } }",
        "map = { Active = \"A\" }, unknown = \"keep\" }",
        "test.toml:32:26: entity.customer.fields.status.codec: a word that is kept as it is cannot be written back; say `dir = \"read\"` or `unknown = \"reject\"`",
    ),
    (
        "at = \"state\"",
        "at = \"states[].name\"",
        "test.toml:32:1: entity.customer.fields.status: `states[]` is several places: none can be written; say `dir = \"read\"`",
    ),
    (
        "at = \"state\"",
        "at = \"states[0].name\"",
        "test.toml:32:1: entity.customer.fields.status: `states[0]` is known by its place alone: it cannot be written; say `dir = \"read\"`",
    ),
    (
        "at = \"name\" }",
        "at = \"names[type=main].text\" }",
        "test.toml:31:1: entity.customer.fields.name: writing into a keyed element needs `new`: what a new element holds",
    ),
    (
        "clear = \"null\"",
        "clear = \"null\"\nsteps = [{ if = { status = [200] }, do = [\"drft\", \"write\"] }]",
        "test.toml:28:37: entity.customer.update.steps.0.do: there is no action `drft`; known here: write",
    ),
    (
        "[entity.customer.fields]",
        "[entity.customer.link]\nat = \"refs[].id\"\n[entity.customer.fields]",
        "test.toml:31:1: entity.customer.link.at: `refs[]` is several places: none can be written",
    ),
    (
        "[entity.customer.fields]",
        "[entity.customer.link]\nat = \"ref\"\nlookup = { dialect = \"params\", where = { ref = \"x\" } }\n[entity.customer.fields]",
        "test.toml:32:32: entity.customer.link.lookup.where: one of link is needed in the value",
    ),
    (
        "[entity.customer.fields]",
        "[entity.customer.actions]\nrun = { post = \"/clients/{id}/run\", gives = { eq = 1 } }\n[entity.customer.fields]",
        "test.toml:31:37: entity.customer.actions.run.gives: `at` is needed: the place whose value shows that it was done",
    ),
    (
        "style = \"merge\"",
        "style = \"json_patch\"\nid_at = \"id\"",
        "test.toml:24:18: entity.customer.update: operations have no place for an id; `id_at` is for the other styles",
    ),
    (
        "[entity.customer.get]\nget = \"/clients/{id}\"\n",
        "",
        "test.toml:13:9: entity.customer: writing needs a `get`: a record is looked at before and after",
    ),
    // what is written elsewhere, and what is above
    (
        "name = { at = \"name\" }",
        "name = { at = \"name\", to = \"name\" }",
        "test.toml:31:23: entity.customer.fields.name.to: the same place as `at`",
    ),
    (
        "name = { at = \"name\" }",
        "name = { at = \"name\", dir = \"read\", to = \"title\" }",
        "test.toml:31:37: entity.customer.fields.name.to: the field is not written",
    ),
    (
        "style = \"merge\"\nclear = \"null\"\nguard = { recheck = true }\n\n[entity.customer.fields]\nname = { at = \"name\" }",
        "style = \"full\"\nclear = \"null\"\nguard = { recheck = true }\n\n[entity.customer.fields]\nname = { at = \"name\", to = \"title\" }",
        "test.toml:24:18: entity.customer.update: `name` is written elsewhere than it is read (`to`): style `merge` or `sparse` is needed",
    ),
    (
        "[entity.customer.fields]",
        "[entity.customer.commands]\nrows = \"id\"\n[entity.customer.fields]",
        "test.toml:31:1: entity.customer.commands.rows: no field is written into `rows`",
    ),
    (
        "id = \"id\"\n",
        "id = \"id\"\nabove = \"agreement\"\n",
        "test.toml:15:1: entity.customer.above: there is no entity `agreement`; known here: customer",
    ),
    (
        "id = \"id\"\n",
        "id = \"id\"\nabove = \"customer\"\n",
        "test.toml:15:1: entity.customer.above: `parent_at` is needed: where a row says which record it is part of",
    ),
    (
        "get = \"/clients/{id}\"\n",
        "get = \"/clients/{id}\"\nas_listed = [\"f\"]\n",
        "test.toml:23:1: entity.customer.get.as_listed: the list has no parameter `f`",
    ),
    (
        "style = \"merge\"",
        "style = \"merge\"\nheaders = { X-Context = \"{contxt}\" }",
        "test.toml:27:13: entity.customer.update.headers.X-Context: `{contxt}` is no setting; known here: host, token, id",
    ),
    (
        "[entity.customer.fields]",
        "[entity.customer.create]\npost = \"/clients\"\nprobe = [\"name\"]\nbody = { unit = \"{number:unit}\" }\n[entity.customer.fields]",
        "test.toml:33:1: entity.customer.create.body: `{unit}` is no setting; known here: host, token",
    ),
    // what gives secrets away
    (
        "token = \"{token}\" }",
        "token = \"t0k\" }",
        "test.toml:10:27: http.auth.token: a credential belongs into a setting of kind secret, written here as `{name}`, not into the file",
    ),
    (
        "token = { kind = \"secret\"",
        "token = { kind = \"text\"",
        "test.toml:10:27: http.auth.token: a credential belongs into a setting of kind secret, written here as `{name}`, not into the file",
    ),
    (
        "numbers = \"number\"",
        "headers = { Authorization = \"Bearer t0k\" }\nnumbers = \"number\"",
        "test.toml:11:13: http.headers.Authorization: a credential belongs into a setting of kind secret, written here as `{name}`, not into the file",
    ),
    (
        "https://{host}/api",
        "http://127.0.0.1.psa.example/api",
        "test.toml:9:1: http.base: 127.0.0.1.psa.example would be spoken to without TLS; write https",
    ),
    (
        "get = \"/clients\"",
        "get = \"/a/../clients\"",
        "test.toml:17:1: entity.customer.list.get: `/a/../clients` holds a dot segment; write the address it leads to",
    ),
    (
        "[entity.customer]\n",
        "[[errors]]\nwhen = { status = [999] }\nis = \"rejected\"\n\n[entity.customer]\n",
        "test.toml:14:10: errors.0.when.status: 999 is no status; they go from 100 to 599",
    ),
];

#[test]
fn every_mistake_is_refused_in_its_place() {
    let mut wrong = Vec::new();
    for (from, to, expected) in GALLERY {
        assert_eq!(GOOD.matches(from).count(), 1, "{from}");
        let found = faults(&GOOD.replacen(from, to, 1));
        if !found.iter().any(|fault| fault == expected) {
            wrong.push(format!("expected {expected}\n   found {}", found.join("\n         ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn settings_are_checked_before_any_call() {
    for (values, expected) in [
        (&[("token", "t")][..], "psa: settings: the setting `host` has no value (for example psa.example)"),
        (&[("host", "psa.example")][..], "psa: settings: the setting `token` has no value: from the profile page"),
        (
            &[("host", "psa.example/evil"), ("token", "t")][..],
            "psa: settings: the setting `host` cannot be used: a host such as api.example or api.example:8443 is expected",
        ),
        (
            &[("host", "psa.example"), ("token", "line\nbreak")][..],
            "psa: settings: the setting `token` cannot be used: it holds a control character; was it pasted with a line break?",
        ),
        (
            &[("host", "psa.example"), ("token", "t"), ("hots", "x")][..],
            "psa: settings: Good knows no setting `hots`, did you mean `host`?",
        ),
    ] {
        let given = values.iter().fold(settings(file(GOOD)), |settings, (name, value)| settings.with(name, value));
        assert_eq!(Rest::new(given).err().unwrap().to_string(), expected);
    }
    let broken = GOOD.replacen("style", "styel", 1);
    let error = Rest::new(settings(file(&broken))).err().unwrap().to_string();
    assert!(error.starts_with("psa: settings: the connector file cannot be used:\ntest.toml:26:1: "), "{error}");
    let good = settings(file(GOOD)).with("host", "psa.example").with("token", "t");
    assert!(Rest::new(good).is_ok());
}
