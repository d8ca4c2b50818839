//! Reads ZPL II on standard input and writes each of its labels as FOLDER/0.png, FOLDER/1.png, …

use labelize::{DrawerOptions, Renderer, ZplParser};
use std::error::Error;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [width_mm, height_mm, dots_per_mm, folder] = arguments.as_slice() else {
        return Err("say WIDTH_MM HEIGHT_MM DOTS_PER_MM FOLDER".into());
    };
    let mut zpl = Vec::new();
    std::io::stdin().read_to_end(&mut zpl)?;
    let options = || -> Result<DrawerOptions, Box<dyn Error>> {
        Ok(DrawerOptions {
            label_width_mm: width_mm.parse()?,
            label_height_mm: height_mm.parse()?,
            dpmm: dots_per_mm.parse()?,
            ..DrawerOptions::default()
        })
    };
    for (number, label) in ZplParser::new().parse(&zpl)?.iter().enumerate() {
        let mut file = File::create(Path::new(folder).join(format!("{number}.png")))?;
        Renderer::new().draw_label_as_png(label, &mut file, options()?)?;
    }
    Ok(())
}
