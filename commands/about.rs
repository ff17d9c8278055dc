//! `opsctl about`: where am I?

use clap_complete::ArgValueCandidates as Names;
use opsctl::{
    Exit, Result,
    about::{self, About, PATIENCE, Request},
    config::describe::Standing,
};
use serde_json::json;

use crate::{
    app::App,
    cli::told,
    complete,
    safety::Class,
    ui::{FACTS, View, items, leaders, rows},
    variables::Topic,
    verb::{Artisan, Example, Prints, Verb},
};

/// What the verb says about itself.
pub const VERBS: &[Verb] = &[Verb {
    words: "about",
    class: Class::Read,
    destructive_with: None,
    examples: &[
        Example { what: "everything", line: "about" },
        Example { what: "the servers alone", line: "about --only database,redis" },
        Example { what: "for a program", line: "about --json" },
    ],
    prints: Prints::List(&FACTS),
    reads: &[Topic::Context, Topic::Database, Topic::Redis, Topic::Locks, Topic::Limits, Topic::Journal],
    exits: &[
        (Exit::Done, "shown; a server that does not answer is a line of the report"),
        (Exit::Config, "no context can be made out; the rest is shown"),
        (Exit::NotFound, "there is no such context; the rest is shown"),
    ],
    artisan: &[Artisan {
        command: "about",
        with: None,
        ignores: &[],
        difference: "servers, prefixes, and where each value comes from",
    }],
}];

/// Show where commands work: context, servers, settings, each value with where it comes from
///
/// Names this program and its folders; the context in force and what put it in force; the systems
/// that are set and detected; the database, Redis by role, locks and queue, with what their servers
/// say; the limits; and what the schema lacks. A password is told to be set, and where, never shown.
/// The servers are asked at the same time, for 5 s at most.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only these sections: opsctl, context, systems, database, redis, locks, queue, settings, schema, fleet
    #[arg(long, value_delimiter = ',', value_name = "SECTION", value_parser = told::<about::Topic>, add = Names::new(complete::sections))]
    only: Vec<about::Topic>,
}

/// The report in short.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Facts that are wrong.
    problems: usize,
    /// Facts that are worth a look.
    warnings: usize,
}

/// Runs the command.
pub async fn run(app: &App, args: &Args) -> Result<Exit> {
    let patience = app.global.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
    let request = Request { only: &args.only, environment: &app.environment, patience, clock: app.clock };
    let context = app.context();
    let work = async { Ok(about::about(context, &request).await) };
    // The report has a deadline of its own, so that it comes out in time.
    let report = app.cancel.without_deadline().guard(work).await?;
    app.ui.emit(&view(app, &report))?;
    match &report.unresolved {
        Some(error) => app.ui.error(error),
        None => note(app, &report),
    }
    Ok(report.exit())
}

/// Names what is wrong, for those who see no colours.
fn note(app: &App, report: &About) {
    let facts =
        report.sections.iter().flat_map(|section| section.facts.iter().map(move |fact| (section, fact)));
    let bad = facts.filter(|(_, fact)| fact.standing == Standing::Bad);
    let names: Vec<String> =
        bad.map(|(section, fact)| format!("{} {}", section.name, fact.name.replace('_', " "))).collect();
    if !names.is_empty() {
        app.ui.note(&format!("Wrong: {}.", names.join(", ")));
    }
}

fn view(app: &App, report: &About) -> View {
    let folder = app.cwd.display().to_string();
    View {
        command: "about",
        context: app.context().map(|context| context.name.clone()).unwrap_or_default(),
        at: app.clock.now(),
        data: json!(report),
        summary: json!(Summary {
            problems: report.count(Standing::Bad),
            warnings: report.count(Standing::Warn),
        }),
        items: items(&report.sections),
        table: rows(&report.sections),
        text: Some(leaders(&report.sections, &folder)),
    }
}
