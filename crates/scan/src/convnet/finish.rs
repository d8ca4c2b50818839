//! What is done to each value as it leaves a convolution, while it is still in a register.

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdUnaryOp};
use rten_vecmath::Sigmoid;

/// An activation, then a factor and a shift.
#[derive(Clone, Copy)]
pub(super) struct Finish {
    pub(super) activation: Activation,
    pub(super) scale: f32,
    pub(super) shift: f32,
}

/// The activations of the networks here.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Activation {
    /// x.
    None,
    /// max(x, 0).
    Relu,
    /// slope * x + offset, from 0 to 1.
    HardSigmoid { slope: f32, offset: f32 },
    /// x times its hard sigmoid.
    HardSwish { slope: f32, offset: f32 },
    /// 1 / (1 + exp(-x)).
    Sigmoid,
    /// x times the share of a normal distribution below x.
    Gelu,
}

impl Default for Finish {
    fn default() -> Self {
        Self { activation: Activation::None, scale: 1.0, shift: 0.0 }
    }
}

impl Finish {
    /// Applies it to whole vectors of values.
    #[inline(always)]
    pub(super) fn apply_to<I: Isa>(self, isa: I, values: &mut [f32]) {
        let ops = isa.f32();
        for values in values.chunks_exact_mut(ops.len()) {
            ops.store(self.apply(isa, ops.load(values)), values);
        }
    }

    /// Applies it to a vector.
    #[inline(always)]
    pub(super) fn apply<I: Isa>(self, isa: I, x: I::F32) -> I::F32 {
        let ops = isa.f32();
        let y = match self.activation {
            Activation::None => x,
            Activation::Relu => ops.max(x, ops.zero()),
            Activation::HardSigmoid { slope, offset } => hard_sigmoid(isa, x, slope, offset),
            Activation::HardSwish { slope, offset } => {
                ops.mul(x, hard_sigmoid(isa, x, slope, offset))
            }
            Activation::Sigmoid => Sigmoid {}.eval(isa, x),
            Activation::Gelu => gelu(isa, x),
        };
        ops.mul_add(y, ops.splat(self.scale), ops.splat(self.shift))
    }
}

/// Coefficients of u, u^3, ..., u^17 in the share of a normal distribution between 0 and u, fitted
/// for -4.25 to 4.25 so that it is a half at the ends and x times its error stays least: below
/// 0.00005. Half the work of the exact function, which was a twelfth of a line.
const SHARE: [f32; 9] = [
    3.988_088_7e-1,
    -6.617_516e-2,
    9.711_201e-3,
    -1.077_278_3e-3,
    8.826_252e-5,
    -5.132_146e-6,
    1.981_035_8e-7,
    -4.509_976_5e-9,
    4.552_638e-11,
];
const SHARE_MAX: f32 = 4.25;

#[inline(always)]
fn gelu<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let ops = isa.f32();
    let u = ops.min(ops.max(x, ops.splat(-SHARE_MAX)), ops.splat(SHARE_MAX));
    let square = ops.mul(u, u);
    let mut share = ops.splat(SHARE[SHARE.len() - 1]);
    for at in (0..SHARE.len() - 1).rev() {
        share = ops.mul_add(share, square, ops.splat(SHARE[at]));
    }
    ops.mul(x, ops.mul_add(share, u, ops.splat(0.5)))
}

#[inline(always)]
fn hard_sigmoid<I: Isa>(isa: I, x: I::F32, slope: f32, offset: f32) -> I::F32 {
    let ops = isa.f32();
    let line = ops.mul_add(x, ops.splat(slope), ops.splat(offset));
    ops.min(ops.max(line, ops.zero()), ops.one())
}
