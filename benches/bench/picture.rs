//! Line charts as SVG, readable on light and on dark pages.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::Outcome;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 46.0;
const STEPS: u32 = 4;
const COLOURS: [&str; 3] = ["#0b63b0", "#b3450b", "#3b7d23"];

/// A chart whose both axes begin at zero.
pub(crate) struct Picture<'a> {
    pub(crate) file: &'a str,
    pub(crate) title: &'a str,
    pub(crate) across: &'a str,
    /// A name and its points.
    pub(crate) lines: &'a [(&'a str, Vec<(f64, f64)>)],
}

impl Picture<'_> {
    /// Writes it to `docs/pictures`.
    pub(crate) fn draw(&self) -> Outcome<()> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures").join(self.file);
        fs::write(&path, self.svg()?)?;
        println!("drawn: docs/pictures/{}", self.file);
        Ok(())
    }

    fn svg(&self) -> Result<String, std::fmt::Error> {
        let points = || self.lines.iter().flat_map(|(_, points)| points);
        let most_x = round_up(points().map(|point| point.0).fold(0.0, f64::max));
        let most_y = round_up(points().map(|point| point.1).fold(0.0, f64::max));
        let x = |value: f64| LEFT + value / most_x * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - value / most_y * (HEIGHT - TOP - BOTTOM);
        let mut svg = String::new();
        writeln!(
            svg,
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" fill="#222">
<title>{title}</title><rect width="100%" height="100%" fill="#fff"/>
<text x="{LEFT}" y="20" font-size="14">{title}</text>
<text x="{:.0}" y="{:.0}" text-anchor="middle">{}</text>"##,
            x(most_x / 2.0),
            HEIGHT - 8.0,
            self.across,
            title = self.title,
        )?;
        for step in 0..=STEPS {
            let share = f64::from(step) / f64::from(STEPS);
            let (at_x, at_y) = (x(most_x * share), y(most_y * share));
            writeln!(
                svg,
                r##"<path d="M{LEFT} {at_y:.1}H{:.1}" stroke="#ddd"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text><text x="{at_x:.1}" y="{:.1}" text-anchor="middle">{}</text>"##,
                WIDTH - RIGHT,
                LEFT - 6.0,
                at_y + 4.0,
                label(most_y * share),
                HEIGHT - BOTTOM + 17.0,
                label(most_x * share),
            )?;
        }
        for ((name, points), colour) in self.lines.iter().zip(COLOURS) {
            let way: Vec<_> = points.iter().map(|(px, py)| format!("{:.1},{:.1}", x(*px), y(*py))).collect();
            let end = points.last().copied().unwrap_or_default();
            writeln!(
                svg,
                r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/><text x="{:.1}" y="{:.1}" fill="{colour}">{name}</text>"#,
                way.join(" "),
                x(end.0) + 6.0,
                y(end.1) + 4.0,
            )?;
        }
        writeln!(svg, "</svg>")?;
        Ok(svg)
    }
}

/// To the next 1, 2, 4 or 8 of its power of ten, so that quarters of it are round.
fn round_up(most: f64) -> f64 {
    let power = 10_f64.powf(most.max(1e-9).log10().floor());
    [1.0, 2.0, 4.0, 8.0, 10.0].map(|digit| digit * power).into_iter().find(|end| *end >= most).unwrap_or(most)
}

fn label(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
