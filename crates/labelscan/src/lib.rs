//! labelscan
