//! Reduced pictures.

use fast_image_resize::pixels::U8;
use fast_image_resize::{
    FilterType, IntoImageView, IntoImageViewMut, ResizeAlg, ResizeOptions, Resizer,
};
use image::GrayImage;

/// Area-averaging resize.
pub(crate) fn resized(photo: &GrayImage, width: u32, height: u32) -> GrayImage {
    let mut target = GrayImage::new(width, height);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    // Naming the kind of pixel spares the compiler all the others.
    if let (Some(from), Some(mut to)) = (photo.image_view::<U8>(), target.image_view_mut::<U8>()) {
        // Both pictures are of one kind and hold at least a pixel, so that nothing can fail.
        let _ = Resizer::new().resize_typed(&from, &mut to, &options);
    }
    target
}
