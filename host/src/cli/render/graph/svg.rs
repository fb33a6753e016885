//! The graph as a drawing: parts in columns, each to the right of the parts that it references.
//!
//! Layers as in Sugiyama, Tagawa and Toda (1981): a part's layer is the length of the longest path to a part without
//! references; within a layer, parts are moved to the middle of their neighbors, in several sweeps back and forth.

use std::fmt::Write as _;

use console::{measure_text_width, truncate_str};

use crate::cli::render::markup::escape;
use crate::run::PartGraph;

use super::arrows::arrows;

/// Sizes in pixels.
const CHARACTER: usize = 8;
const BOX_HEIGHT: usize = 28;
const ROW: usize = 44;
const GAP: usize = 80;
const MARGIN: usize = 20;
/// Longer names are cut; the box's title contains the whole name.
const WIDEST_NAME: usize = 40;
/// Number of sweeps.
const SWEEPS: usize = 8;

pub(super) fn text(graph: &PartGraph) -> String {
    let drawing = Drawing::new(graph);
    let (width, height) = drawing.size();
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"13\">\n\
         <title>Parts and what they refer to</title>\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto-start-reverse\"><path d=\"M0 0L8 4L0 8z\" fill=\"#667\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (from, to) in arrows(graph) {
        drawing.arrow(&mut text, from, to);
    }
    for (number, part) in graph.parts.iter().enumerate() {
        drawing.part(&mut text, number, part);
    }
    text.push_str("</svg>\n");
    text
}

struct Drawing {
    /// Column of each part, and position in it.
    places: Vec<(usize, usize)>,
    /// Start of each column, and width of its boxes.
    columns: Vec<(usize, usize)>,
    rows: usize,
    /// Number of parts in each column.
    counts: Vec<usize>,
}

impl Drawing {
    fn new(graph: &PartGraph) -> Self {
        let layers = ordered(graph, layers(graph));
        let mut places = vec![(0, 0); graph.parts.len()];
        let mut columns = Vec::new();
        let mut x = MARGIN;
        for (column, layer) in layers.iter().enumerate() {
            for (row, part) in layer.iter().enumerate() {
                places[*part] = (column, row);
            }
            let widest = layer.iter().map(|part| measure_text_width(&shown(&graph.parts[*part]))).max().unwrap_or(0);
            let width = widest * CHARACTER + 20;
            columns.push((x, width));
            x += width + GAP;
        }
        let counts: Vec<usize> = layers.iter().map(Vec::len).collect();
        Self { places, columns, rows: counts.iter().copied().max().unwrap_or(0), counts }
    }

    fn size(&self) -> (usize, usize) {
        let width = self.columns.last().map_or(MARGIN, |(x, width)| x + width) + MARGIN;
        (width, self.rows.max(1) * ROW + 2 * MARGIN)
    }

    /// The box of a part: left, top, width. Columns are centered.
    fn place(&self, part: usize) -> (usize, usize, usize) {
        let (column, row) = self.places[part];
        let (x, width) = self.columns[column];
        let above = (self.rows - self.counts[column]) * ROW / 2;
        (x, MARGIN + above + row * ROW, width)
    }

    fn part(&self, text: &mut String, number: usize, part: &str) {
        let (x, y, width) = self.place(number);
        let (name, title) = (escape(&shown(part)), escape(part));
        let (middle, baseline) = (x + width / 2, y + BOX_HEIGHT / 2 + 5);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "<g><title>{title}</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" rx=\"5\" \
             fill=\"#eef3fb\" stroke=\"#567\"/><text x=\"{middle}\" y=\"{baseline}\" text-anchor=\"middle\">{name}</text></g>"
        );
    }

    fn arrow(&self, text: &mut String, from: usize, to: usize) {
        let ((x1, y1, _), (x, y2, width)) = (self.place(from), self.place(to));
        let (x2, y1, y2) = (x + width, y1 + BOX_HEIGHT / 2, y2 + BOX_HEIGHT / 2);
        let (bend1, bend2) = (x1.saturating_sub(GAP / 2), x2 + GAP / 2);
        let _ = writeln!(
            text,
            "<path d=\"M{x1} {y1}C{bend1} {y1} {bend2} {y2} {x2} {y2}\" fill=\"none\" stroke=\"#667\" \
             marker-end=\"url(#arrow)\"/>"
        );
    }
}

fn shown(part: &str) -> String {
    let line = base::source::printable_line(part);
    truncate_str(&line, WIDEST_NAME, "…").into_owned()
}

/// Parts by layer. Only references to earlier parts count, so that two parts that reference each other are harmless.
fn layers(graph: &PartGraph) -> Vec<Vec<usize>> {
    let mut layer_of: Vec<usize> = Vec::with_capacity(graph.parts.len());
    for (part, references) in graph.references.iter().enumerate() {
        layer_of.push(references.range(..part).map(|target| layer_of[*target] + 1).max().unwrap_or(0));
    }
    let mut layers = vec![Vec::new(); layer_of.iter().max().map_or(0, |last| last + 1)];
    for (part, layer) in layer_of.iter().enumerate() {
        layers[*layer].push(part);
    }
    layers
}

/// The layers, each ordered so that few arrows cross.
fn ordered(graph: &PartGraph, mut layers: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let mut neighbors = vec![Vec::new(); graph.parts.len()];
    for (from, to) in arrows(graph) {
        neighbors[from].push(to);
        neighbors[to].push(from);
    }
    let mut height = vec![0.0; graph.parts.len()];
    let note = |layer: &[usize], height: &mut Vec<f64>| {
        for (row, part) in layer.iter().enumerate() {
            height[*part] = row as f64 - layer.len() as f64 / 2.0;
        }
    };
    layers.iter().for_each(|layer| note(layer, &mut height));
    for sweep in 0..SWEEPS {
        let count = layers.len();
        for at in 0..count {
            let layer = &mut layers[if sweep % 2 == 0 { at } else { count - 1 - at }];
            let middle = |part: &usize| match neighbors[*part].len() {
                0 => height[*part],
                count => neighbors[*part].iter().map(|other| height[*other]).sum::<f64>() / count as f64,
            };
            layer.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
            note(layer, &mut height);
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::super::arrows::hostile;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_part_is_right_of_what_it_refers_to() {
        let drawing = Drawing::new(&hostile());
        assert_eq!(drawing.places.iter().map(|(column, _)| *column).collect::<Vec<_>>(), [0, 1, 2]);
        let (x, _, width) = drawing.place(0);
        assert!(drawing.place(1).0 > x + width);
    }

    #[test]
    fn parts_that_refer_to_each_other_are_drawn() {
        let parts = vec!["a".to_owned(), "b".to_owned()];
        let graph = PartGraph { parts, references: vec![BTreeSet::from([1]), BTreeSet::from([0])] };
        assert_eq!(text(&graph).matches("marker-end").count(), 2);
        let nothing = PartGraph { parts: Vec::new(), references: Vec::new() };
        assert!(text(&nothing).ends_with("</svg>\n"));
    }

    #[test]
    fn names_are_text() {
        let text = text(&hostile());
        assert!(text.contains("&lt;script&gt;`b`|#") && !text.contains("<script"), "{text}");
        assert!(text.contains("c\\u{1b}\\n%%{end") && !text.contains('\x1b'), "{text}");
    }

    #[test]
    fn arrows_do_not_cross_where_they_need_not() {
        // Two chains, whose second parts are in the opposite order.
        let parts = ["a", "b", "on-b", "on-a"].map(str::to_owned).to_vec();
        let none = BTreeSet::new;
        let graph = PartGraph { parts, references: vec![none(), none(), BTreeSet::from([1]), BTreeSet::from([0])] };
        let layers = ordered(&graph, layers(&graph));
        let row = |part: usize| layers.iter().find_map(|layer| layer.iter().position(|other| *other == part)).unwrap();
        assert_eq!((row(0), row(1)), (row(3), row(2)));
    }
}
