//! Deciders, reactions, projections and their tests: the programming model of Headwater.
