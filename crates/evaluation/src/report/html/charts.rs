//! Charts of the page as SVG that takes its colours from the page's style.
//!
//! Drawn for a width of 360, so that text stays readable on a telephone.

use std::fmt::Write;

use super::{escaped, percent};
use crate::{Interval, svg_plot::scale_end};

const WIDTH: f64 = 360.0;
const LEFT: f64 = 40.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 10.0;
const HEIGHT: f64 = 170.0;
const BOTTOM: f64 = 36.0;
/// Colours there are.
const COLOURS: usize = 6;

/// A figure of a chart.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Point {
    pub value: Option<f64>,
    pub interval: Option<Interval>,
}

/// Figures of a method.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub name: String,
    pub points: Vec<Point>,
}

/// Draws curves over equal parts; the first has a band between the ends of its intervals.
pub(super) fn lines(label: &str, across: &str, marks: &[String], series: &[Series]) -> String {
    let axis = Axis::over(series);
    let mut out = begin(label, TOP + HEIGHT + BOTTOM);
    axis.draw(&mut out);
    let steps = marks.len().saturating_sub(1).max(1) as f64;
    for (number, mark) in marks.iter().enumerate() {
        // The last one would go over the edge.
        let anchor = if number + 1 == marks.len() { "end" } else { "middle" };
        text(&mut out, LEFT + plot_width() * number as f64 / steps, TOP + HEIGHT + 14.0, anchor, mark);
    }
    text(&mut out, LEFT + plot_width() / 2.0, TOP + HEIGHT + 30.0, "middle", across);
    for (number, Series { points, .. }) in series.iter().enumerate().rev() {
        let x = |place: usize| LEFT + plot_width() * (place as f64 + 0.5) / points.len().max(1) as f64;
        if number == 0 {
            let ends = |of: fn(Interval) -> f64| {
                let found = points.iter().enumerate();
                found.filter_map(move |(place, point)| Some((place, of(point.interval?)))).collect::<Vec<_>>()
            };
            let (high, low) = (ends(|interval| interval.high), ends(|interval| interval.low));
            let outline = high.into_iter().chain(low.into_iter().rev());
            let outline = outline.map(|(place, value)| format!("{:.1},{:.1}", x(place), axis.y(value)));
            let outline: Vec<String> = outline.collect();
            let _ = writeln!(out, "<polygon class=\"band f0\" points=\"{}\"/>", outline.join(" "));
        }
        let found = points.iter().enumerate().filter_map(|(place, point)| Some((place, point.value?)));
        let found: Vec<String> = found.map(|(place, value)| format!("{:.1},{:.1}", x(place), axis.y(value))).collect();
        let _ = writeln!(out, "<polyline class=\"line s{}\" points=\"{}\"/>", number % COLOURS, found.join(" "));
    }
    end(out, series)
}

/// Draws figures by category, side by side, with their intervals.
pub(super) fn dots(label: &str, across: &str, categories: &[String], series: &[Series]) -> String {
    let axis = Axis::over(series);
    let mut out = begin(label, TOP + HEIGHT + BOTTOM);
    axis.draw(&mut out);
    let step = plot_width() / categories.len().max(1) as f64;
    for (place, category) in categories.iter().enumerate() {
        text(&mut out, LEFT + step * (place as f64 + 0.5), TOP + HEIGHT + 14.0, "middle", category);
        for (number, Series { points, .. }) in series.iter().enumerate() {
            let Some(Point { value: Some(value), interval }) = points.get(place).copied() else { continue };
            let x = LEFT + step * (place as f64 + (number as f64 + 1.0) / (series.len() as f64 + 1.0));
            let colour = number % COLOURS;
            if let Some(Interval { low, high }) = interval {
                let (low, high) = (axis.y(low), axis.y(high));
                let _ = writeln!(
                    out,
                    "<line class=\"whisker s{colour}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{low:.1}\" y2=\"{high:.1}\"/>"
                );
            }
            let y = axis.y(value);
            let _ = writeln!(out, "<circle class=\"f{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.2\"/>");
        }
    }
    text(&mut out, LEFT + plot_width() / 2.0, TOP + HEIGHT + 30.0, "middle", across);
    end(out, series)
}

/// Draws differences as rows around 0, with their intervals.
pub(super) fn differences(label: &str, rows: &[(String, f64, Option<Interval>)]) -> String {
    const NAMES: f64 = 104.0;
    const ROW: f64 = 22.0;
    let ends = rows.iter().flat_map(|(_, value, interval)| {
        [*value, interval.map_or(*value, |interval| interval.low), interval.map_or(*value, |interval| interval.high)]
    });
    let largest = scale_end(ends.fold(0.0, |largest: f64, value| largest.max(value.abs())));
    let middle = NAMES + (WIDTH - NAMES - RIGHT) / 2.0;
    let x = |value: f64| middle + value / largest * (WIDTH - NAMES - RIGHT) / 2.0;
    let height = ROW * rows.len() as f64 + 24.0;
    let mut out = begin(label, height);
    let _ =
        writeln!(out, "<line class=\"zero\" x1=\"{middle}\" x2=\"{middle}\" y1=\"0\" y2=\"{:.1}\"/>", height - 20.0);
    for (number, (name, value, interval)) in rows.iter().enumerate() {
        let y = ROW * (number as f64 + 0.5);
        text(&mut out, NAMES - 8.0, y + 4.0, "end", name);
        if let Some(Interval { low, high }) = interval {
            let (low, high) = (x(*low), x(*high));
            let _ =
                writeln!(out, "<line class=\"whisker s0\" x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{y}\" y2=\"{y}\"/>");
        }
        let _ = writeln!(out, "<circle class=\"f0\" cx=\"{:.1}\" cy=\"{y}\" r=\"3.5\"/>", x(*value));
    }
    for (value, anchor) in [(-largest, "start"), (0.0, "middle"), (largest, "end")] {
        text(&mut out, x(value), height - 6.0, anchor, &percent(value));
    }
    out.push_str("</svg>\n");
    out
}

/// A vertical axis from 0.
struct Axis {
    top: f64,
}

impl Axis {
    fn over(series: &[Series]) -> Self {
        let points = series.iter().flat_map(|series| &series.points);
        let ends = points.flat_map(|point| [point.value, point.interval.map(|interval| interval.high)]).flatten();
        Self { top: scale_end(ends.fold(0.0, f64::max)) }
    }

    fn y(&self, value: f64) -> f64 {
        TOP + HEIGHT * (1.0 - value / self.top)
    }

    fn draw(&self, out: &mut String) {
        for quarter in 0..=4 {
            let value = self.top * f64::from(quarter) / 4.0;
            let y = self.y(value);
            let right = WIDTH - RIGHT;
            let _ = writeln!(out, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
            let decimals = usize::from(self.top < 0.08);
            text(out, LEFT - 5.0, y + 4.0, "end", &format!("{:.decimals$}%", 100.0 * value));
        }
    }
}

const fn plot_width() -> f64 {
    WIDTH - LEFT - RIGHT
}

fn begin(label: &str, height: f64) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n", escaped(label))
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escaped(text));
}

/// Ends a chart and adds its legend.
fn end(mut out: String, series: &[Series]) -> String {
    out.push_str("</svg>\n<ul class=\"legend\">");
    for (number, Series { name, .. }) in series.iter().enumerate() {
        let colour = number % COLOURS;
        let _ = write!(out, "<li><span class=\"key k{colour}\"></span>{}</li>", escaped(name));
    }
    out.push_str("</ul>\n");
    out
}
