//! What people see on the pages.

use super::read::Read;
use super::vars::Vars;
use super::{Accent, ConfigError};

/// How the pages name and colour themselves, and whom they tell people to ask.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    pub product_name: Option<String>,
    pub support_contact: Option<String>,
    pub accent: Accent,
}

impl Pages {
    pub(super) fn read(vars: &Vars, read: &mut Read) -> Result<Self, ConfigError> {
        Ok(Self {
            product_name: read.optional("PRODUCT_NAME", vars.product_name.clone(), line)?,
            support_contact: read.optional("SUPPORT_CONTACT", vars.support_contact.clone(), line)?,
            accent: read.optional("ACCENT", vars.accent.clone(), str::parse)?.unwrap_or_default(),
        })
    }
}

fn line(text: &str) -> Result<String, &'static str> {
    if text.len() <= 100 && !text.contains(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("one line of at most 100 bytes is needed")
    }
}
