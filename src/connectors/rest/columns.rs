//! Places that settings name: where the names of columns are the tenant's own.
//!
//! Keeps the invariant that a setting names one member, whatever signs are in it, and never a way through a record.

use super::language::{Connector, Entity, OneOrMore};
use super::settings::Values;
use super::template::{Position, Template};

/// Puts the settings into the places of a file.
///
/// # Errors
/// A setting that names no member.
pub(super) fn settle(connector: &mut Connector, values: &Values) -> Result<(), String> {
    for (name, entity) in &mut connector.entity {
        for place in places(entity) {
            if place.contains('{') {
                *place = settled(place, values).map_err(|what| format!("{name}: {what}"))?;
            }
        }
    }
    Ok(())
}

/// The places of an entity that may be named so.
fn places(entity: &mut Entity) -> Vec<&mut String> {
    let mut all = vec![&mut entity.id];
    all.extend(&mut entity.parent_at);
    all.extend(entity.version.iter_mut().flat_map(|version| &mut version.at));
    all.extend(entity.list.iter_mut().flat_map(|list| &mut list.gone).map(|gone| &mut gone.at));
    all.extend(entity.link.iter_mut().flat_map(|link| &mut link.at));
    for field in entity.fields.values_mut() {
        all.extend([&mut field.at, &mut field.to].into_iter().flatten());
        all.extend(field.or_at.iter_mut().flat_map(OneOrMore::all_mut));
    }
    all
}

fn settled(place: &str, values: &Values) -> Result<String, String> {
    let template = Template::parse(place)?;
    for name in template.names() {
        let value = values.get(name).unwrap_or_default();
        let is_plain = value.chars().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '-'));
        if value.is_empty() || !is_plain {
            return Err(format!("the setting `{name}` names no column: letters, digits, _ and - are expected"));
        }
    }
    template.fill(Position::Plain, &|name| values.get(name))
}
