//! Recall over the stream as a picture: plain SVG, one panel for all targets and one for novel ones.

use std::fmt::Write;

use super::{MethodReport, Report};

const WIDTH: f64 = 860.0;
const PANEL: Area = Area { left: 60.0, width: 620.0, height: 230.0 };
const TOPS: [f64; 2] = [50.0, 350.0];
const HEIGHT: f64 = 630.0;
/// Okabe and Ito's colours, which colour-blind people can tell apart; black is the model's.
const COLOURS: [&str; 6] = ["#000000", "#e69f00", "#56b4e9", "#009e73", "#d55e00", "#cc79a7"];

struct Area {
    left: f64,
    width: f64,
    height: f64,
}

/// The picture.
pub fn svg(report: &Report) -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    let k = report.k;
    for (panel, title) in [format!("Recall@{k}, all targets"), format!("Recall@{k}, novel targets")].iter().enumerate()
    {
        draw_panel(&mut out, report, panel, title);
    }
    for (number, method) in report.methods.iter().enumerate() {
        let y = TOPS[0] + 20.0 * number as f64 + 8.0;
        let x = PANEL.left + PANEL.width + 20.0;
        let _ = writeln!(
            out,
            "<line x1=\"{x}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" {}/>\n<text x=\"{}\" y=\"{}\">{}</text>",
            x + 24.0,
            stroke(number),
            x + 32.0,
            y + 4.0,
            escaped(&method.name)
        );
    }
    out.push_str("</svg>\n");
    out
}

fn draw_panel(out: &mut String, report: &Report, panel: usize, title: &str) {
    let values = |method: &MethodReport| method.curve.iter().map(|point| point[panel]).collect::<Vec<_>>();
    let largest = report.methods.iter().flat_map(values).flatten().fold(0.0, f64::max);
    let top = scale_end(largest);
    let bottom = TOPS[panel] + PANEL.height;
    let y = |value: f64| bottom - PANEL.height * value / top;
    let right = PANEL.left + PANEL.width;
    let _ =
        writeln!(out, "<text x=\"{}\" y=\"{}\" font-weight=\"bold\">{title}</text>", PANEL.left, TOPS[panel] - 14.0);
    for tick in 0..=4 {
        let value = top * f64::from(tick) / 4.0;
        let _ = writeln!(
            out,
            "<line x1=\"{}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#dddddd\"/>\n\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value:.3}</text>",
            PANEL.left,
            PANEL.left - 8.0,
            y(value) + 4.0,
            y = y(value)
        );
    }
    for tick in 0..=4 {
        let part = f64::from(tick) / 4.0;
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0}%</text>",
            PANEL.left + PANEL.width * part,
            bottom + 18.0,
            100.0 * (report.discard + (1.0 - report.discard) * part)
        );
    }
    let middle = PANEL.left + PANEL.width / 2.0;
    let _ =
        writeln!(out, "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">part of the stream</text>", bottom + 36.0);
    // The model last, so that it lies on top.
    for (number, method) in report.methods.iter().enumerate().rev() {
        let points: Vec<String> = values(method)
            .iter()
            .enumerate()
            .filter_map(|(place, value)| {
                let x = PANEL.left + PANEL.width * (place as f64 + 0.5) / method.curve.len() as f64;
                value.map(|value| format!("{x:.1},{:.1}", y(value)))
            })
            .collect();
        let _ = writeln!(out, "<polyline fill=\"none\" points=\"{}\" {}/>", points.join(" "), stroke(number));
    }
}

fn stroke(number: usize) -> String {
    let width = if number == 0 { 2.5 } else { 1.5 };
    format!("stroke=\"{}\" stroke-width=\"{width}\"", COLOURS[number % COLOURS.len()])
}

/// The end of an axis: the least of 1, 2, 4 or 8 times a power of ten that is not below `largest`; a quarter of it is a
/// short number.
fn scale_end(largest: f64) -> f64 {
    let mut power = 0.001;
    loop {
        for step in [1.0, 2.0, 4.0, 8.0] {
            if step * power >= largest || power >= 1.0 {
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
    }
}
