//! Recall over the stream as SVG, for files of pictures.

use super::{
    super::svg_plot::{Panel, Plot, Scale},
    Report,
};

impl Report {
    /// Draws recall over the stream as SVG: one panel for all targets and one for novel ones.
    pub fn svg(&self) -> String {
        let k = self.k;
        let titles = [format!("Recall@{k}, all targets"), format!("Recall@{k}, novel targets")];
        let panels = titles.into_iter().enumerate().map(|(panel, title)| Panel {
            title,
            scale: Scale::Linear,
            // The same methods in both panels: said once.
            names: if panel == 0 {
                self.methods.iter().map(|method| method.name.clone()).collect()
            } else {
                Vec::new()
            },
            curves: self.methods.iter().map(|method| method.curve.iter().map(|point| point[panel]).collect()).collect(),
        });
        let marks = (0..=4).map(|tick| {
            let part = f64::from(tick) / 4.0;
            format!("{:.0}%", 100.0 * (self.discard + (1.0 - self.discard) * part))
        });
        Plot { across: "part of the stream".to_owned(), marks: marks.collect(), panels: panels.collect() }.svg()
    }
}
