//! Harm that no client can do anything about, so that the oracle must see it.

use crate::figures::Figures;
use crate::oracle::{Book, Kind, audit};
use crate::servers::slots::slot_of;
use crate::stage::{Failure, Setup, Stage, total};

/// C-0: who sees nothing here sees nothing elsewhere.
pub(crate) async fn planted(setup: &Setup) -> Result<Figures, Failure> {
    let stage = Stage::start(setup.options(), |_| {}).await?;
    let load = stage.load(setup).await?;
    let mut figures = Figures::default();
    let mut books = load.stop().await?;
    audit(&stage.cluster, &mut books)?;
    figures.take(total(&mut books), false);

    let mut harm = Vec::new();
    for (number, book) in books.iter().enumerate().take(5) {
        harm.push(plant(number, book).ok_or("a task has written too little")?);
    }
    for words in &harm {
        let key = words.get(1).ok_or("each command has a key")?;
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        stage.cluster.call(stage.cluster.primary_of(slot_of(key))?, &words)?;
    }
    audit(&stage.cluster, &mut books)?;
    let seen = total(&mut books);
    let seen = (seen.lost, seen.doubled, seen.wrong.len());
    figures.note("one planted loss, two doubled writes and two foreign values were seen");
    figures.must(seen == (1, 2, 2), format!("(lost, doubled, wrong) was seen as {seen:?}"));
    Ok(figures)
}

/// The commands that do harm: a loss, two writes again, two values of others.
fn plant(number: usize, book: &Book) -> Option<Vec<String>> {
    let (list, id) = book.example(Kind::List)?;
    let words = match number {
        0 => vec!["RPOP", list],
        1 => return Some(vec!["RPUSH".into(), list.into(), book.text_of(id)]),
        2 => vec!["INCR", book.example(Kind::Count)?.0],
        3 => vec!["APPEND", book.example(Kind::Text)?.0, "another.1;"],
        _ => vec!["SET", book.example_value()?, "another=1"],
    };
    Some(words.into_iter().map(str::to_owned).collect())
}
