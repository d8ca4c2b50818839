//! What is done to each value as it leaves a convolution, while it is still in a register.

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdUnaryOp};
use rten_vecmath::Sigmoid;

/// An activation, then a factor and a shift.
#[derive(Clone, Copy)]
pub(super) struct Epilogue {
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

impl Default for Epilogue {
    fn default() -> Self {
        Self { activation: Activation::None, scale: 1.0, shift: 0.0 }
    }
}

impl Epilogue {
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

/// The share of a normal distribution between 0 and u, by u: coefficients of the powers of
/// `2 (u / SHARE_MAX)^2 - 1`, which runs from -1 to 1, so that nothing large cancels. Fitted so that
/// it is a half at the ends and x times its error stays least: below 0.00002. Half the work of the
/// exact function, which was a twelfth of a line.
const SHARE: [f32; 10] = [
    1.569_050_6e-1,
    -7.718_206e-2,
    5.468_347_7e-2,
    -4.032_455_4e-2,
    2.854_201e-2,
    -1.800_521e-2,
    1.031_658_6e-2,
    -6.968_918e-3,
    4.541_253_7e-3,
    -1.396_534_8e-3,
];
const SHARE_MAX: f32 = 4.5;

#[inline(always)]
fn gelu<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let ops = isa.f32();
    let u = ops.min(ops.max(x, ops.splat(-SHARE_MAX)), ops.splat(SHARE_MAX));
    let scale = ops.splat(2.0 / (SHARE_MAX * SHARE_MAX));
    let t = ops.mul_add(ops.mul(u, u), scale, ops.splat(-1.0));
    let mut share = ops.splat(SHARE[SHARE.len() - 1]);
    for at in (0..SHARE.len() - 1).rev() {
        share = ops.mul_add(share, t, ops.splat(SHARE[at]));
    }
    ops.mul(x, ops.mul_add(share, u, ops.splat(0.5)))
}

#[inline(always)]
fn hard_sigmoid<I: Isa>(isa: I, x: I::F32, slope: f32, offset: f32) -> I::F32 {
    let ops = isa.f32();
    let line = ops.mul_add(x, ops.splat(slope), ops.splat(offset));
    ops.min(ops.max(line, ops.zero()), ops.one())
}
