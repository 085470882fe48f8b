//! The table at the end.

use serde_json::{Map, Value, json};

#[derive(Default)]
pub struct Report {
    lines: Vec<(String, String, String)>,
    json: Map<String, Value>,
}

impl Report {
    /// A rate beside its ceiling; the bar is the share that is to be reached.
    pub fn rate(&mut self, name: &str, unit: &str, rate: f64, ceiling_name: &str, ceiling: f64) {
        let share = rate / ceiling;
        let beside = format!("{ceiling_name}: {ceiling:.0}; share {:.1}%", share * 100.0);
        self.lines.push((name.to_owned(), format!("{rate:.0} {unit}"), beside));
        self.json.insert(name.to_owned(), json!({ "unit": unit, "rate": rate, "ceiling": ceiling, "share": share }));
    }

    /// Anything else.
    pub fn figure(&mut self, name: &str, text: String, beside: &str, value: Value) {
        self.lines.push((name.to_owned(), text, beside.to_owned()));
        self.json.insert(name.to_owned(), value);
    }

    /// Says what is going on, on standard error.
    pub fn step(text: &str) {
        eprintln!("bench: {text}");
    }

    pub fn print(&self) {
        let width = |column: fn(&(String, String, String)) -> &String| {
            self.lines.iter().map(|line| column(line).chars().count()).max().unwrap_or(0)
        };
        let (first, second) = (width(|line| &line.0), width(|line| &line.1));
        for (name, figure, beside) in &self.lines {
            println!("{name:first$}  {figure:second$}  {beside}");
        }
        println!("{}", Value::Object(self.json.clone()));
    }
}
