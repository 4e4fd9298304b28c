//! Mistakes in connector files and settings, one each, with the exact words they are refused with.

use trueup::connectors::rest::{ConnectorFile, Rest, lint};

use super::{file, settings};

const GOOD: &str = r#"schema = 1
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
    assert_eq!(names, ["builtin:connectwise", "builtin:tryton"]);
    for name in names {
        let file = ConnectorFile::builtin(&name).unwrap();
        assert_eq!(lint(&file).err().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    }
    assert_eq!(ConnectorFile::builtin("builtin:other"), None);
    assert_eq!(ConnectorFile::builtin("connectwise"), None);
}
