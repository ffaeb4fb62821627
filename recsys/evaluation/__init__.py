"""How good lists are: ratings split into a known and a hidden part, and metrics that compare lists with the hidden part."""
