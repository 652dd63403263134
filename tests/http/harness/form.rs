//! Names and values of a query or a form, and the one thing that a test changes in them.

use url::form_urlencoded;

pub(crate) type Form = Vec<(String, String)>;

pub(crate) fn form<const N: usize>(fields: [(&str, &str); N]) -> Form {
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// The same, but with this value in place of the one it had.
pub(crate) fn with(form: &Form, name: &str, value: &str) -> Form {
    also(&without(form, name), name, value)
}

pub(crate) fn without(form: &Form, name: &str) -> Form {
    form.iter().filter(|(other, _)| other != name).cloned().collect()
}

/// The same, and this field once more.
pub(crate) fn also(form: &Form, name: &str, value: &str) -> Form {
    let mut form = form.clone();
    form.push((name.to_owned(), value.to_owned()));
    form
}

pub(crate) fn encoded(form: &Form) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

/// Every byte in percent signs: what nobody needs to do, and everybody may.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |escaped, byte| escaped + &format!("%{byte:02X}"))
}
