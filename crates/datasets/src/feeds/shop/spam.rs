//! A poison burst, as a click farm sends it.

use xxhash_rust::xxh3::xxh3_64;

use shelfmark_domain::{Event, Id, Timestamp};

use super::{ShopSettings, catalog::ShopCatalog, random::Draws};

/// Settings of a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpamSettings {
    /// Shop whose items are clicked. Only its seed and number of items matter.
    pub shop: ShopSettings,
    /// Number of clicks.
    pub clicks: u64,
    /// Time of the first click; the others follow one second apart.
    pub start: Timestamp,
}

/// Number of items that the burst promotes.
const PROMOTED: usize = 5;

/// Draws a burst of clicks of one source: user and session `spam-bot`, context `source:spam`. Every other click is on a
/// random item, the ones between on one of five items that the source promotes, so that these five come to
/// follow everything (a random-filler attack, Lam & Riedl 2004).
pub fn spam(settings: SpamSettings) -> impl Iterator<Item = Event> {
    let ShopSettings { seed, items, .. } = settings.shop;
    let items = items.clamp(24, 1_000_000);
    let catalog = ShopCatalog::new(seed, items);
    let mut draws = Draws::new(seed, "spam", 0);
    let promoted: Vec<usize> = (0..PROMOTED).map(|_| draws.place(items)).collect();
    let identity = xxh3_64(format!("{seed} {items} {}", settings.start.micros()).as_bytes());
    let bot = Id::new("user", "spam-bot").expect("letters and a dash are an id");
    (0..settings.clicks).map(move |number| {
        let item = if number % 2 == 0 { draws.place(items) } else { *draws.one_of(&promoted) };
        let after = i64::try_from(number).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let id = format!("s-{identity:016x}-{number}");
        Event {
            event_id: Id::new("event_id", &id).expect("letters, digits and dashes are an id"),
            user: Some(bot.clone()),
            session: Some(bot.clone()),
            item: catalog.id(item).clone(),
            kind: "click".to_owned(),
            value: None,
            ts: Timestamp::from_micros(settings.start.micros().saturating_add(after)).unwrap_or(Timestamp::MAX),
            context: vec!["source:spam".to_owned()],
            recommendation_id: None,
            properties: None,
        }
    })
}
