//! Tables that the example prints.

use std::{collections::BTreeSet, io::Write};

use shelfmark_domain::{ExcludeSeen, Id, Item, Query, ScoredItem};
use shelfmark_evaluation::Stream;

use super::{
    choice::{Newcomer, Pair, events_by_user},
    shelf::{Learned, Shelf},
};
use crate::{
    table::{Table, cut, grouped, heading, say},
    vectors::{cosine, distance},
};

/// Things of a history, and of a list.
const LATEST: usize = 5;
const SHOWN: usize = 6;
/// Neighbours of a product.
const NEAREST: usize = 8;
/// Width of a title where two stand side by side.
const TITLE: usize = 45;
/// Users that a newcomer is held against, at most.
const NEWCOMER_USERS_MAX: usize = 200;

/// Everything.
pub fn all(
    stream: &Stream,
    origin: &str,
    learned: &Learned,
    pair: &Pair,
    newcomer: Option<&Newcomer>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let users = events_by_user(&stream.events).len();
    let [events, users, items] = [stream.events.len(), users, learned.shelf.items()].map(grouped);
    say(out, &format!("{origin}: {events} events of {users} users with {items} products."))?;
    quality(learned, out)?;
    shoppers(stream, &learned.shelf, pair, out)?;
    beside(&learned.shelf, pair, out)?;
    one_click(&learned.shelf, pair, out)?;
    match newcomer {
        Some(newcomer) => unmet(&learned.shelf, newcomer, out),
        None => Ok(say(out, "No product with a title was met by ten users, so none was held back.")?),
    }
}

fn quality(learned: &Learned, out: &mut dyn Write) -> anyhow::Result<()> {
    heading(out, "How well was it learned? (test-then-train: each basket is ranked, then learned)")?;
    let mut table = Table::new(["method", "Recall@20", "MRR@20", "new to the user: Recall@20", "MRR@20"]);
    for method in &learned.methods {
        let [all, novel] = [method.stats.whole.all, method.stats.whole.novel]
            .map(|sums| [sums.recall(), sums.mrr()].map(|figure| format!("{figure:.4}")));
        let ([recall, mrr], [novel_recall, novel_mrr]) = (all, novel);
        table.row([method.name.to_owned(), recall, mrr, novel_recall, novel_mrr]);
    }
    Ok(write!(out, "{table}")?)
}

/// What a user is shown: things that are new to them.
fn list(shelf: &Shelf, user: &Id) -> Vec<ScoredItem> {
    shelf.recommended(user, SHOWN, ExcludeSeen::All)
}

fn titles(shelf: &Shelf, items: &[ScoredItem]) -> Vec<String> {
    items.iter().map(|scored| cut(&shelf.title(&scored.id), TITLE)).collect()
}

/// Two columns of titles.
fn side_by_side(headings: [&str; 2], left: &[String], right: &[String]) -> Table {
    let mut table = Table::new(headings);
    for place in 0..left.len().max(right.len()) {
        table.row([left, right].map(|column| column.get(place).cloned().unwrap_or_default()));
    }
    table
}

fn shoppers(stream: &Stream, shelf: &Shelf, pair: &Pair, out: &mut dyn Write) -> anyhow::Result<()> {
    let [a, b] = &pair.users;
    heading(out, &format!("Two users who both know {:?}: what they did last", shelf.title(&pair.item)))?;
    let events = events_by_user(&stream.events);
    let [latest_a, latest_b] = pair.users.each_ref().map(|user| {
        let mut met = BTreeSet::new();
        let latest = events[user].iter().rev().filter(|event| met.insert(&event.item)).take(LATEST);
        latest.map(|event| cut(&format!("{} {}", event.kind, shelf.title(&event.item)), TITLE)).collect::<Vec<_>>()
    });
    let names = pair.users.each_ref().map(|user| format!("{user} ({} events)", events[user].len()));
    write!(out, "{}", side_by_side([&names[0], &names[1]], &latest_a, &latest_b))?;
    heading(out, "What each is recommended, of what is new to them")?;
    let [list_a, list_b] = pair.users.each_ref().map(|user| titles(shelf, &list(shelf, user)));
    write!(out, "{}", side_by_side([a.as_str(), b.as_str()], &list_a, &list_b))?;
    let (vector_a, vector_b) = (shelf.user_vector(a), shelf.user_vector(b));
    let (apart, angle) = (distance(&vector_a, &vector_b), cosine(&vector_a, &vector_b));
    Ok(say(out, &format!("Their vectors: distance {apart:.2}, cosine {angle:.2}."))?)
}

/// The neighbours of the product, and where they come for each user who has just clicked on it.
fn beside(shelf: &Shelf, pair: &Pair, out: &mut dyn Write) -> anyhow::Result<()> {
    let [a, b] = &pair.users;
    let title = shelf.title(&pair.item);
    heading(out, &format!("Nearest to {title:?}, and their places for each who has just clicked on it"))?;
    let clicked = [shelf.after_click(a, &pair.item)?, shelf.after_click(b, &pair.item)?];
    let [list_a, list_b] =
        [0, 1].map(|who| clicked[who].recommended(&pair.users[who], Query::LIMIT_MAX, ExcludeSeen::No));
    let mut table = Table::new(["product", "cosine", &format!("for {a}"), &format!("for {b}")]);
    for near in shelf.similar(&pair.item, NEAREST) {
        let place = |list: &[ScoredItem]| match list.iter().position(|scored| scored.id == near.id) {
            Some(place) => (place + 1).to_string(),
            None => format!("> {}", list.len()),
        };
        let title = cut(&shelf.title(&near.id), TITLE + 10);
        table.row([title, format!("{:.2}", near.score), place(&list_a), place(&list_b)]);
    }
    write!(out, "{table}")?;
    let shown = format!("Places among all {} products. The cosine is the same for everybody.", grouped(shelf.items()));
    say(out, &shown)?;
    heading(out, &format!("What each is recommended after a click on {title:?}"))?;
    let [after_a, after_b] = [0, 1].map(|who| titles(&clicked[who], &list(&clicked[who], &pair.users[who])));
    write!(out, "{}", side_by_side([a.as_str(), b.as_str()], &after_a, &after_b))?;
    let [before, after] = [[shelf, shelf], clicked.each_ref()]
        .map(|shelves| cosine(&shelves[0].user_vector(a), &shelves[1].user_vector(b)));
    Ok(say(out, &format!("The click brought their vectors from cosine {before:.2} to {after:.2}."))?)
}

/// The first user clicks on what the second one would have been shown first.
fn one_click(shelf: &Shelf, pair: &Pair, out: &mut dyn Write) -> anyhow::Result<()> {
    let [a, b] = &pair.users;
    let Some(item) = list(shelf, b).into_iter().next().map(|first| first.id) else {
        return Ok(say(out, &format!("{b} knows everything already."))?);
    };
    let after = shelf.after_click(a, &item)?;
    heading(out, &format!("One click of {a} on {:?}, which {b} is shown first", shelf.title(&item)))?;
    let before_list = list(shelf, a);
    let known: BTreeSet<Id> = before_list.iter().map(|scored| scored.id.clone()).collect();
    let after_list: Vec<String> = list(&after, a)
        .iter()
        .map(|scored| {
            let new = if known.contains(&scored.id) { ' ' } else { '*' };
            format!("{new} {}", cut(&after.title(&scored.id), TITLE - 2))
        })
        .collect();
    let headings = [&format!("{a} before"), &*format!("  {a} after (* new in the list)")];
    write!(out, "{}", side_by_side(headings, &titles(shelf, &before_list), &after_list))?;
    let mut table = Table::new(["vector of", "distance moved", "cosine with before"]);
    for (name, from, to) in [
        (a.to_string(), shelf.user_vector(a), after.user_vector(a)),
        (b.to_string(), shelf.user_vector(b), after.user_vector(b)),
        (cut(&shelf.title(&item), TITLE), shelf.item_vector(&item), after.item_vector(&item)),
    ] {
        table.row([name, format!("{:.4}", distance(&from, &to)), format!("{:.4}", cosine(&from, &to))]);
    }
    writeln!(out)?;
    Ok(write!(out, "{table}")?)
}

/// A product that no event names.
fn unmet(shelf: &Shelf, newcomer: &Newcomer, out: &mut dyn Write) -> anyhow::Result<()> {
    let title = shelf.title(&newcomer.item.id);
    heading(out, &format!("A product before its first event: {title:?}. Nearest by its title and other metadata"))?;
    let mut table = Table::new(["product", "cosine"]);
    for near in shelf.similar(&newcomer.item.id, LATEST) {
        table.row([cut(&shelf.title(&near.id), TITLE + 10), format!("{:.2}", near.score)]);
    }
    write!(out, "{table}")?;
    let twin = Item::bare(Id::new("item", "the same without a title")?);
    let with_twin = shelf.with_item(&twin);
    let users: Vec<&Id> =
        newcomer.users.iter().filter(|user| shelf.knows_user(user.as_str())).take(NEWCOMER_USERS_MAX).collect();
    let median = |item: &Id| median_place(&with_twin, &users, item);
    Ok(say(
        out,
        &format!(
            "Its events were held back. For {} users who met it in them it comes at place {} of {} (the median); an item \
             without metadata would come at {}.",
            users.len(),
            median(&newcomer.item.id),
            grouped(shelf.items()),
            median(&twin.id)
        ),
    )?)
}

/// The median of an item's places in the users' lists, as text: lists end at [`Query::LIMIT_MAX`].
fn median_place(shelf: &Shelf, users: &[&Id], item: &Id) -> String {
    let mut places: Vec<usize> = users.iter().map(|user| shelf.place(user, item).unwrap_or(usize::MAX)).collect();
    places.sort_unstable();
    match places.get(places.len() / 2) {
        Some(&usize::MAX) => format!("more than {}", grouped(Query::LIMIT_MAX)),
        Some(place) => place.to_string(),
        None => "none".to_owned(),
    }
}
