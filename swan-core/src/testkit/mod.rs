//! What tests of this family and of integrators share: a clock moved by hand and ready-made fixtures.
