//! Disk, clock and entropy behind traits, each with a faulty twin for simulation.
