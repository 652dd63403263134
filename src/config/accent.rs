//! The operator's colour, made readable on both grounds.

use std::fmt;
use std::str::FromStr;

/// The grounds of the base template on which a colour is hardest to read.
const LIGHT: Colour = Colour([0xf3, 0xf4, 0xf6]);
const DARK: Colour = Colour([0x1d, 0x21, 0x26]);
const BLACK: Colour = Colour([0, 0, 0]);
const WHITE: Colour = Colour([255, 255, 255]);
const DEFAULT: Colour = Colour([0x0b, 0x57, 0xd0]);
/// WCAG 2.2 §1.4.3. Black or white reaches it on every colour.
const READABLE: f64 = 4.5;
/// A colour gets lighter or darker in so many steps.
const STEPS: u8 = 20;

/// A colour, the ink that can be read on it, and its nearest shades that can be read on either ground.
#[derive(Clone, Copy, Debug)]
pub struct Accent {
    pub fill: Colour,
    pub ink: Colour,
    pub on_light: Colour,
    pub on_dark: Colour,
}

impl From<Colour> for Accent {
    fn from(fill: Colour) -> Self {
        let ink = if fill.contrast(WHITE) >= READABLE { WHITE } else { BLACK };
        Self { fill, ink, on_light: fill.readable_on(LIGHT, BLACK), on_dark: fill.readable_on(DARK, WHITE) }
    }
}

impl FromStr for Accent {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Colour::parse(text).map(Self::from).ok_or("a colour such as #0b57d0 is needed")
    }
}

impl Default for Accent {
    fn default() -> Self {
        Self::from(DEFAULT)
    }
}

/// Red, green and blue (sRGB).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// `#rgb` or `#rrggbb`.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let (width, repeat) = match digits.len() {
            3 => (1, 17),
            6 => (2, 1),
            _ => return None,
        };
        let channel = |at: usize| {
            let digits = digits.get(at * width..(at + 1) * width)?;
            Some(u8::from_str_radix(digits, 16).ok()? * repeat)
        };
        Some(Self([channel(0)?, channel(1)?, channel(2)?]))
    }

    fn readable_on(self, ground: Self, extreme: Self) -> Self {
        let shades = (0..=STEPS).map(|step| self.towards(extreme, step));
        shades.into_iter().find(|shade| shade.contrast(ground) >= READABLE).unwrap_or(extreme)
    }

    fn towards(self, other: Self, step: u8) -> Self {
        let (step, steps) = (u16::from(step), u16::from(STEPS));
        let mix =
            |ours: u8, theirs: u8| (u16::from(ours) * (steps - step) + u16::from(theirs) * step) / steps;
        let channel = |at: usize| u8::try_from(mix(self.0[at], other.0[at])).unwrap_or(u8::MAX);
        Self([channel(0), channel(1), channel(2)])
    }

    /// WCAG 2.2, "contrast ratio".
    fn contrast(self, other: Self) -> f64 {
        let (ours, theirs) = (self.luminance(), other.luminance());
        (ours.max(theirs) + 0.05) / (ours.min(theirs) + 0.05)
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_three_or_six_digits() {
        for (text, colour) in [("#0b57d0", Some("#0b57d0")), ("#FA0", Some("#ffaa00")), ("#12", None)] {
            assert_eq!(Colour::parse(text).map(|colour| colour.to_string()).as_deref(), colour, "{text}");
        }
        for wrong in ["", "#", "red", "#ggg", "#+f+f+f", "#0b57d", "0b57d0"] {
            assert!(wrong.parse::<Accent>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_accent_can_be_read_on_in_and_beside() {
        let steps = (0..=255).step_by(15).map(|channel| u8::try_from(channel).unwrap());
        for (red, green) in steps.clone().flat_map(|red| steps.clone().map(move |green| (red, green))) {
            for blue in steps.clone() {
                let accent = Accent::from(Colour([red, green, blue]));
                assert!(accent.ink.contrast(accent.fill) >= READABLE, "{accent:?}");
                assert!(accent.on_light.contrast(LIGHT) >= READABLE, "{accent:?}");
                assert!(accent.on_dark.contrast(DARK) >= READABLE, "{accent:?}");
            }
        }
    }

    #[test]
    fn a_colour_that_can_be_read_already_stays_as_it_is() {
        let accent = Accent::default();
        assert_eq!((accent.on_light, accent.ink), (accent.fill, WHITE));
        let yellow = Accent::from(Colour([0xff, 0xcc, 0]));
        assert_eq!((yellow.on_dark, yellow.ink), (yellow.fill, BLACK));
    }
}
