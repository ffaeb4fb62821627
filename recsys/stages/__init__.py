"""The stages of a run, one word each: frames and arrays in, frames and arrays out; no clock, no disk, no network."""
