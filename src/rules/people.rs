//! The people file of a site: who may use it.

use crate::oauth::EmailAddress;

/// Addresses and whole domains.
#[derive(Debug)]
pub struct People {
    addresses: Vec<String>,
    domains: Vec<String>,
}

impl People {
    /// One address or `@domain` a line; `#` begins a comment. Refuses a file that names nobody, and a line that is
    /// neither: an export that broke must not lock everybody out, nor let anybody in.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut people = Self { addresses: Vec::new(), domains: Vec::new() };
        for (at, line) in text.lines().enumerate() {
            let name = lower(line.split('#').next().unwrap_or_default().trim());
            match name.strip_prefix('@') {
                _ if name.is_empty() => {}
                Some(domain) if !domain.is_empty() && !domain.contains(['@', ' ']) => {
                    people.domains.push(domain.to_owned());
                }
                None if EmailAddress::try_from(name.clone()).is_ok() => people.addresses.push(name),
                _ => return Err(format!("line {} is neither an address nor @domain", at + 1)),
            }
        }
        if people.addresses.is_empty() && people.domains.is_empty() {
            return Err("it names nobody".to_owned());
        }
        people.addresses.sort_unstable();
        Ok(people)
    }

    /// In any case of letters.
    pub fn contains(&self, address: &EmailAddress) -> bool {
        let domain = lower(address.domain());
        let address = lower(address.as_str());
        self.addresses.binary_search(&address).is_ok() || self.domains.contains(&domain)
    }
}

/// What is not of ASCII stays so: with the Kelvin sign, whose small letter is `k`, an address is somebody else's.
fn lower(text: &str) -> String {
    let letter = |c: char| {
        let small = c.to_lowercase();
        if c.is_ascii() || small.clone().all(|c| !c.is_ascii()) { small.collect() } else { c.to_string() }
    };
    text.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_addresses_and_domains() {
        let people = People::parse(
            "# staff\nAlice@example.com\n\n@ops.example # all of them\nzoe@example.com\nkÅ@example.com\n",
        )
        .unwrap();
        for (address, inside) in [
            ("alice@EXAMPLE.com", true),
            ("zoe@example.com", true),
            ("bob@example.com", false),
            ("Kå@example.com", true),
            ("\u{212a}å@example.com", false),
            ("anybody@ops.example", true),
            ("anybody@sub.ops.example", false),
        ] {
            assert_eq!(people.contains(&address.to_owned().try_into().unwrap()), inside, "{address}");
        }
    }

    #[test]
    fn an_empty_or_broken_file_is_refused() {
        for wrong in ["", "# nobody\n", "alice", "@", "a@b@c", "alice@example.com\nbob\n", "<html>"] {
            assert!(People::parse(wrong).is_err(), "{wrong}");
        }
    }
}
