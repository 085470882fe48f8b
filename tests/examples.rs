//! Goal: what the examples say of words and shoppers is so. Method: their own code on the data that they make up when
//! none is given; claims about the figures behind the tables, and about the text that people see.

#[path = "../examples/data/mod.rs"]
mod data;
#[path = "../examples/domains/mod.rs"]
mod domains;
#[path = "examples_page/mod.rs"]
mod page;
#[path = "../examples/senses/mod.rs"]
mod senses;
#[expect(dead_code, reason = "the commands end by it, tests do not")]
#[path = "../examples/table/mod.rs"]
mod table;
#[path = "../examples/tastes/mod.rs"]
mod tastes;
#[path = "../examples/vectors/mod.rs"]
mod vectors;
#[path = "../examples/words/mod.rs"]
mod words;

use clap::Parser;
use shelfmark_domain::{ExcludeSeen, Id, Item, ModelConfig, Query};
use shelfmark_evaluation::Stream;
use tastes::{
    choice::{Newcomer, Pair, events_by_user, hold_back_newcomer},
    shelf::Learned,
};
use words::{choice, made, study::Study};

/// The subject that both made-up domains share; their other common words stand beside different ones.
const ALIKE: &str = "report published committee annual meeting january year page editor chapter author letter";

fn is_alike(moved: &choice::Moved) -> bool {
    ALIKE.split(' ').any(|word| word == moved.word.as_str())
}

fn study(own: usize) -> Study {
    let config = ModelConfig { dim: 64, ..ModelConfig::default() };
    Study::new(made::texts(), own, &config, &config).expect("texts long enough")
}

fn mean(figures: impl Iterator<Item = f32>) -> f32 {
    let figures: Vec<f32> = figures.collect();
    figures.iter().sum::<f32>() / figures.len() as f32
}

#[test]
fn a_word_that_the_domains_use_differently_changes_its_neighbours_more_than_one_they_share() {
    let study = study(0);
    for own in [0, 1] {
        let moved = choice::of_both(&study, own);
        let (alike, ambiguous): (Vec<_>, Vec<_>) = moved.iter().partition(|moved| is_alike(moved));
        assert_eq!((alike.len(), ambiguous.len()), (12, 10));
        let shift = |words: &[&choice::Moved]| mean(words.iter().map(|moved| moved.to[own].shift));
        let kept = |words: &[&choice::Moved]| mean(words.iter().map(|moved| moved.to[own].kept as f32));
        println!(
            "text {own}: shift {} and {}, kept {} and {}",
            shift(&ambiguous),
            shift(&alike),
            kept(&ambiguous),
            kept(&alike)
        );
        assert!(shift(&ambiguous) > 5.0 * shift(&alike));
        assert!(kept(&ambiguous) < kept(&alike) - 1.0);
        // The most moved words are those to look at.
        assert!(moved[..5].iter().all(|moved| !is_alike(moved)));
    }
}

#[test]
fn a_fork_knows_its_own_domain_better_than_its_base_and_than_the_other_fork() {
    for own in [0, 1] {
        let study = study(own);
        let [scratch, base, fork] = [study.scratch_quality(), study.base_quality(), study.fork_quality(own)];
        let [scratch, base, fork] = [scratch, base, fork].map(|quality| quality.of[own]);
        println!("text {own}: {:.4} {:.4} {:.4}", scratch.recall(), base.recall(), fork.recall());
        assert_eq!(scratch.targets, fork.targets);
        assert_eq!(base.targets, fork.targets);
        // What begins empty does as well: the made-up sentences are simple, and there are enough of them.
        assert!(fork.recall() > base.recall());
        // It gained more there than the other domain's fork did.
        assert!(fork.recall() > study.fork_quality(1 - own).of[own].recall());
    }
}

/// `|a - b|^2 = |a|^2 + |b|^2 - 2 |a| |b| cos`, for every word, fork and figure that is shown.
#[test]
fn distances_and_cosines_of_before_and_after_add_up() {
    let study = study(0);
    let norm = |vector: &[f32]| vector.iter().map(|x| x * x).sum::<f32>();
    for moved in choice::of_both(&study, 0) {
        let before = norm(&study.base.vector(&moved.word));
        for (fork, to) in study.forks.iter().zip(&moved.to) {
            let after = norm(&fork.vector(&moved.word));
            let expected = before + after - 2.0 * (before * after).sqrt() * to.cosine;
            // The difference of squares of some 10 in f32.
            assert!((to.distance.powi(2) - expected).abs() < 1e-4, "{}: {to:?} {expected}", moved.word);
            assert!(to.distance > 0.0 && to.kept <= 10 && (0.0..=2.0).contains(&to.shift));
        }
    }
}

#[test]
fn the_same_word_leads_elsewhere_after_words_of_another_domain() {
    let study = study(0);
    let texts = made::texts();
    for moved in choice::of_both(&study, 0).iter().filter(|moved| !is_alike(moved)) {
        for (own, text) in texts.iter().enumerate() {
            let history = words::tables::history(&study, own, &moved.word);
            assert_eq!(history.last(), Some(&moved.word));
            let next = study.base.next(&history, 5);
            let other = texts[1 - own].counts();
            let foreign = next.iter().filter(|next| other.contains_key(&next.id)).count();
            let known = next.iter().filter(|next| text.counts().contains_key(&next.id)).count();
            assert!(known > foreign, "{history:?} leads to {next:?}");
        }
    }
}

fn shop() -> (Stream, Learned, Newcomer) {
    let config = ModelConfig { dim: 64, ..ModelConfig::default() };
    let mut stream = tastes::generated(&config);
    let newcomer = hold_back_newcomer(&mut stream).expect("the shop's items have titles");
    let learned = Learned::new(&stream, config).expect("a stream without restore records");
    (stream, learned, newcomer)
}

/// Goal: two users differ, and meet where they click on one thing. Method: their lists and vectors before and after the
/// click that each makes in a fork of its own.
#[test]
fn two_users_see_different_lists_and_one_click_moves_the_clicker_and_hardly_the_other() {
    let (stream, learned, _) = shop();
    let shelf = &learned.shelf;
    let pair = Pair::choose(&stream, shelf, &[], None).expect("many users know one product");
    let [a, b] = &pair.users;
    let events = events_by_user(&stream.events);
    for user in &pair.users {
        assert!(events[user].iter().any(|event| event.item == pair.item), "{user} does not know {}", pair.item);
    }
    let list = |user: &Id| {
        let list = shelf.recommended(user, 20, ExcludeSeen::All);
        list.into_iter().map(|scored| scored.id).collect::<Vec<Id>>()
    };
    let (list_a, list_b) = (list(a), list(b));
    let shared = list_a.iter().filter(|item| list_b.contains(item)).count();
    assert!(shared < 10, "{shared} of 20 are shared");

    let clicked = list_b[0].clone();
    let after = shelf.after_click(a, &clicked).expect("a click is learned");
    let moved = |user: &Id| vectors::distance(&shelf.user_vector(user), &after.user_vector(user));
    println!("moved {} and {}, shared {shared}", moved(a), moved(b));
    assert!(moved(a) > 10.0 * moved(b));
    // The clicker turns towards the other, and to what was clicked on.
    let towards = |from: &[f32], to: &[f32]| vectors::cosine(from, to);
    assert!(
        towards(&after.user_vector(a), &after.user_vector(b)) > towards(&shelf.user_vector(a), &shelf.user_vector(b))
    );
    let item = shelf.item_vector(&clicked);
    assert!(towards(&after.user_vector(a), &item) > towards(&shelf.user_vector(a), &item));
    // The fork is one: the shelf it came from is as it was.
    assert_eq!(list(a), list_a);
}

#[test]
fn a_product_without_an_event_stands_by_its_title_before_one_without_a_title() {
    let (stream, learned, newcomer) = shop();
    assert!(stream.events.iter().all(|event| event.item != newcomer.item.id));
    let category = newcomer.item.categories.first().expect("the shop's items have one");
    let by_id = |id: &Id| stream.items.iter().find(|item| item.id == *id).expect("listed");
    let near = learned.shelf.similar(&newcomer.item.id, 5);
    let alike = near.iter().filter(|near| by_id(&near.id).categories.contains(category)).count();
    assert!(alike >= 4, "{alike} of 5 are of its category");

    let twin = Item::bare(Id::new("item", "twin").expect("an id"));
    let shelf = learned.shelf.with_item(&twin);
    let users: Vec<&Id> = newcomer.users.iter().filter(|user| shelf.knows_user(user.as_str())).collect();
    let place = |user: &Id, item: &Id| shelf.place(user, item).unwrap_or(Query::LIMIT_MAX);
    let first = users.iter().filter(|user| place(user, &newcomer.item.id) < place(user, &twin.id)).count();
    println!("before the twin for {first} of {}", users.len());
    assert!(users.len() >= 10 && first * 4 >= users.len() * 3);
}

#[test]
fn the_tables_of_the_shop_fit_100_columns_and_keep_to_what_was_asked_for() {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: tastes::Args,
    }
    let args = Line::parse_from(["shop", "--dim", "16", "--users", "shopper-0000,shopper-0001"]).args;
    let mut out = Vec::new();
    tastes::run(&args, &mut out).expect("two users who came often share a product");
    let text = String::from_utf8(out).expect("text");
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(table::WIDTH), "{longest:?}\n{text}");
    for expected in ["shopper-0000", "shopper-0001", "generated", "\n  popularity", "before its first event"] {
        assert!(text.contains(expected), "{expected:?}\n{text}");
    }
    for (wrong, named) in [(vec!["nobody", "shopper-0001"], "nobody"), (vec!["shopper-0001"], "--users")] {
        let args = tastes::Args { users: wrong.into_iter().map(str::to_owned).collect(), ..args.clone() };
        let refused = tastes::run(&args, &mut Vec::new()).expect_err("refused").to_string();
        assert!(refused.contains(named), "{refused}");
    }
}

#[test]
fn the_tables_of_words_fit_100_columns_and_show_the_words_that_were_asked_for() {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: words::Args,
    }
    let args = Line::parse_from(["finance", "--dim", "32", "--words", "Volume, report"]).args;
    let mut out = Vec::new();
    words::run(0, &args, &mut out).expect("made-up texts are always there");
    let text = String::from_utf8(out).expect("text");
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(table::WIDTH), "{longest:?}\n{text}");
    for expected in ["\n  volume ", "\n  report ", "the base, then medicine", "made-up"] {
        assert!(text.contains(expected), "{expected:?}\n{text}");
    }
    let unknown = words::Args { words: vec!["nonesuch".to_owned()], ..args };
    let refused = words::run(0, &unknown, &mut Vec::new()).expect_err("no such word").to_string();
    assert!(refused.contains("--words") && refused.contains("nonesuch"), "{refused}");
}

/// Goal: transfer is worth something where it can be. Method: one category of the generated shop, that the base has not
/// seen.
#[test]
fn a_fork_knows_a_new_category_sooner_than_an_empty_model_and_learns_what_its_base_does_not() {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: domains::Args,
    }
    let config = ModelConfig { dim: 16, ..ModelConfig::default() };
    let split = domains::split::Split::new(data::generated(40_000, &config), None).expect("items have categories");
    let own: Vec<&Id> = split.own.items.iter().map(|item| &item.id).collect();
    assert!(split.own.events.iter().all(|event| own.contains(&&event.item)));
    assert!(split.base.events.iter().all(|event| !own.contains(&&event.item)), "the base has seen the domain");
    let study = domains::study::Study::new(&split, &config, &config).expect("a stream without restore records");
    let [first, later] = [0, 1].map(|place| study.learners.each_ref().map(|learner| learner.found[place].recall()));
    println!("{:?} {first:?} {later:?}", split.part);
    let [scratch, _, fork] = first;
    assert!(fork > scratch, "within 100 events: {first:?}");
    let [_, still, fork] = later;
    assert!(fork > still, "within 1,000 events: {later:?}");

    let args = Line::parse_from(["transfer", "--dim", "16", "--events", "30000", "--pull", "0.01"]).args;
    let mut out = Vec::new();
    domains::run(&args, &mut out).expect("a generated shop is always there");
    let text = String::from_utf8(out).expect("text");
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(table::WIDTH), "{longest:?}\n{text}");
    for expected in ["fork of the base", "1,000 events", "withdrawn"] {
        assert!(text.contains(expected), "{expected:?}\n{text}");
    }
    let unknown = domains::Args { part: Some("nonesuch".to_owned()), ..args };
    let refused = domains::run(&unknown, &mut Vec::new()).expect_err("no such part").to_string();
    assert!(refused.contains("--part") && refused.contains("nonesuch"), "{refused}");
}

/// Goal: a fork that learned finance plainly forgets what the bare word meant, and one that learned it in contexts does
/// not.
#[test]
fn contexts_keep_the_other_sense_of_a_word_that_plain_learning_takes_over() {
    use senses::study::{Study, Way};
    let config = ModelConfig { dim: 64, pull: 1.0, ..ModelConfig::default() };
    let study = Study::new(&config, 4000).expect("streams without restore records");
    for case in &study.cases {
        let word = case.word();
        let alone = |way: Way| {
            let count = |known: &senses::study::Known| known.own_next(&case.kept, std::slice::from_ref(&word));
            (count(case.base(way)), count(case.fork(way)))
        };
        let (plain, contexts) = (alone(Way::Plain), alone(Way::Contexts));
        println!("{word}: {plain:?} {contexts:?}");
        assert!(plain.0 >= 7 && plain.1 <= 2, "plain learning forgets {word}: {plain:?}");
        assert!(contexts.0 >= 7 && contexts.1 >= 8, "contexts keep {word}: {contexts:?}");
        // With its sense beside it the word is understood either way, and so is the sense that was learned.
        for way in Way::ALL {
            assert!(case.fork(way).own_next(&case.kept, &case.kept.sense()) >= 9, "{}", way.name());
            assert!(case.fork(way).own_next(&case.learned, &case.learned.sense()) >= 9, "{}", way.name());
        }
        // The word went to the domain that was learned, and less far with a pull.
        let near = |known: &senses::study::Known| senses::study::of_domain(&case.learned, &known.neighbours(&word));
        let [plain, pulled] = [Way::Plain, Way::Pull].map(|way| near(case.fork(way)));
        assert!(plain > near(case.base(Way::Plain)) && pulled < plain, "{word}: {plain} {pulled}");
    }
}
