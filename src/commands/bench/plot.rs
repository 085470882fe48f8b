//! Curves of latency over time, as SVG.

use shelfmark_evaluation::svg_plot::{Panel, Plot, Scale};

use shelfmark_loadgen::{LoadReport, PieceReport, PieceRequests, Quantiles};

/// Draws response times of each kind of request, and the outcome of recommendations.
pub fn svg(report: &LoadReport) -> String {
    let pieces: Vec<&PieceReport> = report.steps.iter().flat_map(|step| &step.pieces).collect();
    let end = pieces.last().map_or(0.0, |piece| piece.at_s + piece.seconds);
    let marks = (0..=4).map(|tick| format!("{:.1}", end * f64::from(tick) / 4.0));
    let mut panels = Vec::new();
    if report.steps.iter().any(|step| step.recommendations.is_some()) {
        panels.push(latency("recommendations", &pieces, |piece| &piece.recommendations));
        panels.push(rates(&pieces));
    }
    if report.steps.iter().any(|step| step.events.is_some()) {
        panels.push(latency("events", &pieces, |piece| &piece.events));
    }
    Plot { across: "seconds, by when requests were due".to_owned(), marks: marks.collect(), panels }.svg()
}

fn latency(what: &str, pieces: &[&PieceReport], of: fn(&PieceReport) -> &PieceRequests) -> Panel {
    let curve = |quantile: fn(&Quantiles) -> f64| {
        pieces.iter().map(|piece| of(piece).response_ms.as_ref().map(quantile)).collect::<Vec<_>>()
    };
    Panel {
        title: format!("Response time of {what}, ms"),
        scale: Scale::Powers,
        names: ["p99", "p50", "max"].map(str::to_owned).to_vec(),
        curves: vec![curve(|q| q.p99), curve(|q| q.p50), curve(|q| q.max)],
    }
}

fn rates(pieces: &[&PieceReport]) -> Panel {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let curve = |count: fn(&PieceRequests) -> u64| {
        pieces.iter().map(|piece| Some(count(&piece.recommendations) as f64 / piece.seconds.max(1e-3))).collect()
    };
    Panel {
        title: "Recommendations a second".to_owned(),
        scale: Scale::Linear,
        names: ["answered", "refused", "failed or not sent"].map(str::to_owned).to_vec(),
        curves: vec![curve(|p| p.answered), curve(|p| p.refused), curve(|p| p.lost)],
    }
}
