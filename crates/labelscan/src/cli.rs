//! The command line: what a person types, and the help that teaches it.
//!
//! Only shapes stand here; each command's module does its work.

pub use crate::commands::print::arguments::PrintArgs;
use clap::{Args, Parser, Subcommand, ValueEnum};
use pipeline::access::Role;
use pipeline::lists::RowFilter;
use pipeline::settings::{Duplicates, Flags};
use std::path::PathBuf;

/// Reads the serial number from photos of a device's label, judges it, records it, and tells a
/// registry.
#[derive(Debug, Parser)]
#[command(name = "labelscan", version, propagate_version = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: Common,
}

const EXAMPLES: &str = "\
Examples:
  labelscan serve                          start the service; prints its address and a sign-in link
  labelscan scan label.jpg                 read one photo, no service needed
  labelscan scan --json photos/ > out.jsonl   read a folder, one JSON object a line
  labelscan scan photos/ --resume out.jsonl   a long batch that may be interrupted
  labelscan scan --together front.jpg back.jpg   two photos of one terminal
  labelscan scan photos/ --submit https://labelscan.example   hand them to a service
  labelscan watch inbox/                   take photos from a folder as they come
  labelscan check                          say what is missing or wrong, and what to do about it
  labelscan print --batch b7 --out b7.pdf   labels of the serials that `generate --batch b7` made
  labelscan keys create --name depot --role technician   make a key for the HTTP API

Settings come from flags, then LABELSCAN_… in the environment, then ./labelscan.toml, then defaults.
`labelscan check --defaults` prints every setting with its meaning.";

const FORMATS_EXAMPLES: &str = "\
Examples:
  labelscan formats learn 4471902 2093817 6650123 --out formats.toml   teach a format from serials
  labelscan formats check formats.toml                                 is the file right?
  labelscan scan label.jpg --formats formats.toml                      use it
  labelscan formats explain 0821032398                                 what may this number be?";

/// Flags that every command takes.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Settings file [default: ./labelscan.toml if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "LABELSCAN_SETTINGS")]
    pub settings: Option<PathBuf>,
    /// Folder of the database and the photos [default: ./data] [env: LABELSCAN_DATA]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Folder that models/fetch filled [default: ./models] [env: LABELSCAN_MODELS]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub models: Option<PathBuf>,
    /// Serial formats of your own, as TOML [env: LABELSCAN_FORMATS]
    #[arg(long, global = true, value_name = "FILE")]
    pub formats: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service: pages for technicians, an HTTP API, the queue to the registry
    ///
    /// With no settings at all it keeps everything in ./data, listens on 127.0.0.1:8080 and prints
    /// a sign-in link. Without a registry, registrations wait in the queue.
    Serve(ServeArgs),
    /// Take photos from a folder: read, record and register them, and move each file away
    ///
    /// A photo is taken once it stopped growing, and moved to done/, review/ or failed/ in the same
    /// folder, with a JSON file beside it that says what was read or why not. Files that are no
    /// photos stay. Names of sub-folders become the site and the batch. Whatever happens, a photo
    /// is read and registered once. `serve` does the same for each [[inbox]] of its settings.
    Watch(WatchArgs),
    /// Read photos or folders of photos, without a service
    ///
    /// One line a photo. Exits 0 if every serial was accepted, 1 if some were not, 2 if it could
    /// not run. In folders, files that are no photos are passed over.
    Scan(ScanArgs),
    /// Say why photos were judged as they were
    ///
    /// For each value in view: where it was seen, under what caption and between what ends, the
    /// ground that answers each of the three questions (which number, where does it end, which
    /// characters), and what speaks against it.
    Explain(ExplainArgs),
    /// Read every photo of a manifest and compare with the truth in it
    ///
    /// The manifest has one JSON object a line: {"id","path","serial":"…"|null,
    /// "barcodes":[{"format","text"}]?}. `path` is relative to the manifest; a null serial means
    /// that nothing may be accepted.
    Eval(EvalArgs),
    /// Make, list and revoke the keys of the HTTP API
    #[command(subcommand)]
    Keys(KeysCommand),
    /// List who is signed in, and sign people out
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Make a sign-in link for a person, good once and for a while
    ///
    /// It goes to stdout and nowhere else.
    SignIn(SignInArgs),
    /// Write a backup of the running service into one file
    ///
    /// The database as it is at one moment and every photo that it names; work goes on meanwhile.
    /// What is sealed stays sealed in it, and the keys are not in it: keep their file apart. With
    /// PostgreSQL the rows are pg_dump's to back up.
    Backup(BackupArgs),
    /// Restore a backup into an empty place, and check every row and photo of it
    Restore(RestoreArgs),
    /// Make new serials for devices that you number yourself, and print them, one a line
    ///
    /// They are random within their format, leave out characters that look alike, and are never one
    /// that stands in the list of expected serials or belongs to a terminal. From then on they are
    /// expected.
    Generate(GenerateArgs),
    /// Print labels: sheets as PDF, pictures as PNG, ZPL II for label printers
    ///
    /// Each label carries a barcode and, beside a keyword, the serial in letters that are not
    /// confused: what it prints, `labelscan scan` reads and accepts. The file's ending says what is
    /// written. Exits 0 if it was, 2 if not; a warning says when a label may not be read.
    #[command(after_help = crate::commands::print::arguments::EXAMPLES)]
    Print(PrintArgs),
    /// The serials that are expected: import a list, look at it, remove from it
    ///
    /// A photo that shows an expected serial is more certain; with the setting estate = "required"
    /// any other goes to a person.
    #[command(subcommand)]
    Estate(EstateCommand),
    /// Hold what is expected against what was seen and what is registered
    ///
    /// Says which serials are missing, unexpected, doubled, or differ by look-alikes alone. Exits 0
    /// if all agree, 1 if something does not, 2 if it could not run.
    Reconcile(ReconcileArgs),
    /// Look after the keys that photos and serials are sealed with
    #[command(subcommand)]
    Seal(SealCommand),
    /// Say what is missing or wrong in settings, models, readers, database and photos
    Check(CheckArgs),
    /// Bring the database to this version; `serve` does it too
    Migrate,
    /// List the serial formats that are known; check, explain and teach them
    ///
    /// Your own formats are a TOML file that `--formats FILE` or the setting `formats` names.
    #[command(after_help = FORMATS_EXAMPLES)]
    Formats(FormatsArgs),
    /// A reader process; the other commands start it
    #[command(hide = true)]
    Reader,
}

/// `labelscan serve`
#[derive(Clone, Debug, Default, Args)]
pub struct ServeArgs {
    /// Address and port [default: 127.0.0.1:8080] [env: LABELSCAN_LISTEN]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
}

/// `labelscan watch`
#[derive(Clone, Debug, Args)]
pub struct WatchArgs {
    /// The folder that photos are put into
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// What becomes of a photo whose content was there before, under another name
    #[arg(long, value_enum, default_value_t)]
    pub duplicates: Duplicates,
    /// End when no photo is left instead of waiting for more
    #[arg(long)]
    pub once: bool,
}

/// `labelscan explain`
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// Photos of one terminal
    #[arg(required = true, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,
    /// One JSON object on stdout
    #[arg(long)]
    pub json: bool,
}

/// `labelscan scan`
#[derive(Clone, Debug, Args)]
pub struct ScanArgs {
    /// Photos, or folders of photos
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// One JSON object a line on stdout
    #[arg(long)]
    pub json: bool,
    /// CSV on stdout, for spreadsheets
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Keep the answers in this file, one JSON object a line, and pass over photos that it holds
    ///
    /// A batch that was interrupted goes on where it was with the same command.
    #[arg(long, value_name = "RESULTS.jsonl")]
    pub resume: Option<PathBuf>,
    /// All photos show one terminal: read them together, give one answer
    #[arg(long)]
    pub together: bool,
    /// Several photos show one terminal: those of one folder, or those whose names differ only in a
    /// number or letter at the end (T7-1.jpg, T7-2.jpg)
    #[arg(long, value_enum, conflicts_with = "together")]
    pub group: Option<Grouping>,
    /// Photos to read at the same time [default: one a core; with --submit 4]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// A CSV file of the serials that are expected
    #[arg(long, value_name = "FILE")]
    pub estate: Option<PathBuf>,
    /// Hand the photos to the labelscan service at this address, which reads, records and registers
    /// them; its key is taken from LABELSCAN_SUBMIT_KEY
    ///
    /// The same photos are one scan there, however often they are handed over, so a batch that broke
    /// off is simply run again; with --resume only the rest is sent.
    #[arg(long, value_name = "URL", conflicts_with = "estate")]
    pub submit: Option<String>,
}

/// `labelscan generate`
#[derive(Clone, Debug, Args)]
pub struct GenerateArgs {
    /// How many, at most a million
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub count: u32,
    /// The format, from `labelscan formats`
    #[arg(long, value_name = "NAME", default_value = pipeline::issue::DEFAULT_FORMAT)]
    pub format: String,
    /// What the list of expected serials remembers them by
    #[arg(long, value_name = "NAME")]
    pub batch: Option<String>,
    /// End each in a check character (ISO/IEC 7064, MOD 37,36)
    ///
    /// The row of a formats file that makes labelscan verify it is printed on stderr.
    #[arg(long)]
    pub check: bool,
}

/// `labelscan estate`
#[derive(Clone, Debug, Subcommand)]
pub enum EstateCommand {
    /// Import a list: CSV in any encoding, or an XLSX workbook
    ///
    /// The column named serial, S/N, SN, 序列号 or the like, else the one whose values fit makers'
    /// formats; where neither is clear, nothing is imported. Other columns with a name are kept. Lines that hold no serial are named and stop no other. Exits 1 if there are
    /// such lines.
    Import(ImportArgs),
    /// Print the list, in the order in which it was imported
    List {
        /// Only serials that contain this
        #[arg(value_name = "PART")]
        part: Option<String>,
    },
    /// Take serials off the list
    Remove {
        /// Serials, as printed
        #[arg(required = true, value_name = "SERIAL")]
        serials: Vec<String>,
    },
}

/// `labelscan estate import`
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// The list
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What the file does not name is expected no more
    #[arg(long)]
    pub replace: bool,
    /// Only say what would be done, and how the file is read
    #[arg(long)]
    pub dry_run: bool,
    /// The column of serials, by its name or number, where it is not found
    #[arg(long, value_name = "COLUMN")]
    pub column: Option<String>,
    /// Only rows in which a column says this, such as "Part Category=Unit"; may be repeated
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub filters: Vec<RowFilter>,
    /// Put back the zeros that a spreadsheet may have dropped
    #[arg(long)]
    pub restore_zeros: bool,
}

/// `labelscan reconcile`
#[derive(Clone, Debug, Args)]
pub struct ReconcileArgs {
    /// The serials that are expected, as CSV
    #[arg(long, value_name = "FILE")]
    pub estate: PathBuf,
    /// The serials that the registry has, as CSV
    #[arg(long, value_name = "FILE")]
    pub registry: Option<PathBuf>,
    /// What `labelscan scan --json` wrote, instead of the terminals in the database
    #[arg(long, value_name = "RESULTS.jsonl")]
    pub scans: Option<PathBuf>,
    /// The differences as CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// Which photos show one terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Grouping {
    /// Those of one folder.
    Folder,
    /// Those whose names are the same but for a number or letter at the end.
    Name,
}

/// `labelscan eval`
#[derive(Clone, Debug, Args)]
pub struct EvalArgs {
    /// The manifest, one JSON object a line
    #[arg(value_name = "MANIFEST.jsonl")]
    pub manifest: PathBuf,
    /// One JSON object instead of the table
    #[arg(long)]
    pub json: bool,
    /// A field of the manifest to group the table by; may be given several times
    #[arg(long, value_name = "FIELD", default_values = ["device", "kind"])]
    pub by: Vec<String>,
    /// Also list every photo that was not accepted right
    #[arg(long)]
    pub misses: bool,
    /// Photos to read at the same time. 1 measures what one person waits for
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub jobs: usize,
    /// Threads of a reader while no other is busy [default: one a core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

/// `labelscan sessions`
#[derive(Clone, Debug, Subcommand)]
pub enum SessionsCommand {
    /// List who is signed in
    List,
    /// Sign somebody out, at once
    End {
        /// The session's id, from `sessions list`
        #[arg(required_unless_present = "name", conflicts_with = "name")]
        id: Option<String>,
        /// Everything of this name
        #[arg(long)]
        name: Option<String>,
    },
}

/// `labelscan sign-in`
#[derive(Clone, Debug, Args)]
pub struct SignInArgs {
    /// What whoever follows the link is called
    #[arg(long, default_value = "owner")]
    pub name: String,
    /// What they may do
    #[arg(long, value_enum, default_value = "admin")]
    pub role: Role,
}

/// `labelscan keys`
#[derive(Clone, Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key and print it, once
    Create {
        /// Whose key it is
        #[arg(long)]
        name: String,
        /// What it may do
        #[arg(long, value_enum)]
        role: Role,
        /// Days after which it ends by itself; without, it ends only when revoked
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
    },
    /// List the keys, without their secrets
    List,
    /// Make a key useless, at once and for good
    Revoke {
        /// The key's id, from `keys list`
        id: String,
    },
}

/// `labelscan backup`
#[derive(Clone, Debug, Args)]
pub struct BackupArgs {
    /// The file to write; it must not exist
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `labelscan restore`
#[derive(Clone, Debug, Args)]
pub struct RestoreArgs {
    /// The file that `backup` wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `labelscan seal`
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum SealCommand {
    /// Say which key seals and which others are still needed
    Status,
    /// Make a new key and seal everything with it, while the service goes on
    ///
    /// If it is interrupted, run it again: it goes on where it was.
    Rotate,
}

/// `labelscan check`
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Print every setting with its default and meaning, and stop
    #[arg(long)]
    pub defaults: bool,
}

/// `labelscan formats`
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct FormatsArgs {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Nothing lists the formats.
    #[command(subcommand)]
    pub command: Option<FormatsCommand>,
}

/// What to do about the formats.
#[derive(Clone, Debug, Subcommand)]
pub enum FormatsCommand {
    /// Say whether a formats file is right, and what else its samples would fit
    Check {
        /// The file [default: the one that the settings name]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Say which formats a value fits, why not the others, and what else has its form
    Explain {
        /// A serial, as printed
        #[arg(required = true, value_name = "VALUE")]
        values: Vec<String>,
    },
    /// Propose a format from three to five serials, and show what it would take and refuse
    ///
    /// Give serials of different devices as they are printed: what they share is taken for the
    /// form. The proposal is a block for your formats file; nothing uses it before it stands there.
    Learn(LearnArgs),
}

/// `labelscan formats learn`
#[derive(Clone, Debug, Args)]
pub struct LearnArgs {
    /// Serials as they are printed
    #[arg(value_name = "SAMPLE", required_unless_present = "file")]
    pub samples: Vec<String>,
    /// Serials from a file, one a line
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// What to call the format: lower case letters, digits, dashes
    #[arg(long, default_value = "own")]
    pub name: String,
    /// The maker of the devices, lower case
    #[arg(long, default_value = "unknown")]
    pub vendor: String,
    /// Append the block to this formats file
    #[arg(long, value_name = "FORMATS.toml")]
    pub out: Option<PathBuf>,
}

impl Command {
    /// Whether it keeps something that is nobody else's business: rows, photos, keys.
    pub(crate) fn keeps_state(&self) -> bool {
        matches!(
            self,
            Self::Serve(_)
                | Self::Watch(_)
                | Self::Keys(_)
                | Self::SignIn(_)
                | Self::Sessions(_)
                | Self::Check(_)
                | Self::Migrate
                | Self::Backup(_)
                | Self::Restore(_)
                | Self::Seal(_)
        )
    }
}

impl Cli {
    /// The settings that the command line names.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags {
            file: self.common.settings.clone(),
            data: self.common.data.clone(),
            models: self.common.models.clone(),
            formats: self.common.formats.clone(),
            ..Flags::default()
        };
        match &self.command {
            Command::Serve(args) => flags.listen = args.listen.clone(),
            Command::Scan(args) => flags.readers = args.jobs,
            Command::Eval(args) => {
                flags.readers = Some(args.jobs);
                flags.reader_threads = args.threads;
            }
            _ => {}
        }
        flags
    }
}
