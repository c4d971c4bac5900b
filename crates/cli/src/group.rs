//! `headwater group`: consumer groups, looked at and mended.
//!
//! Why: on a bad day somebody asks how far a group is behind, what it set aside and why, and then has it
//! delivered again, gives it up, or sets the group to another place. A running server is asked; a
//! directory is opened only if no process has it.

mod shown;

use crate::args::{
    CreateGroup, Group, GroupCommand, GroupParked, GroupReplay, GroupSeek, GroupSkip, OneGroup,
    Output, Place, Where,
};
use crate::output::Printer;
use crate::store;
use crate::stream::each;
use anyhow::Context as _;
use headwater_model::{
    Category, Checkpoint, ConsumerGroups, EventStore, EventType, GroupName, GroupSettings,
    Position, Query, QueryItem, Seek, Start, StreamName, Tag, limits,
};
use serde_json::json;
use shown::{checkpoint_text, group_json, group_lines, parked_json, parked_text, row};
use std::sync::Arc;

pub(crate) async fn run(group: &Group, output: Output) -> anyhow::Result<()> {
    let mut printer = Printer::new(output);
    match &group.command {
        GroupCommand::Ls(ls) => list(&ls.place, &mut printer).await?,
        GroupCommand::Show(one) => show(one, &mut printer).await?,
        GroupCommand::Create(create) => make(create, &mut printer).await?,
        GroupCommand::Delete(one) => delete(one, &mut printer).await?,
        GroupCommand::Parked(parked) => list_parked(parked, &mut printer).await?,
        GroupCommand::Replay(again) => replay(again, &mut printer).await?,
        GroupCommand::Skip(give_up) => skip(give_up, &mut printer).await?,
        GroupCommand::Seek(to) => seek(to, &mut printer).await?,
    }
    Ok(printer.flush()?)
}

/// The context of a group.
struct Opened(Arc<dyn EventStore>);

impl Opened {
    async fn at(place: &Place) -> anyhow::Result<Self> {
        Ok(Self(store::existing_context(place).await?))
    }

    fn groups(&self) -> anyhow::Result<&dyn ConsumerGroups> {
        self.0.consumer_groups().context("this store has no consumer groups")
    }

    /// A position, in the history that there is.
    async fn checkpoint(&self, position: Position) -> anyhow::Result<Checkpoint> {
        let (incarnation, _) = self.0.head().await?;
        Ok(Checkpoint { incarnation, position })
    }
}

fn name(text: &str) -> anyhow::Result<GroupName> {
    Ok(GroupName::new(text.to_owned())?)
}

async fn list(place: &Place, printer: &mut Printer) -> anyhow::Result<()> {
    let groups = Opened::at(place).await?.groups()?.groups().await?;
    if groups.is_empty() {
        return Ok(printer.say("there are no groups")?);
    }
    let wide = groups.iter().map(|group| group.name.as_str().chars().count()).max().unwrap_or(0);
    let wide = wide.max(12);
    printer.say(&row(wide, ["GROUP", "LAG", "IN FLIGHT", "PARKED", "MEMBERS", "CHECKPOINT"]))?;
    for group in &groups {
        let [lag, out, parked] = [group.lag_count, group.in_flight_count, group.parked_count]
            .map(|count| count.to_string());
        let members = group.members.len().to_string();
        let checkpoint = checkpoint_text(group.checkpoint);
        let cells = [group.name.as_str(), &lag, &out, &parked, &members, &checkpoint];
        printer.line(&row(wide, cells), &group_json(group))?;
    }
    Ok(())
}

async fn show(one: &OneGroup, printer: &mut Printer) -> anyhow::Result<()> {
    let group = Opened::at(&one.place).await?.groups()?.group(name(&one.group)?).await?;
    Ok(printer.line(&group_lines(&group), &group_json(&group))?)
}

async fn make(create: &CreateGroup, printer: &mut Printer) -> anyhow::Result<()> {
    let context = Opened::at(&create.place).await?;
    let start = match create.start {
        Where::Beginning => Start::Beginning,
        Where::Now | Where::Time(_) => Start::Now,
        Where::After(position) => Start::After(context.checkpoint(position).await?),
    };
    let (name, groups) = (name(&create.group)?, context.groups()?);
    groups.create_group(name.clone(), settings(create)?, start).await?;
    let made = groups.group(name).await?;
    let text = format!("group {} is there: it goes on behind {}", made.name, {
        checkpoint_text(made.checkpoint)
    });
    Ok(printer.line(&text, &group_json(&made))?)
}

/// What was said, and the rest as usual.
fn settings(create: &CreateGroup) -> anyhow::Result<GroupSettings> {
    let item = QueryItem {
        streams: each(&create.streams, StreamName::system).context("--stream")?,
        types: each(&create.types, EventType::new).context("--type")?,
        categories: each(&create.categories, Category::new).context("--category")?,
        tags: each(&create.tags, Tag::new).context("--tag")?,
        ..QueryItem::default()
    };
    let source = if item == QueryItem::default() { Query::all() } else { item.into() };
    let usual = GroupSettings::over(source);
    Ok(GroupSettings {
        key: create.key.clone(),
        ack_wait_ms: create.ack_wait_ms.unwrap_or(usual.ack_wait_ms),
        lease_ms: create.lease_ms.unwrap_or(usual.lease_ms),
        attempts_max: create.attempts_max.unwrap_or(usual.attempts_max),
        in_flight_count_max: create.in_flight_count_max.unwrap_or(usual.in_flight_count_max),
        member_count_max: create.member_count_max.unwrap_or(usual.member_count_max),
        ..usual
    })
}

async fn delete(one: &OneGroup, printer: &mut Printer) -> anyhow::Result<()> {
    let name = name(&one.group)?;
    Opened::at(&one.place).await?.groups()?.delete_group(name.clone()).await?;
    Ok(printer.line(&format!("group {name} is deleted"), &json!({ "group": name }))?)
}

async fn list_parked(parked: &GroupParked, printer: &mut Printer) -> anyhow::Result<()> {
    let context = Opened::at(&parked.place).await?;
    let (name, groups) = (name(&parked.group)?, context.groups()?);
    let (mut after, mut left) = (None, parked.limit);
    while left > 0 {
        let count = left.min(limits::GROUP_PARKED_PAGE_COUNT_MAX);
        let page = groups.parked(name.clone(), after, count).await?;
        for event in &page {
            printer.line(&parked_text(event), &parked_json(event))?;
        }
        left -= page.len();
        match page.last().filter(|_| page.len() == count) {
            Some(last) => after = Some(last.position),
            None if left == parked.limit => return Ok(printer.say("nothing is parked")?),
            None => break,
        }
    }
    printer
        .say("\nMend the cause and have them delivered again; or say why they do not matter:\n")?;
    printer.say(&format!("  headwater group replay {name} POSITION"))?;
    printer.say(&format!("  headwater group skip {name} POSITION --why '…'"))?;
    Ok(())
}

async fn replay(again: &GroupReplay, printer: &mut Printer) -> anyhow::Result<()> {
    let (name, part) = (name(&again.group)?, again.part.part());
    let count = Opened::at(&again.place).await?.groups()?.replay_parked(name.clone(), part).await?;
    let text = format!("{count} parked of group {name} will be delivered again");
    Ok(printer.line(&text, &json!({ "group": name, "count": count }))?)
}

async fn skip(give_up: &GroupSkip, printer: &mut Printer) -> anyhow::Result<()> {
    let (name, part) = (name(&give_up.group)?, give_up.part.part());
    let reason = give_up.why.clone().into();
    let context = Opened::at(&give_up.place).await?;
    let count = context.groups()?.skip_parked(name.clone(), part, reason).await?;
    let text = format!("{count} parked of group {name} are given up");
    Ok(printer.line(&text, &json!({ "group": name, "count": count }))?)
}

async fn seek(seek: &GroupSeek, printer: &mut Printer) -> anyhow::Result<()> {
    let context = Opened::at(&seek.place).await?;
    let to = match seek.to {
        Where::Beginning => Seek::Beginning,
        Where::Now => Seek::Now,
        Where::Time(instant) => Seek::Time(instant),
        Where::After(position) => Seek::After(context.checkpoint(position).await?),
    };
    let name = name(&seek.group)?;
    let checkpoint = context.groups()?.seek_group(name.clone(), to).await?;
    let text = format!("group {name} goes on behind {}", checkpoint_text(checkpoint));
    Ok(printer.line(&text, &json!({ "group": name, "checkpoint": checkpoint }))?)
}
