//! Line charts as SVG: panels below each other over one axis, each with a legend.
//!
//! Written here rather than with the crate plotters, since charts only need lines, axes and a legend.

use std::fmt::Write;

const WIDTH: f64 = 860.0;
const PANEL: Area = Area { left: 60.0, width: 620.0, height: 230.0 };
/// Top of the first panel, and distance between the tops of two panels.
const TOP: f64 = 50.0;
const PITCH: f64 = 300.0;
/// Colours of Okabe and Ito, which colour-blind people can distinguish. The first curve is black.
const COLOURS: [&str; 6] = ["#000000", "#e69f00", "#56b4e9", "#009e73", "#d55e00", "#cc79a7"];

struct Area {
    left: f64,
    width: f64,
    height: f64,
}

/// A chart.
#[derive(Debug, Clone)]
pub struct Plot {
    /// Label of the horizontal axis.
    pub across: String,
    /// Tick labels of the horizontal axis, at equal distances.
    pub marks: Vec<String>,
    /// Panels, from top to bottom.
    pub panels: Vec<Panel>,
}

/// Curves over one vertical axis.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Title.
    pub title: String,
    /// Scale of the vertical axis.
    pub scale: Scale,
    /// Names of the curves for the legend; empty for none.
    pub names: Vec<String>,
    /// Curves, the most important one first, which is drawn on top. Each is a list of values at equal distances. A
    /// missing value is skipped.
    pub curves: Vec<Vec<Option<f64>>>,
}

/// Scale of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Linear, from 0.
    Linear,
    /// Logarithmic by powers of ten, for positive values.
    Powers,
}

/// A vertical axis with its ends: of the values, or of their decimal logarithms.
struct Axis {
    scale: Scale,
    bottom: f64,
    top: f64,
    /// Number of parts between ticks.
    parts: i32,
}

impl Plot {
    /// Draws the chart as SVG.
    pub fn svg(&self) -> String {
        let height = TOP + PITCH * self.panels.len() as f64 - 20.0;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n"
        );
        for (place, panel) in self.panels.iter().enumerate() {
            let top = TOP + PITCH * place as f64;
            panel.draw(&mut out, top);
            self.draw_across(&mut out, top + PANEL.height);
            panel.draw_legend(&mut out, top);
        }
        out.push_str("</svg>\n");
        out
    }

    fn draw_across(&self, out: &mut String, bottom: f64) {
        let parts = self.marks.len().saturating_sub(1).max(1) as f64;
        for (tick, mark) in self.marks.iter().enumerate() {
            let _ = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                PANEL.left + PANEL.width * tick as f64 / parts,
                bottom + 18.0,
                escaped(mark)
            );
        }
        let middle = PANEL.left + PANEL.width / 2.0;
        let label = escaped(&self.across);
        let _ = writeln!(out, "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{label}</text>", bottom + 36.0);
    }
}

impl Panel {
    fn draw(&self, out: &mut String, top: f64) {
        let axis = Axis::over(self.scale, self.curves.iter().flatten().flatten().copied());
        let y = |part: f64| top + PANEL.height * (1.0 - part);
        let title = escaped(&self.title);
        let _ = writeln!(out, "<text x=\"{}\" y=\"{}\" font-weight=\"bold\">{title}</text>", PANEL.left, top - 14.0);
        for tick in 0..=axis.parts {
            let part = f64::from(tick) / f64::from(axis.parts);
            let _ = writeln!(
                out,
                "<line x1=\"{}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#dddddd\"/>\n\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                PANEL.left,
                PANEL.left + PANEL.width,
                PANEL.left - 8.0,
                y(part) + 4.0,
                axis.mark(part),
                y = y(part)
            );
        }
        // The first one last, so that it lies on top.
        for (number, curve) in self.curves.iter().enumerate().rev() {
            let points: Vec<String> = curve
                .iter()
                .enumerate()
                .filter_map(|(place, value)| {
                    let x = PANEL.left + PANEL.width * (place as f64 + 0.5) / curve.len() as f64;
                    value.map(|value| format!("{x:.1},{:.1}", y(axis.part(value))))
                })
                .collect();
            let _ = writeln!(out, "<polyline fill=\"none\" points=\"{}\" {}/>", points.join(" "), stroke(number));
        }
    }

    fn draw_legend(&self, out: &mut String, top: f64) {
        for (number, name) in self.names.iter().enumerate() {
            let y = top + 20.0 * number as f64 + 8.0;
            let x = PANEL.left + PANEL.width + 20.0;
            let _ = writeln!(
                out,
                "<line x1=\"{x}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" {}/>\n<text x=\"{}\" y=\"{}\">{}</text>",
                x + 24.0,
                stroke(number),
                x + 32.0,
                y + 4.0,
                escaped(name)
            );
        }
    }
}

impl Axis {
    /// Makes the axis that holds all values.
    fn over(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Self {
        let largest = values.clone().fold(0.0, f64::max);
        match scale {
            Scale::Linear => Self { scale, bottom: 0.0, top: scale_end(largest), parts: 4 },
            Scale::Powers => {
                let least = values.filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
                let (least, largest) = if least.is_finite() { (least, largest) } else { (1.0, 1.0) };
                let bottom = least.log10().floor();
                let top = largest.log10().ceil().max(bottom + 1.0);
                #[expect(clippy::cast_possible_truncation, reason = "powers of ten of f64 are within 700")]
                let parts = (top - bottom) as i32;
                Self { scale, bottom, top, parts }
            }
        }
    }

    /// Returns the position of a value, from 0 at the bottom to 1 at the top.
    fn part(&self, value: f64) -> f64 {
        let value = match self.scale {
            Scale::Linear => value,
            Scale::Powers => value.log10().max(self.bottom),
        };
        (value - self.bottom) / (self.top - self.bottom)
    }

    fn mark(&self, part: f64) -> String {
        let value = self.bottom + (self.top - self.bottom) * part;
        match self.scale {
            Scale::Linear if self.top <= 1.0 => format!("{value:.3}"),
            Scale::Linear if self.top < 20.0 => format!("{value:.1}"),
            Scale::Linear => format!("{value:.0}"),
            Scale::Powers if value < 0.0 => format!("{:.*}", decimals(-value), 10_f64.powf(value)),
            Scale::Powers => format!("{:.0}", 10_f64.powf(value)),
        }
    }
}

/// Returns the number of decimals that show a tenth to this power.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive power of ten of an f64")]
fn decimals(power: f64) -> usize {
    power.round() as usize
}

fn stroke(number: usize) -> String {
    let width = if number == 0 { 2.5 } else { 1.5 };
    format!("stroke=\"{}\" stroke-width=\"{width}\"", COLOURS[number % COLOURS.len()])
}

/// Returns the end of an axis: the least of 1, 2, 4 or 8 times a power of ten that is not below `largest`. A quarter of
/// it is a short number.
pub(crate) fn scale_end(largest: f64) -> f64 {
    let mut power = 0.001;
    loop {
        for step in [1.0, 2.0, 4.0, 8.0] {
            if step * power >= largest {
                return step * power;
            }
        }
        power *= 10.0;
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_short_number_above_the_largest_value() {
        assert_eq!([0.0, 0.005, 0.33, 0.41, 1.0].map(scale_end), [0.001, 0.008, 0.4, 0.8, 1.0]);
        let axis = Axis::over(Scale::Linear, [0.0, 14_000.0].into_iter());
        assert_eq!([0.25, 1.0].map(|part| axis.mark(part)), ["5000", "20000"]);
    }

    #[test]
    fn powers_of_ten_stand_at_equal_distances() {
        let axis = Axis::over(Scale::Powers, [0.02, 3.0, 900.0].into_iter());
        let marks: Vec<String> = (0..=axis.parts).map(|n| axis.mark(f64::from(n) / f64::from(axis.parts))).collect();
        assert_eq!(marks, ["0.01", "0.1", "1", "10", "100", "1000"]);
        assert!((axis.part(0.1) - 0.2).abs() < 1e-9 && axis.part(0.0).abs() < 1e-9);
        assert_eq!(Axis::over(Scale::Powers, std::iter::empty()).parts, 1, "nothing to show is no division by 0");
    }

    #[test]
    fn names_are_text_and_no_markup() {
        let curves = vec![vec![Some(1.0), None, Some(2.0)]];
        let panel = Panel { title: "a < b".to_owned(), scale: Scale::Linear, names: vec!["R&D".to_owned()], curves };
        let svg = Plot { across: "time".to_owned(), marks: vec!["0".to_owned()], panels: vec![panel] }.svg();
        assert!(svg.contains("a &lt; b") && svg.contains("R&amp;D") && svg.contains("polyline"), "{svg}");
    }
}
