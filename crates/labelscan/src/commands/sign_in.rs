//! `labelscan sign-in`: a link that signs one person in, once.

use crate::cli::SignInArgs;
use pipeline::access::Token;
use pipeline::clock::Clock;
use pipeline::settings::Settings;
use pipeline::storage::with_store;
use std::io::Write;
use std::process::ExitCode;
use web::access::sign_ins::{NewLink, address, make_link};
use web::listen::base_url;

/// Runs `labelscan sign-in`.
///
/// # Errors
/// If the database cannot be opened.
pub(crate) fn run(args: SignInArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let base_url = base_url(&settings, settings.http.listen);
    let minutes = settings.sessions.sign_in_minutes.get();
    with_store(&settings, async |store| {
        let token = Token::new_secret()?;
        let link = NewLink { by: "operator", name: &args.name, role: args.role };
        make_link(&store, link, &token, minutes, Clock::System.now()).await?;
        writeln!(std::io::stdout(), "{}", address(&base_url, &token))?;
        Ok(ExitCode::SUCCESS)
    })
}
