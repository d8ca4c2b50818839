//! The service: opens what it needs, starts the readers, the queue, the deliveries and the
//! listener, says where it is, and on SIGTERM or SIGINT lets accepted work finish before it ends.

use crate::commands::signals::stop_on_signal;
use crate::inbox::{Folder, Inbox};
use pipeline::access::{Role, Token};
use pipeline::clock::Clock;
use pipeline::settings::Settings;
use pipeline::{Handles, Pipeline};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use web::access::company::Oidc;
use web::access::sign_ins::{self, NewLink};
use web::app::App;
use web::listen::{self, base_url, bound};

/// Whom the sign-in link of the program's start signs in.
const FIRST_PERSON: &str = "owner";
/// How often uploads that nobody continues are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// Runs the service until a signal stops it.
///
/// # Errors
/// If something it needs cannot be opened; the message says what and what to do.
pub(crate) fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    // An error means that somebody in this process was first, with the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(settings)).map(|()| ExitCode::SUCCESS)
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let listener = bound(settings.http.listen)?;
    let metrics_listener = settings.http.metrics_listen.map(bound).transpose()?;
    let stop = CancellationToken::new();
    let inboxes =
        settings.inbox.folders.iter().map(Folder::open).collect::<anyhow::Result<Vec<_>>>()?;
    let base_url = base_url(&settings, listener.local_addr()?);
    let oidc = Oidc::open(&settings, &base_url)?;
    let pipeline = Pipeline::start(&settings, Clock::System, stop.clone()).await?;
    let handles = pipeline.handles.clone();
    let app = App::new(handles.clone(), oidc, settings.clone(), base_url.clone());
    let taking: Vec<_> = inboxes
        .into_iter()
        .map(|folder| Inbox::new(folder, &pipeline, &settings))
        .map(|inbox| tokio::spawn(watch_folder(inbox, stop.clone())))
        .collect();
    announce(&handles, &settings, &base_url).await?;
    tokio::spawn(sweep(app.clone(), stop.clone()));
    tokio::spawn(stop_on_signal(stop.clone())?);
    listen::serve(listener, metrics_listener, &settings, app, stop.clone()).await?;

    stop.cancel();
    for task in taking {
        task.await?;
    }
    pipeline.end().await
}

/// Takes photos from a folder of the settings until `stop`.
async fn watch_folder(inbox: Inbox, stop: CancellationToken) {
    inbox.watch(&stop, |_, _| {}).await;
}

/// Drops uploads that nobody continues.
async fn sweep(app: App, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(SWEEP_EVERY)).await.is_some() {
        app.sweep_uploads();
    }
}

/// Says on stdout where the service is and how to get in. The link goes to a terminal and nowhere
/// else: what is no terminal is a journal, which others read for years.
async fn announce(handles: &Handles, settings: &Settings, base: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "labelscan listens on {base}")?;
    if settings.registry.url.is_none() {
        writeln!(out, "No registry is set: registrations wait in the queue.")?;
    }
    // Whatever an earlier start showed and nobody used is of no use any more.
    handles.store.revoke_sign_ins(FIRST_PERSON, handles.clock.now()).await?;
    if !out.is_terminal() {
        writeln!(out, "Sign in: `labelscan sign-in` makes a link, good once and for a while.")?;
        return Ok(out.flush()?);
    }
    let token = Token::new_secret()?;
    let minutes = settings.sessions.sign_in_minutes.get();
    let new = NewLink { by: "operator", name: FIRST_PERSON, role: Role::Admin };
    sign_ins::make_link(&handles.store, new, &token, minutes, handles.clock.now()).await?;
    let link = sign_ins::address(base, &token);
    writeln!(out, "Sign in, once, within {minutes} minutes: {link}")?;
    let code = QrCode::new(link.as_bytes())?;
    // Dark on light also on dark terminals: cameras want it that way round.
    let picture =
        code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    writeln!(out, "{picture}")?;
    Ok(out.flush()?)
}
