//! The page of the guide about settings, made from the table.

use std::fmt::Write as _;

use super::{Command, Setting, TABLE, value::Shape};

/// `docs/guide/configuration.md`; a test holds the file against this.
pub fn markdown() -> String {
    let mut page = String::from(INTRODUCTION);
    for setting in TABLE {
        let _ = write!(page, "\n## `{}`\n\n{}.\n\n", setting.key, setting.help);
        let _ = writeln!(page, "| Flag | Environment | In the file | Default | Commands |");
        let _ = writeln!(page, "|---|---|---|---|---|");
        let commands: Vec<String> = setting.commands.iter().map(|command| format!("`{}`", name(*command))).collect();
        let _ = writeln!(
            page,
            "| `{}` | `{}` | `{}` | {} | {} |",
            flag(setting),
            setting.variable(),
            in_file(setting),
            setting.default.map_or("none".to_owned(), |default| format!("`{default}`")),
            commands.join(", ")
        );
    }
    page
}

const INTRODUCTION: &str = "\
# Configuration

This page is made from the table of settings in the program: `weir config --markdown` prints it.

A setting can be given in three places. They are read in this order, and the last one that says something wins:

1. the file: `--config FILE`, otherwise the file named by `WEIR_CONFIG`, otherwise `weir.toml` in the working directory when it is there;
2. the environment: `WEIR_…`; a variable that is set but empty says nothing;
3. the flags of the command.

A key in the file that the program does not know is refused, with its position and the nearest key that it knows.
`weir config` prints every setting as it is in force and where it was said; what it prints is itself a valid file.

A setting that is on or off is written `--deliver-every-window` or `--deliver-every-window=false` as a flag, and
`true` or `false` in the environment and in the file. A list is a flag given several times (or once with several
values), names with commas in the environment, an array in the file.
";

/// The name of a command on the command line.
pub(super) fn name(command: Command) -> &'static str {
    match command {
        Command::Up => "up",
        Command::Query => "query",
        Command::Convert => "convert",
        Command::Explain => "explain",
        Command::Propose => "propose",
        Command::Status => "status",
        Command::Confirm => "confirm",
        Command::Detach => "detach",
        Command::Token => "token",
        Command::Env => "env",
        Command::Attach => "attach",
    }
}

fn flag(setting: &Setting) -> String {
    match setting.shape {
        Shape::Switch => format!("--{}", setting.key),
        Shape::List => format!("--{} {}…", setting.key, setting.value_name),
        _ => format!("--{} {}", setting.key, setting.value_name),
    }
}

fn in_file(setting: &Setting) -> String {
    let example = match (setting.shape, setting.default) {
        (Shape::Number | Shape::Switch, Some(default)) => default.to_owned(),
        (Shape::Number, None) => "2".to_owned(),
        (Shape::Switch, None) => "true".to_owned(),
        (Shape::List, _) => "[\"…\"]".to_owned(),
        (Shape::Choice(choices), None) => format!("\"{}\"", choices[0]),
        (Shape::Text | Shape::Secret, None) => "\"…\"".to_owned(),
        (Shape::Text | Shape::Secret | Shape::Choice(_), Some(default)) if default.len() <= 40 => {
            format!("\"{default}\"")
        }
        (Shape::Text | Shape::Secret | Shape::Choice(_), Some(_)) => "\"…\"".to_owned(),
    };
    format!("{} = {example}", setting.key)
}
